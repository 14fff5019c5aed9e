"""The account's answers, as errors of one line that say whose fault it is."""

from __future__ import annotations

import pytest

from sandbox.providers.aws import types
from sandbox.providers.aws.api import Api, AwsError, NotFoundError, refused

BUSY = {"LimitExceeded", "ConcurrentModification"}
"""Codes with status 409 that don't say that the name is in use."""
API = Api("http://127.0.0.1:9", "us-east-1")


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


def modelled(service: str, operation: str) -> dict[str, int]:
    """The error codes that botocore's model has for an operation, with their HTTP status (0 where it names none)."""
    client = API.client(service)
    shapes = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation]).error_shapes
    return {shape.error_code: (shape.metadata.get("error") or {}).get("httpStatusCode", 0) for shape in shapes}


def answered(code: str) -> AwsError:
    return refused("service", "operation", {"Error": {"Code": code, "Message": "why"}})


READS = [(kind.token, kind.service, kind.read) for kind in types.everything() if kind.read]


@pytest.mark.parametrize(("token", "service", "operation"), READS)
def test_every_modelled_code_of_something_missing_means_gone(token: str, service: str, operation: str) -> None:
    for code, status in modelled(service, operation).items():
        missing = status == 404 or any(word in code for word in ("NotFound", "NotExist", "NoSuch", "NonExistent"))
        assert isinstance(answered(code), NotFoundError) is missing, (token, code)


CREATES = [(kind.token, kind.service, kind.create) for kind in types.everything() if kind.create]


@pytest.mark.parametrize(("token", "service", "operation"), CREATES)
def test_every_modelled_code_of_a_name_in_use_means_taken(token: str, service: str, operation: str) -> None:
    for code, status in modelled(service, operation).items():
        used = (status == 409 and code not in BUSY) or ("Exist" in code and "NotExist" not in code)
        if used:
            assert answered(code).taken, (token, code)


# Codes that the API references name without a model: S3's and SQS's older ones.
@pytest.mark.parametrize(
    ("code", "gone", "taken"),
    [
        ("NoSuchBucket", True, False),
        ("NoSuchKey", True, False),
        ("404", True, False),
        ("AWS.SimpleQueueService.NonExistentQueue", True, False),
        ("QueueDoesNotExist", True, False),
        ("ServerSideEncryptionConfigurationNotFoundError", True, False),
        ("BucketAlreadyOwnedByYou", False, True),
        ("QueueAlreadyExists", False, True),
        ("EntityAlreadyExists", False, True),
        ("ResourceInUseException", False, True),
        ("ThrottlingException", False, False),
        ("ValidationException", False, False),
        ("AccessDenied", False, False),
    ],
)
def test_what_a_code_means(code: str, gone: bool, taken: bool) -> None:
    error = answered(code)
    assert (isinstance(error, NotFoundError), error.taken) == (gone, taken)
    assert str(error) == f"service operation: {code}: why"
