"""A deployment group changes and drifts, on the sandbox's own account."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.sandbox.providers.aws.harness import Harness, Made, boto
from tests.sandbox.providers.aws.programs import PROGRAMS

GROUP = "aws:codedeploy/deploymentGroup:DeploymentGroup"


@pytest.mark.sandbox
def test_alarms_of_a_group_change_and_drift(sandbox_provider: Harness) -> None:
    made = PROGRAMS[GROUP](sandbox_provider)

    def live() -> dict[str, Any]:
        deploy = boto("codedeploy", os.environ["AWS_ENDPOINT_URL"])
        key = {"applicationName": made.state["appName"], "deploymentGroupName": "group"}
        return dict(deploy.get_deployment_group(**key)["deploymentGroupInfo"])

    assert live()["alarmConfiguration"]["alarms"] == [{"name": "one"}, {"name": "two"}]
    given = {name: value for name, value in made.inputs.items() if name != "__defaults"}

    changed = sandbox_provider.update(made, **{**given, "alarmConfiguration": {"enabled": True, "alarms": ["three"]}})
    assert live()["alarmConfiguration"]["alarms"] == [{"name": "three"}]
    bare = {name: value for name, value in given.items() if name != "alarmConfiguration"}
    sandbox_provider.update(changed, **bare)
    assert live()["alarmConfiguration"] == {"enabled": False, "alarms": []}
    assert live()["autoRollbackConfiguration"] == {
        "enabled": True,
        "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"],
    }

    found = sandbox_provider.refresh(made)
    assert found is not None
    drifted = Made(made.urn, made.id, *found)
    assert list(sandbox_provider.diff_checked(drifted, made.inputs).diffs) == ["alarmConfiguration"]
    assert list(sandbox_provider.diff(made, **{**given, "appName": "other"}).replaces) == ["appName"]
