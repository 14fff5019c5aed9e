"""cryptique as its runbook asks for it: a revision per release, brought to hosts in place, taken back on failure."""

from __future__ import annotations

import json

import pytest

from stacks.cryptique import CryptiqueRelease
from stacks.releases import load, versions
from tests.components.mocked import run_program

GROUP = "aws:codedeploy/deploymentGroup:DeploymentGroup"


@pytest.mark.parametrize("version", versions())
def test_the_parameter_names_the_revision_of_the_release(version: str) -> None:
    recorder = run_program("prod", rollback_stack__version=version)
    parameter = recorder.of_type("aws:ssm/parameter:Parameter")["cryptique-revision"]
    release = load(version).systems.of(CryptiqueRelease)
    assert release
    value = json.loads(parameter["insecureValue"])
    assert parameter["name"] == "/cryptique/prod/revision"
    assert (value["release"], value["version"]) == (version, release.revision.version)
    assert value["key"] == f"revisions/cryptique/{release.revision.version}/{release.revision.sha256}.zip"


def test_hosts_are_deployed_to_in_place_and_a_failure_goes_back() -> None:
    group = run_program("prod").of_type(GROUP)["cryptique-group"]
    assert group["deploymentStyle"] == {"deploymentType": "IN_PLACE", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL"}
    assert group["autoRollbackConfiguration"]["enabled"]
    assert "DEPLOYMENT_FAILURE" in group["autoRollbackConfiguration"]["events"]
    (only,) = group["onPremisesInstanceTagFilters"]
    assert (only["key"], only["value"]) == ("cryptique-stack", "prod")


def test_hosts_may_be_ec2_instances() -> None:
    group = run_program("prod", cryptique__hosts="ec2").of_type(GROUP)["cryptique-group"]
    assert "onPremisesInstanceTagFilters" not in group
    filters = [each["ec2TagFilters"][0] for each in group["ec2TagSets"]]
    assert {each["key"]: each["value"] for each in filters} == {"system": "cryptique", "stack": "prod"}
