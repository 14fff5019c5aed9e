"""REST APIs on the sandbox's own account: out of a document, deployed, throttled, changed by hand."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from tests.sandbox.account.gateway import ask
from tests.sandbox.providers.aws.harness import Harness, Made, boto
from tests.sandbox.providers.aws.programs_gateway import rest_settings

API = "aws:apigateway/restApi:RestApi"


def document(*paths: str) -> str:
    """An OpenAPI document whose paths all answer 418 by themselves."""
    mock = {"type": "mock", "requestTemplates": {"application/json": '{"statusCode": 418}'}}
    operation = {"x-amazon-apigateway-integration": mock, "responses": {"418": {"description": "short and stout"}}}
    info = {"title": "its title", "version": "1.0"}
    return json.dumps({"openapi": "3.0.1", "info": info, "paths": {path: {"get": operation} for path in paths}})


def deploy(h: Harness, api: Made, name: str) -> Made:
    return h.create(
        "aws:apigateway/deployment:Deployment", name, restApi=api.id, triggers={"body": api.inputs.get("body", "")}
    )


@pytest.mark.sandbox
def test_an_api_out_of_a_document_serves_it_once_it_is_deployed(sandbox_provider: Harness) -> None:
    h = sandbox_provider
    where = {"types": "REGIONAL"}
    given: dict[str, Any] = {"name": "trial", "description": "as declared", "endpointConfiguration": where}
    api = h.create(API, "api", body=document("/one"), **given)
    assert (api.state["name"], api.state["description"], api.state["body"]) == (
        "trial",
        "as declared",
        document("/one"),
    )
    assert h.refresh(api) == (api.inputs, api.state)
    first = deploy(h, api, "first")
    staged: dict[str, Any] = {"restApi": api.id, "stageName": "prod"}
    stage = h.create("aws:apigateway/stage:Stage", "stage", deployment=first.id, **staged)
    url = stage.state["invokeUrl"]
    assert (ask(url + "/one").status, ask(url + "/two").status) == (418, 403)

    changed = h.update(api, body=document("/two"), **given)
    assert changed.state["rootResourceId"] == api.state["rootResourceId"]
    assert (changed.state["name"], changed.state["description"]) == ("trial", "as declared")
    assert (ask(url + "/one").status, ask(url + "/two").status) == (418, 403)
    assert list(h.diff(first, restApi=api.id, triggers={"body": changed.inputs["body"]}).replaces) == ["triggers"]
    second = deploy(h, changed, "second")
    h.update(stage, deployment=second.id, **staged)
    assert (ask(url + "/one").status, ask(url + "/two").status) == (403, 418)
    h.delete(first)
    assert h.refresh(first) is None


@pytest.mark.sandbox
def test_a_stop_by_hand_is_drift_and_dropped_settings_go(sandbox_provider: Harness) -> None:
    made = rest_settings(sandbox_provider)
    where = {"restApiId": made.state["restApi"], "stageName": "prod"}
    client = boto("apigateway", os.environ["AWS_ENDPOINT_URL"])

    def live() -> dict[str, Any]:
        return dict(client.get_stage(**where)["methodSettings"]["*/*"])

    stop = [{"op": "replace", "path": "/*/*/throttling/rateLimit", "value": "0"}]
    client.update_stage(**where, patchOperations=stop)
    found = sandbox_provider.refresh(made)
    assert found is not None
    assert found[0]["settings"]["throttlingRateLimit"] == 0
    assert list(sandbox_provider.diff_checked(Made(made.urn, made.id, *found), made.inputs).diffs) == ["settings"]

    given = {name: value for name, value in made.inputs.items() if name not in ("__defaults", "settings")}
    sandbox_provider.update(made, **given, settings={"throttlingRateLimit": 20})
    assert (live()["throttlingRateLimit"], live()["throttlingBurstLimit"], live()["metricsEnabled"]) == (
        20,
        5000,
        False,
    )
    sandbox_provider.delete(made)
    assert sandbox_provider.refresh(made) is None
