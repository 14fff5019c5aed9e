"""The account's answers, as errors of one line that say whose fault it is."""

from __future__ import annotations

import pytest

from sandbox.providers.aws.api import Api, AwsError


def test_an_address_that_the_account_does_not_know_is_not_called_its_own_failure(account: str) -> None:
    """An id with a slash in it makes such an address."""
    with pytest.raises(AwsError) as error:
        Api(account, "us-east-1").call("apigateway", "get_resource", restApiId="api", resourceId="api/resource")
    assert str(error.value) == (
        "apigateway get_resource: the sandbox account has nothing at this request's address (HTTP 404)"
    )


def test_a_failure_inside_the_account_is_called_one(account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.sqs.models import SQSBackend

    def failing(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(SQSBackend, "create_queue", failing)
    with pytest.raises(AwsError, match=r"sqs create_queue: the sandbox account failed inside .*; its log says why"):
        Api(account, "us-east-1").call("sqs", "create_queue", QueueName="jobs")
