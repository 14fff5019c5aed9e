"""What a stage of a REST API serves: the deployment it points at."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.account.conftest import Account
from tests.sandbox.account.gateway import ask, function, invocation, permit
from tests.sandbox.account.test_gateway_rest import Api


@pytest.fixture
def live(account: Any, request: pytest.FixtureRequest) -> str:
    return function(account, re.sub(r"\W", "-", request.node.name)[:60])


def deploy(api: Api, **more: str) -> str:
    return str(api.client.create_deployment(restApiId=api.id, **more)["id"])


def statuses(api: Api) -> list[int]:
    return [ask(api.url + path).status for path in ("/one", "/two")]


def test_a_stage_serves_what_its_deployment_froze(account: Any, live: str) -> None:
    api = Api(account, "frozen", live)
    permit(account, live, f"{api.id}/*")
    one = api.resource(api.root, "one", "GET")
    first = deploy(api, stageName="prod", description="first")
    assert statuses(api) == [200, 403]

    api.resource(api.root, "two", "GET")
    api.client.delete_resource(restApiId=api.id, resourceId=one)
    assert statuses(api) == [200, 403]
    second = deploy(api)
    assert statuses(api) == [200, 403]
    api.patch("/deploymentId", second)
    assert statuses(api) == [403, 200]
    api.patch("/deploymentId", first)
    assert statuses(api) == [200, 403]


def test_a_change_of_an_integration_waits_for_a_deployment_too(account: Any, live: str) -> None:
    api = Api(account, "integration", live)
    permit(account, live, f"{api.id}/*")
    one = api.resource(api.root, "one", "GET")
    deploy(api, stageName="prod")
    where = {"restApiId": api.id, "resourceId": one, "httpMethod": "GET"}
    api.client.put_integration(**where, type="MOCK", requestTemplates={"application/json": '{"statusCode": 418}'})
    assert ask(api.url + "/one").status == 200
    deploy(api, stageName="prod")
    assert ask(api.url + "/one").status == 418


def test_deploying_to_a_stage_keeps_its_settings(account: Any, live: str) -> None:
    api = Api(account, "kept", live)
    permit(account, live, f"{api.id}/*")
    api.resource(api.root, "one", "GET")
    deploy(api, stageName="prod")
    api.patch("/*/*/throttling/rateLimit", "0")
    api.patch("/variables/colour", "red")
    second = deploy(api, stageName="prod")
    stage = api.client.get_stage(restApiId=api.id, stageName="prod")
    assert (stage["deploymentId"], stage["variables"]) == (second, {"colour": "red"})
    assert stage["methodSettings"]["*/*"]["throttlingRateLimit"] == 0
    assert stage["methodSettings"]["*/*"]["throttlingBurstLimit"] == 5000
    assert ask(api.url + "/one").status == 429


def test_a_deployment_that_a_stage_points_at_stays(account: Any, live: str) -> None:
    api = Api(account, "stays", live)
    api.resource(api.root, "one", "GET")
    first, second = deploy(api, stageName="prod"), deploy(api)
    api.patch("/deploymentId", second)
    with pytest.raises(api.client.exceptions.BadRequestException, match="Active stages pointing to this deployment"):
        api.client.delete_deployment(restApiId=api.id, deploymentId=second)
    api.client.delete_deployment(restApiId=api.id, deploymentId=first)
    missing = pytest.raises(api.client.exceptions.NotFoundException, match="Invalid Deployment identifier")
    with missing:
        api.client.get_deployment(restApiId=api.id, deploymentId=first)
    with missing:
        api.patch("/deploymentId", first)
    with missing:
        api.client.create_stage(restApiId=api.id, stageName="other", deploymentId=first)
    described = [{"op": "replace", "path": "/description", "value": "the second"}]
    api.client.update_deployment(restApiId=api.id, deploymentId=second, patchOperations=described)
    assert api.client.get_deployment(restApiId=api.id, deploymentId=second)["description"] == "the second"


@pytest.mark.long
def test_what_was_frozen_survives_a_restart(own_account: Callable[..., Account]) -> None:
    account = own_account()
    alias = function(account, "restarted")
    api = Api(account, "restarted", alias)
    permit(account, alias, f"{api.id}/*")
    one = api.resource(api.root, "one", "GET")
    deploy(api, stageName="prod")
    api.client.delete_resource(restApiId=api.id, resourceId=one)
    account.stop()
    account.start()
    assert statuses(api) == [200, 403]


def document(alias: str, **version: str) -> dict[str, Any]:
    """What SAM makes of a function's events."""
    integration = {"httpMethod": "POST", "type": "aws_proxy", "uri": invocation(alias)}
    operation = {"x-amazon-apigateway-integration": integration, "responses": {}}
    return {
        **version,
        "info": {"title": "from-a-document", "version": "1.0"},
        "paths": {
            "/health": {"get": operation},
            "/jobs": {"post": operation},
            "/jobs/{job_id}": {"get": operation},
            "/files/{proxy+}": {"x-amazon-apigateway-any-method": operation},
        },
    }


@pytest.mark.parametrize("version", [{"swagger": "2.0"}, {"openapi": "3.0.1"}], ids=["swagger", "openapi"])
def test_an_api_comes_out_of_a_document(account: Any, live: str, version: dict[str, str]) -> None:
    api = Api(account, "empty", live)
    permit(account, live, f"{api.id}/prod/*")
    api.resource(api.root, "old", "GET")

    def put(body: dict[str, Any], mode: str = "overwrite") -> None:
        api.client.put_rest_api(restApiId=api.id, mode=mode, body=json.dumps(body).encode())

    put(document(live, **version))
    assert api.client.get_rest_api(restApiId=api.id)["name"] == "from-a-document"
    paths = {item["path"]: item["id"] for item in api.client.get_resources(restApiId=api.id)["items"]}
    assert sorted(paths) == ["/", "/files", "/files/{proxy+}", "/health", "/jobs", "/jobs/{job_id}"]
    assert paths["/"] == api.root
    deploy(api, stageName="prod")
    assert ask(api.url + "/jobs/9").json["parameters"] == {"job_id": "9"}
    assert ask(api.url + "/jobs", "POST", b"{}").status == 200
    assert ask(api.url + "/files/a/b", "DELETE").json["key"] == "/files/{proxy+}"

    more = document(live, **version)
    more["paths"] = {"/more": more["paths"]["/health"]}
    put(more, "merge")
    deploy(api, stageName="prod")
    assert (ask(api.url + "/more").status, ask(api.url + "/health").status) == (200, 200)
    put(more)
    deploy(api, stageName="prod")
    assert (ask(api.url + "/more").status, ask(api.url + "/health").status) == (200, 403)


def test_a_document_that_would_be_half_understood_is_refused(account: Any, live: str) -> None:
    api = Api(account, "refused", live)
    refused = api.client.exceptions.BadRequestException
    guarded = {**document(live, swagger="2.0"), "security": [{"sigv4": []}]}
    with pytest.raises(refused, match="has a security requirement, and the local account"):
        api.client.put_rest_api(restApiId=api.id, mode="overwrite", body=json.dumps(guarded).encode())
    with pytest.raises(refused):
        api.client.put_rest_api(restApiId=api.id, body=json.dumps(document(live, openapi="2.9")).encode())
    assert len(api.client.get_resources(restApiId=api.id)["items"]) == 1
