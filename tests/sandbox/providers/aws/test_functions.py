"""The provider's functions that ask about things which may not be there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import pytest

from sandbox.providers import wire
from sandbox.providers.aws.api import Api
from sandbox.providers.protocol import provider_pb2 as messages
from tests.sandbox.providers.aws.harness import Harness
from tests.sandbox.providers.aws.makers import CODE, archive, function
from tests.sandbox.providers.aws.test_lifecycle import given

Client = Callable[[str], Any]


def ask(provider: Harness, token: str, **arguments: Any) -> dict[str, Any]:
    answer = provider.stub.Invoke(messages.InvokeRequest(tok=token, args=wire.encode(arguments)))
    return wire.decode(getattr(answer, "return"))


def version(provider: Harness, name: str, qualifier: str | None = None) -> dict[str, Any]:
    return ask(provider, "aws:lambda/getFunction:getFunction", functionName=name, qualifier=qualifier)


def test_each_published_version_says_what_it_holds(provider: Harness) -> None:
    first = function(provider, publish=True, environment={"variables": {"A": "1"}}, memorySize=256)
    second = provider.update(first, **given(first, code=archive(CODE + "# new"), memorySize=512))
    held = version(provider, first.id, "1")
    assert (held["version"], held["memorySize"], held["codeSha256"]) == ("1", 256, first.state["codeSha256"])
    assert held["environment"] == {"variables": {"A": "1"}}
    newest = version(provider, first.id)
    assert (newest["version"], newest["memorySize"], newest["codeSha256"]) == ("2", 512, second.state["codeSha256"])
    assert newest["qualifiedArn"] == f"{newest['arn']}:2" == second.state["qualifiedArn"]


def test_a_version_is_asked_for_without_botocore_and_with_the_same_answer(provider: Harness, client: Client) -> None:
    made = function(provider, publish=True, environment={"variables": {"A": "1"}})
    api = Api(client("lambda").meta.endpoint_url, "us-east-1")
    found = api.function(made.id, "1", "us-east-1")
    assert not api._clients
    assert (
        found["Configuration"]
        == api.call("lambda", "get_function", FunctionName=made.id, Qualifier="1")["Configuration"]
    )


def test_a_function_without_versions_answers_with_its_latest_code(provider: Harness) -> None:
    made = function(provider)
    assert version(provider, made.id)["version"] == "$LATEST"


def test_what_is_not_there_is_said_in_awss_words(provider: Harness, client: Client) -> None:
    made = function(provider, publish=True)
    for name, qualifier in ((made.id, "7"), ("nobody", "1"), ("nobody", None)):
        with pytest.raises(grpc.RpcError, match="ResourceNotFoundException"):
            version(provider, name, qualifier)
    client("s3").create_bucket(Bucket="zips")
    with pytest.raises(grpc.RpcError, match="404"):
        ask(provider, "aws:s3/getObject:getObject", bucket="zips", key="gone.zip")


def test_an_object_says_what_it_is(provider: Harness, client: Client) -> None:
    client("s3").create_bucket(Bucket="zips")
    client("s3").put_object(Bucket="zips", Key="a.zip", Body=b"four", ContentType="application/zip")
    found = ask(provider, "aws:s3/getObject:getObject", bucket="zips", key="a.zip")
    assert (found["contentLength"], found["contentType"], found["key"]) == (4, "application/zip", "a.zip")
