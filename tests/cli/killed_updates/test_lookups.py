"""Each type that is looked up after a kill: found where it exists, by its import id, and not where it doesn't."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli import killed_updates as interrupted
from cli.resources import Account
from tests.cli.resources.contents import CASES, QUEUE_ARN, account_with_everything, has_the_documented_form, known
from tests.cli.resources.contents import FUNCTION as ARN
from tests.sandbox.account.conftest import REGION, package

pytestmark = [pytest.mark.sandbox]

TAGS = {"managed-by": "pulumi", "system": "async-rag", "stack": "prod"}
HTTP = "aws:apigatewayv2"
REST = "aws:apigateway"
LAYER = "aws:lambda/layerVersion:LayerVersion"
CONSUMER = "aws:lambda/eventSourceMapping:EventSourceMapping"
DEPLOYMENT = f"{REST}/deployment:Deployment"
OURS: dict[str, str] = {}
"""The ids that the account made up, beside those of the shared contents."""


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with account_with_everything(tmp_path_factory.mktemp("interrupted")) as account:
        fill(account)
        yield account


def fill(account: Account) -> None:
    """What a takeover doesn't look for."""
    http, rest = account.client("apigatewayv2"), account.client("apigateway")
    api = http.create_api(Name="query", ProtocolType="HTTP", Tags={**TAGS, "more": "of it"})["ApiId"]
    where = {"IntegrationType": "AWS_PROXY", "IntegrationMethod": "POST", "PayloadFormatVersion": "2.0"}
    OURS["integration"] = http.create_integration(ApiId=api, IntegrationUri=ARN, **where)["IntegrationId"]
    OURS["route"] = http.create_route(ApiId=api, RouteKey="GET /health")["RouteId"]
    http.create_stage(ApiId=api, StageName="$default")
    OURS["http"] = api
    OURS["rest"] = rest.create_rest_api(name="ours", tags=TAGS)["id"]
    OURS["layer"] = layer(account, "one", "receipts 1.0.0")
    OURS["consumer"] = account.call(
        "lambda", "create_event_source_mapping", EventSourceArn=QUEUE_ARN, FunctionName="api:live"
    )["UUID"]
    deployed(account, OURS["rest"])
    OURS["deployment"] = rest.create_deployment(restApiId=OURS["rest"])["id"]
    account.call(
        "rds",
        "create_db_instance",
        DBInstanceIdentifier="documents",
        Engine="postgres",
        DBInstanceClass="db.t4g.micro",
        AllocatedStorage=20,
        MasterUsername="rag",
        MasterUserPassword="not-a-secret",
    )


def layer(account: Account, content: str, description: str, name: str = "receipts") -> str:
    given = {"LayerName": name, "Description": description, "CompatibleRuntimes": ["python3.11"]}
    made = account.call("lambda", "publish_layer_version", Content={"ZipFile": package(content)}, **given)
    return str(made["LayerVersionArn"])


def inputs_of_layer(content: str, description: str, name: str = "receipts") -> dict[str, Any]:
    return {
        "layerName": name,
        "sourceCodeHash": base64.b64encode(hashlib.sha256(package(content)).digest()).decode(),
        "description": description,
        "compatibleRuntimes": ["python3.11"],
    }


def deployed(account: Account, api: str) -> str:
    """Give an API a method and a deployment that a stage uses."""
    rest = account.client("apigateway")
    root = rest.get_resources(restApiId=api)["items"][0]["id"]
    rest.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    rest.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    identifier = str(rest.create_deployment(restApiId=api)["id"])
    rest.create_stage(restApiId=api, stageName="prod", deploymentId=identifier)
    return identifier


OWN: dict[str, tuple[dict[str, Any], str]] = {
    f"{HTTP}/api:Api": ({"name": "query", "tags": TAGS}, "{http}"),
    f"{HTTP}/integration:Integration": (
        {"apiId": "{http}", "integrationType": "AWS_PROXY", "integrationUri": ARN},
        "{http}/{integration}",
    ),
    f"{HTTP}/route:Route": ({"apiId": "{http}", "routeKey": "GET /health"}, "{http}/{route}"),
    f"{HTTP}/stage:Stage": ({"apiId": "{http}", "name": "$default"}, "{http}/$default"),
    f"{REST}/restApi:RestApi": ({"name": "ours", "tags": TAGS}, "{rest}"),
    DEPLOYMENT: ({"restApi": "{rest}"}, "{rest}/{deployment}"),
    LAYER: (inputs_of_layer("one", "receipts 1.0.0"), "{layer}"),
    CONSUMER: ({"eventSourceArn": QUEUE_ARN, "functionName": f"{ARN}:live"}, "{consumer}"),
    "aws:rds/instance:Instance": ({"identifier": "documents"}, "documents"),
}
ALL = sorted(interrupted.FINDERS)


def case(kind: str) -> tuple[dict[str, Any], str]:
    """Inputs and import id of what the account has of a type."""
    if kind in OWN:
        inputs, identifier = OWN[kind]
        filled = {name: value.format(**OURS) if isinstance(value, str) else value for name, value in inputs.items()}
        return filled, identifier.format(**OURS)
    inputs, identifier, _ = CASES[kind]
    return known(inputs), known({"id": identifier})["id"]


@pytest.mark.parametrize("kind", ALL)
def test_what_exists_is_found_by_its_import_id(account: Account, kind: str) -> None:
    inputs, identifier = case(kind)
    assert interrupted.find(kind, inputs, REGION) == identifier


@pytest.mark.parametrize("kind", ALL)
def test_what_is_missing_is_not_found(account: Account, kind: str) -> None:
    inputs, _ = case(kind)
    first = next(iter(inputs))
    assert interrupted.find(kind, {**inputs, first: f"{inputs[first]}x"}, REGION) is None
    assert interrupted.find(kind, {name: value for name, value in inputs.items() if name != first}, REGION) is None


@pytest.mark.parametrize("kind", sorted(OWN))
def test_ids_have_the_form_that_pulumi_documents(kind: str) -> None:
    identifier = OWN[kind][1].replace("{layer}", f"{ARN}:layer:receipts:1").replace("$default", "prod")
    assert has_the_documented_form(kind, identifier)


def test_types_that_may_be_made_again_and_unknown_ones_are_not_looked_up() -> None:
    for kind in ("aws:cloudwatch/metricAlarm:MetricAlarm", "rollback:systems:AsyncRag", "pulumi:providers:aws"):
        assert interrupted.find(kind, {"name": "errors"}, REGION) is None


@pytest.mark.parametrize("service", ["http", "rest"])
def test_an_api_of_the_same_name_that_is_not_ours_is_left_alone(account: Account, service: str) -> None:
    def make(tags: dict[str, str]) -> str:
        if service == "rest":
            return str(account.call("apigateway", "create_rest_api", name="shared", tags=tags)["id"])
        return str(account.call("apigatewayv2", "create_api", Name="shared", ProtocolType="HTTP", Tags=tags)["ApiId"])

    kind = f"{REST}/restApi:RestApi" if service == "rest" else f"{HTTP}/api:Api"
    make({**TAGS, "stack": "dev"})
    make({})
    assert interrupted.find(kind, {"name": "shared", "tags": TAGS}, REGION) is None
    ours = make(TAGS)
    assert interrupted.find(kind, {"name": "shared", "tags": TAGS}, REGION) == ours


def test_a_layer_version_with_other_content_is_another(account: Account) -> None:
    newest = [layer(account, "same", "pages 1.0.0", "pages") for _ in range(2)][-1]
    assert interrupted.find(LAYER, inputs_of_layer("same", "pages 1.0.0", "pages"), REGION) == newest
    assert interrupted.find(LAYER, inputs_of_layer("other", "pages 1.0.0", "pages"), REGION) is None
    assert interrupted.find(LAYER, inputs_of_layer("same", "pages 2.0.0", "pages"), REGION) is None
    other_runtime = {**inputs_of_layer("same", "pages 1.0.0", "pages"), "compatibleRuntimes": ["python3.12"]}
    assert interrupted.find(LAYER, other_runtime, REGION) is None


def test_a_consumer_with_another_qualifier_is_another(account: Account) -> None:
    inputs = {"eventSourceArn": QUEUE_ARN, "functionName": f"{ARN}:next"}
    assert interrupted.find(CONSUMER, inputs, REGION) is None


def test_a_deployment_that_a_stage_uses_is_nobodys_that_was_interrupted(account: Account) -> None:
    rest = account.client("apigateway")
    api = str(rest.create_rest_api(name="deployed")["id"])
    assert interrupted.find(DEPLOYMENT, {"restApi": api}, REGION) is None
    deployed(account, api)
    assert interrupted.find(DEPLOYMENT, {"restApi": api}, REGION) is None
    made = rest.create_deployment(restApiId=api)["id"]
    assert interrupted.find(DEPLOYMENT, {"restApi": api}, REGION) == f"{api}/{made}"
    assert interrupted.find(DEPLOYMENT, {"restApi": api, "description": "of ours"}, REGION) is None


def test_a_refusal_is_not_taken_for_an_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(inputs: Any, account: Account) -> list[str]:
        answer: Any = {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
        raise ClientError(answer, "GetRole")

    monkeypatch.setitem(interrupted.FINDERS, "aws:iam/role:Role", refuse)
    with pytest.raises(ClientError):
        interrupted.find("aws:iam/role:Role", {"name": "one"}, REGION)
