"""Every type of the table: made, read without invented drift, previewed, imported, deleted."""

from __future__ import annotations

import secrets

import pytest

from sandbox.providers import wire
from sandbox.providers.aws import schema, types
from sandbox.providers.protocol import provider_pb2 as messages
from tests.sandbox.providers.aws.harness import Harness
from tests.sandbox.providers.aws.makers import function
from tests.sandbox.providers.aws.programs import PROGRAMS

BEYOND_MOTO = (
    # moto has no composite alarms, no deployments of HTTP APIs and little of CodeDeploy
    "aws:apigatewayv2/deployment:Deployment",
    "aws:cloudwatch/compositeAlarm:CompositeAlarm",
    "aws:codedeploy/application:Application",
    "aws:codedeploy/deploymentConfig:DeploymentConfig",
    "aws:codedeploy/deploymentGroup:DeploymentGroup",
)


def test_every_type_has_a_program_and_its_properties() -> None:
    tokens = [kind.token for kind in types.everything()]
    assert tokens == sorted(PROGRAMS)
    assert schema.tokens() == tokens


@pytest.mark.parametrize("token", sorted(set(PROGRAMS) - set(BEYOND_MOTO)))
def test_life_of_a_type(provider: Harness, token: str) -> None:
    live(provider, token)


@pytest.mark.sandbox
def test_life_of_types_that_need_the_sandbox_account(sandbox_provider: Harness) -> None:
    for token in BEYOND_MOTO:
        live(sandbox_provider, token)
        sandbox_provider.seed = secrets.token_bytes(32)


def live(provider: Harness, token: str) -> None:
    made = PROGRAMS[token](provider)
    assert made.id

    refreshed = provider.refresh(made)
    assert refreshed is not None
    inputs, state = refreshed
    assert state == made.state, "a refresh right after creation finds drift in the state"
    assert inputs == made.inputs, "a refresh right after creation finds drift in the inputs"
    assert not provider.diff_checked(made, made.inputs).diffs

    kind = types.find(token)
    for name in kind.inputs:
        if name in made.inputs and name not in ("code", "source"):
            assert name in made.state, f"the input {name} is missing in the state"

    imported = provider.stub.Read(messages.ReadRequest(id=import_id(token, made.id, made.state), urn=made.urn))
    if token == "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy":
        provider.delete(made)  # moto takes the attribute and doesn't give it back, so there is nothing to import
        return
    assert imported.id == made.id
    found = wire.decode(imported.inputs)
    for name in set(kind.replace) & set(found) & set(made.inputs):
        assert found[name] == made.inputs[name], f"an import would replace because of {name}"

    provider.delete(made)
    assert provider.refresh(made) is None or token in KEPT
    provider.delete(made)


KEPT = {
    "aws:s3/bucketVersioning:BucketVersioning",  # a bucket always has these three settings
    "aws:s3/bucketNotification:BucketNotification",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:apigateway/methodSettings:MethodSettings",  # moto ignores the operation that removes them
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:secretsmanager/secretVersion:SecretVersion",  # the current version of a secret can't be deleted
}


@pytest.mark.parametrize("qualified", [True, False])
def test_an_imported_permission_has_the_id_of_one_that_was_created(provider: Harness, qualified: bool) -> None:
    """An import puts ``/`` before the statement (Pulumi's documentation of it, "Import")."""
    held = function(provider, publish=True)
    more = {"qualifier": "1"} if qualified else {}
    allowed = {"action": "lambda:InvokeFunction", "principal": "s3.amazonaws.com"}
    made = provider.create("aws:lambda/permission:Permission", "allow", function=held.id, **allowed, **more)
    head, statement = made.id.rsplit(":", 1)
    imported = provider.stub.Read(messages.ReadRequest(id=f"{head}/{statement}", urn=made.urn))
    assert imported.id == made.id
    assert wire.decode(imported.properties)["id"] == made.id


def import_id(token: str, resource_id: str, state: dict[str, object]) -> str:
    parents = types.find(token).parents
    return "/".join([*(str(state[name]) for name in parents), resource_id])
