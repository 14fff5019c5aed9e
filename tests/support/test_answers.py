"""The judge of answers: each kind of fault, in each protocol, and none where there is none."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from botocore.session import Session

from tests.support.answers import faults, watch

JSON, XML = {"Content-Type": "application/x-amz-json-1.1"}, {"Content-Type": "text/xml"}


@functools.cache
def operation(service: str, name: str) -> Any:
    return Session().get_service_model(service).operation_model(name)


def judged(service: str, name: str, body: str, status: int = 200) -> list[str]:
    headers = XML if body.startswith("<") else JSON
    answer = {"body": body.encode(), "status_code": status, "headers": headers}
    return [each.partition(" ")[2] for each in faults(operation(service, name), answer)]


TOPICS = "<ListTopicsResponse><ListTopicsResult>{}</ListTopicsResult><ResponseMetadata/></ListTopicsResponse>"
BUCKETS = "<ListAllMyBucketsResult><Buckets><Bucket>{}</Bucket></Buckets></ListAllMyBucketsResult>"
INSTANCES = (
    "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance>{}</DBInstance></DBInstances>"
    "</DescribeDBInstancesResult></DescribeDBInstancesResponse>"
)

FAULTS = [
    ("dynamodb", "ListTables", '{"TableNames": ["a"]}', 200, []),
    ("dynamodb", "ListTables", '{"Tables": []}', 200, [".Tables: unknown to the model"]),
    ("dynamodb", "ListTables", '{"TableNames": "a"}', 200, [".TableNames: str where the model has list"]),
    ("dynamodb", "ListTables", '{"TableNames": [1]}', 200, [".TableNames[]: int where the model has string"]),
    ("dynamodb", "DescribeTable", '{"Table": {"TableStatus": "GONE"}}', 200,
     [".Table.TableStatus: GONE is none of the model's values"]),
    ("dynamodb", "DescribeTable", '{"Table": {"CreationDateTime": 1.5}}', 200, []),
    ("dynamodb", "DescribeTable", '{"Table": {"CreationDateTime": "now"}}', 200,
     [".Table.CreationDateTime: str where the model has timestamp"]),
    ("dynamodb", "DescribeTable", '{"Table": {"ItemCount": true}}', 200,
     [".Table.ItemCount: bool where the model has long"]),
    ("dynamodb", "DescribeContinuousBackups", '{"ContinuousBackupsDescription": {}}', 200,
     [".ContinuousBackupsDescription.ContinuousBackupsStatus: required and missing"]),
    ("dynamodb", "ListTables", "{", 200, ["body: not readable"]),
    ("lambda", "GetFunctionConfiguration", '{"FunctionName": "f", "Timeout": 3}', 200, []),
    ("lambda", "GetFunctionConfiguration", '{"Timeout": "3"}', 200, [".Timeout: str where the model has integer"]),
    ("sns", "ListTopics", TOPICS.format("<Topics><member><TopicArn>a</TopicArn></member></Topics>"), 200, []),
    ("sns", "ListTopics", TOPICS.format("<Themes/>"), 200, [".Themes: unknown to the model"]),
    ("sns", "ListTopics", TOPICS.format("<Topics><item/></Topics>"), 200, [".Topics.item: unknown to the model"]),
    ("s3", "ListBuckets", BUCKETS.format("<CreationDate>2026-11-30T10:00:00.000Z</CreationDate>"), 200, []),
    ("s3", "ListBuckets", BUCKETS.format("<CreationDate>today</CreationDate>"), 200,
     [".Buckets[].CreationDate: today isn't"]),
    ("rds", "DescribeDBInstances", INSTANCES.format("<MultiAZ>perhaps</MultiAZ>"), 200,
     [".DBInstances[].MultiAZ: perhaps where"]),
    ("dynamodb", "DescribeTable", '{"__type": "com.amazonaws#ResourceNotFoundException"}', 400, []),
    ("dynamodb", "DescribeTable", '{"__type": "com.amazonaws#TableIsAway"}', 400, ["error: TableIsAway is none"]),
    ("sqs", "GetQueueUrl", '{"__type": "com.amazonaws.sqs#QueueDoesNotExist"}', 400, []),
    ("s3", "GetBucketPolicy", "<Error><Code>NoSuchBucketPolicy</Code></Error>", 404, []),
    ("s3", "GetBucketPolicy", "<Error><Code>Sorry</Code></Error>", 404, ["error: Sorry is none"]),
    ("iam", "GetRole", "<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>", 404, []),
]  # fmt: skip


@pytest.mark.parametrize(("service", "name", "body", "status", "wanted"), FAULTS)
def test_an_answer_is_judged(service: str, name: str, body: str, status: int, wanted: list[str]) -> None:
    found = judged(service, name, body, status)
    assert len(found) == len(wanted), found
    for fault, start in zip(sorted(found), sorted(wanted), strict=True):
        assert fault.startswith(start)


def test_a_watched_client_raises() -> None:
    client = watch(Session().create_client("dynamodb", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b"))
    answer = {"body": b'{"Tables": []}', "status_code": 200, "headers": JSON}
    with pytest.raises(AssertionError, match=r"ListTables \.Tables: unknown to the model"):
        client.meta.events.emit(
            "before-parse.dynamodb.ListTables",
            operation_model=operation("dynamodb", "ListTables"),
            response_dict=answer,
        )
