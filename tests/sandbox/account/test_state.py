from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.account import state

CODE = "def handler(event, context): return {'from': 'before the crash', 'version': context.function_version}\n"


def fill(own: Any) -> None:
    s3, sqs, dynamodb = own.client("s3"), own.client("sqs"), own.client("dynamodb")
    s3.create_bucket(Bucket="docs")
    s3.put_bucket_versioning(Bucket="docs", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"first", b"second"):
        s3.put_object(Bucket="docs", Key="a.pdf", Body=body)
    queue = sqs.create_queue(QueueName="jobs", Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
    for text in ("seen", "waiting"):
        sqs.send_message(QueueUrl=queue, MessageBody=text)
    sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=1)
    dynamodb.create_table(
        TableName="status",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    dynamodb.put_item(TableName="status", Item={"id": {"S": "1"}, "state": {"S": "done"}})
    own.function("crashed", CODE, Publish=True)
    own.client("lambda").create_alias(FunctionName="crashed", Name="live", FunctionVersion="1")
    own.client("secretsmanager").create_secret(Name="word", SecretString="xyzzy")
    own.client("sns").create_topic(Name="alerts")
    own.client("cloudwatch").put_metric_alarm(
        AlarmName="errors",
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        Statistic="Sum",
    )
    own.client("ssm").put_parameter(Name="/flag", Value="on", Type="String")
    own.client("rds").create_db_instance(
        DBInstanceIdentifier="rag",
        Engine="postgres",
        MasterUsername="rag",
        MasterUserPassword="long-enough",
        DBInstanceClass="db.t4g.micro",
        AllocatedStorage=20,
    )


def test_everything_survives_kill_9(own_account: Callable[..., Any]) -> None:
    own = own_account()
    fill(own)
    time.sleep(2.0)
    own.kill()
    own.start()
    s3, sqs, dynamodb = own.client("s3"), own.client("sqs"), own.client("dynamodb")
    versions = s3.list_object_versions(Bucket="docs")["Versions"]
    bodies = [s3.get_object(Bucket="docs", Key="a.pdf", VersionId=one["VersionId"])["Body"].read() for one in versions]
    assert sorted(bodies) == [b"first", b"second"]
    queue = sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
    counts = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessages"] == "1"
    assert counts["ApproximateNumberOfMessagesNotVisible"] == "1"
    assert dynamodb.get_item(TableName="status", Key={"id": {"S": "1"}})["Item"]["state"]["S"] == "done"
    streams = own.client("dynamodbstreams")
    arn = streams.list_streams(TableName="status")["Streams"][0]["StreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    assert len(streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]) == 1
    result, _ = own.invoke("crashed", Qualifier="live")
    assert result == {"from": "before the crash", "version": "1"}
    assert own.client("secretsmanager").get_secret_value(SecretId="word")["SecretString"] == "xyzzy"
    assert own.client("sns").list_topics()["Topics"][0]["TopicArn"].endswith(":alerts")
    assert own.client("cloudwatch").describe_alarms()["MetricAlarms"][0]["AlarmName"] == "errors"
    assert own.client("ssm").get_parameter(Name="/flag")["Parameter"]["Value"] == "on"
    assert own.client("rds").describe_db_instances()["DBInstances"][0]["DBInstanceIdentifier"] == "rag"
    dynamodb.put_item(TableName="status", Item={"id": {"S": "2"}})
    assert own.log() == ""


@pytest.mark.long
def test_a_damaged_newest_file_falls_back_to_the_one_before(own_account: Callable[..., Any]) -> None:
    own = own_account("damaged", 60.0)
    sqs = own.client("sqs")
    sqs.create_queue(QueueName="early")
    newest = own.state_dir / state.FILE
    time.sleep(1.5)
    early = newest.read_bytes()
    sqs.create_queue(QueueName="late")
    time.sleep(1.5)
    own.kill()
    (own.state_dir / state.PREVIOUS).write_bytes(early)
    newest.write_bytes(newest.read_bytes()[:-100])
    own.start()
    assert [url.rsplit("/", 1)[1] for url in sqs.list_queues()["QueueUrls"]] == ["early"]
    assert "damaged" in own.log()


@pytest.mark.long
def test_a_missing_newest_file_falls_back_too(own_account: Callable[..., Any]) -> None:
    own = own_account()
    own.client("sqs").create_queue(QueueName="kept")
    time.sleep(1.5)
    assert own.stop() == 0
    (own.state_dir / state.FILE).unlink()
    own.start()
    assert own.client("sqs").list_queues()["QueueUrls"]


@pytest.mark.long
def test_a_state_of_another_moto_is_one_clear_line(own_account: Callable[..., Any]) -> None:
    own = own_account()
    own.client("sqs").create_queue(QueueName="old")
    assert own.stop() == 0
    path = own.state_dir / state.FILE
    path.write_bytes(path.read_bytes().replace(b" moto ", b" moto 4.", 1))
    done = subprocess.run(own.command(), capture_output=True, text=True, timeout=60, cwd=".", check=False)
    assert done.returncode == 4
    assert len(done.stderr.splitlines()) == 1
    assert "start afresh with: python -m sandbox clean" in done.stderr


@pytest.mark.long
def test_an_unchanged_account_is_not_written_again(own_account: Callable[..., Any]) -> None:
    own = own_account("calm", 60.0)
    own.client("sqs").create_queue(QueueName="calm")

    def stays_as_it_is() -> bool:
        before = (own.state_dir / state.FILE).stat().st_mtime_ns
        for _ in range(5):
            own.client("dynamodb").list_tables()
            time.sleep(0.3)
        return bool((own.state_dir / state.FILE).stat().st_mtime_ns == before)

    time.sleep(2.0)
    # The queue's metrics are written once a minute, and that is a change: one window of three may meet it.
    assert any(stays_as_it_is() for _ in range(3))


@pytest.mark.long
def test_events_that_wait_for_a_retry_survive(own_account: Callable[..., Any]) -> None:
    own = own_account("slow", 8.0)
    queue = own.client("sqs").create_queue(QueueName="dead")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{own.id}:dead"
    own.function("fails", "def handler(event, context): raise ValueError('no')\n", DeadLetterConfig={"TargetArn": arn})
    own.client("lambda").put_function_event_invoke_config(FunctionName="fails", MaximumRetryAttempts=1)
    own.client("lambda").invoke(FunctionName="fails", InvocationType="Event", Payload=json.dumps({"n": 7}))
    time.sleep(2.5)
    own.kill()
    own.start()
    answer = own.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=15, MessageAttributeNames=["All"])
    assert json.loads(answer["Messages"][0]["Body"]) == {"n": 7}
    assert answer["Messages"][0]["MessageAttributes"]["ErrorMessage"]["StringValue"] == "no"


@pytest.mark.parametrize(("duration", "seconds"), [(0.001, 15.0), (0.02, 20.0), (0.1, 100.0), (2.0, 300.0)], ids=str)
def test_saving_mere_measurements_takes_a_small_share_of_the_time(duration: float, seconds: float) -> None:
    assert state.measured_after(duration) == pytest.approx(seconds)
