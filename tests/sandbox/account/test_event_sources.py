"""What starts functions in a running account."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.sandbox.account.conftest import Account, wait_for

REPORTER = """
import boto3, json, os
sqs = boto3.client("sqs")
url = sqs.get_queue_url(QueueName=os.environ["OUT"])["QueueUrl"]

def handler(event, context):
    records = event["Records"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"version": context.function_version, "records": records}))
    bodies = [json.dumps(r["dynamodb"]["Keys"]) if "dynamodb" in r else r.get("body", "") for r in records]
    if any("bad" in body for body in bodies):
        raise RuntimeError("a bad record")
    return {"batchItemFailures": [{"itemIdentifier": r["messageId"]} for r in records if r.get("body") == "later"]}
"""


class Bench:
    """A function with an alias, that reports what it gets to a queue."""

    def __init__(self, account: Account, name: str) -> None:
        self.account, self.name = account, name
        self.sqs, self.functions = account.client("sqs"), account.client("lambda")
        self.out = self.queue("out")
        account.function(name, REPORTER, Environment={"Variables": {"OUT": f"{name}-out"}}, Publish=True)
        self.functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
        self.arn = f"arn:aws:lambda:{account.region}:{account.id}:function:{name}:live"
        self.reports: list[dict[str, Any]] = []

    def queue(self, suffix: str, **attributes: str) -> str:
        return str(self.sqs.create_queue(QueueName=f"{self.name}-{suffix}", Attributes=attributes)["QueueUrl"])

    def queue_arn(self, suffix: str) -> str:
        return f"arn:aws:sqs:{self.account.region}:{self.account.id}:{self.name}-{suffix}"

    def send(self, url: str, *bodies: str) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=url, MessageBody=body)

    def map(self, source: str, **more: Any) -> dict[str, Any]:
        return dict(
            self.functions.create_event_source_mapping(FunctionName=f"{self.name}:live", EventSourceArn=source, **more)
        )

    def waiting(self, url: str) -> int:
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(found["Attributes"]["ApproximateNumberOfMessages"])

    def records(self, count: int) -> list[dict[str, Any]]:
        """Wait until `count` records in all have been reported, and return them."""

        def enough() -> list[dict[str, Any]] | None:
            for message in self.sqs.receive_message(QueueUrl=self.out, MaxNumberOfMessages=10).get("Messages", []):
                self.reports.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.out, ReceiptHandle=message["ReceiptHandle"])
            found = [record for report in self.reports for record in report["records"]]
            return found if len(found) >= count else None

        return list(wait_for(enough, 30, f"{count} records"))


def test_a_queue_is_read_through_the_alias(account: Account) -> None:
    bench = Bench(account, "through-alias")
    url = bench.queue("in")
    mapping = bench.map(bench.queue_arn("in"), BatchSize=5)
    assert mapping["FunctionArn"] == bench.arn
    bench.sqs.send_message(
        QueueUrl=url, MessageBody="one", MessageAttributes={"kind": {"DataType": "String", "StringValue": "pdf"}}
    )
    record = bench.records(1)[0]
    assert (record["body"], record["eventSourceARN"]) == ("one", bench.queue_arn("in"))
    assert record["messageAttributes"]["kind"]["stringValue"] == "pdf"
    assert bench.reports[0]["version"] == "1"

    def result() -> Any:
        return bench.functions.get_event_source_mapping(UUID=mapping["UUID"])["LastProcessingResult"]

    wait_for(lambda: result() == "OK")


def test_a_disabled_mapping_leaves_the_backlog_and_an_enabled_one_drains_it(account: Account) -> None:
    bench = Bench(account, "pausing")
    url = bench.queue("in")
    mapping = bench.map(bench.queue_arn("in"), BatchSize=10, Enabled=False)
    assert mapping["State"] == "Disabled"
    bench.send(url, *map(str, range(12)))
    time.sleep(0.5)
    assert bench.waiting(url) == 12
    bench.functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    assert {record["body"] for record in bench.records(12)} == {str(number) for number in range(12)}
    wait_for(lambda: bench.waiting(url) == 0)


def test_a_function_throttled_to_zero_leaves_the_messages(account: Account) -> None:
    bench = Bench(account, "throttled")
    url = bench.queue("in")
    bench.functions.put_function_concurrency(FunctionName=bench.name, ReservedConcurrentExecutions=0)
    bench.map(bench.queue_arn("in"))
    bench.send(url, "patient")
    time.sleep(0.7)
    assert bench.waiting(url) == 1
    bench.functions.delete_function_concurrency(FunctionName=bench.name)
    assert bench.records(1)[0]["attributes"]["ApproximateReceiveCount"] == "1"


def test_a_failing_message_comes_back_and_ends_in_the_dead_letter_queue(account: Account) -> None:
    bench = Bench(account, "redrive")
    dead = bench.queue("dead")
    policy = json.dumps({"deadLetterTargetArn": bench.queue_arn("dead"), "maxReceiveCount": 2})
    url = bench.queue("in", VisibilityTimeout="2", RedrivePolicy=policy)
    bench.map(bench.queue_arn("in"), BatchSize=1)
    bench.send(url, "bad")
    wait_for(lambda: bench.waiting(dead) == 1, 30)
    assert [record["attributes"]["ApproximateReceiveCount"] for record in bench.records(2)] == ["1", "2"]


def test_only_the_reported_items_of_a_batch_come_back(account: Account) -> None:
    bench = Bench(account, "partial")
    url = bench.queue("in", VisibilityTimeout="3")
    bench.send(url, "fine", "later")
    bench.map(bench.queue_arn("in"), FunctionResponseTypes=["ReportBatchItemFailures"])
    bodies = [record["body"] for record in bench.records(3)]
    assert sorted(bodies) == ["fine", "later", "later"]


def test_a_filter_drops_what_it_does_not_want(account: Account) -> None:
    bench = Bench(account, "filtering")
    url = bench.queue("in")
    pattern = json.dumps({"body": {"kind": ["pdf"]}})
    bench.map(bench.queue_arn("in"), FilterCriteria={"Filters": [{"Pattern": pattern}]})
    bench.send(url, '{"kind": "txt"}', '{"kind": "pdf"}')
    assert bench.records(1)[0]["body"] == '{"kind": "pdf"}'
    wait_for(lambda: bench.waiting(url) == 0)
    assert len(bench.reports) == 1


def table_with_stream(account: Account, name: str) -> str:
    made = account.client("dynamodb").create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    return str(made["TableDescription"]["LatestStreamArn"])


def put(account: Account, table: str, key: str) -> None:
    account.client("dynamodb").put_item(TableName=table, Item={"k": {"S": key}, "n": {"N": "1"}})


def key_of(record: dict[str, Any]) -> str:
    return str(record["dynamodb"]["Keys"]["k"]["S"])


@pytest.mark.parametrize(("position", "expected"), [("LATEST", ["new"]), ("TRIM_HORIZON", ["old", "new"])])
def test_a_stream_is_read_from_where_the_mapping_says(account: Account, position: str, expected: list[str]) -> None:
    bench = Bench(account, f"stream-{position.lower().replace('_', '-')}")
    stream = table_with_stream(account, bench.name)
    put(account, bench.name, "old")
    bench.map(stream, StartingPosition=position)
    put(account, bench.name, "new")
    records = bench.records(len(expected))
    assert [key_of(record) for record in records] == expected
    assert records[0]["eventName"] == "INSERT"
    assert records[0]["eventSourceARN"] == stream


def test_a_poison_record_is_isolated_and_reported(account: Account) -> None:
    bench = Bench(account, "poison")
    stream = table_with_stream(account, bench.name)
    failed = bench.queue("failed")
    for key in ("a", "bad", "c"):
        put(account, bench.name, key)
    bench.map(
        stream,
        StartingPosition="TRIM_HORIZON",
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": bench.queue_arn("failed")}},
    )
    found = wait_for(lambda: bench.sqs.receive_message(QueueUrl=failed, WaitTimeSeconds=1).get("Messages"), 30)
    report = json.loads(found[0]["Body"])
    assert report["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert report["DDBStreamBatchInfo"]["batchSize"] == 1
    wait_for(lambda: [key_of(record) for record in bench.records(1)][-1] == "c", 30)


def notification(bench: Bench, **more: Any) -> dict[str, Any]:
    rules = [{"Name": "prefix", "Value": ""}, {"Name": "suffix", "Value": ".pdf"}]
    entry = {
        "LambdaFunctionArn": bench.arn,
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": rules}},
    }
    return {"LambdaFunctionConfigurations": [{**entry, **more}]}


def test_a_bucket_notifies_a_function_that_lets_it_in(account: Account) -> None:
    bench = Bench(account, "uploads")
    s3 = account.client("s3")
    s3.create_bucket(Bucket="uploads-bucket")
    with pytest.raises(s3.exceptions.ClientError, match="Unable to validate the following destination"):
        s3.put_bucket_notification_configuration(Bucket="uploads-bucket", NotificationConfiguration=notification(bench))
    bench.functions.add_permission(
        FunctionName=bench.name,
        Qualifier="live",
        StatementId="bucket",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::uploads-bucket",
    )
    s3.put_bucket_notification_configuration(
        Bucket="uploads-bucket", NotificationConfiguration=notification(bench, Id="RagDocumentProcessing")
    )
    s3.put_object(Bucket="uploads-bucket", Key="user/notes.txt", Body=b"no")
    s3.put_object(Bucket="uploads-bucket", Key="user/my report.pdf", Body=b"yes")
    record = bench.records(1)[0]
    assert record["s3"]["object"]["key"] == "user/my+report.pdf"
    assert record["s3"]["configurationId"] == "RagDocumentProcessing"
    assert record["eventName"] == "ObjectCreated:Put"


def test_a_topic_hands_its_message_to_a_function(account: Account) -> None:
    bench = Bench(account, "topic")
    sns = account.client("sns")
    topic = sns.create_topic(Name="to-function")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=bench.arn)
    sent = sns.publish(TopicArn=topic, Message="hello", Subject="greeting")["MessageId"]
    record = bench.records(1)[0]
    assert (record["Sns"]["Message"], record["Sns"]["Subject"], record["Sns"]["MessageId"]) == (
        "hello",
        "greeting",
        sent,
    )
    assert record["Sns"]["TopicArn"] == topic
