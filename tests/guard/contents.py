"""What the stores of the guard's small worlds hold, asked of the account and put into it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import boto3

REGION = "us-east-1"


@dataclass(kw_only=True)
class Contents:
    """One account."""

    clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def client(self, service: str, region: str = REGION) -> Any:
        """A client of the account."""
        if (service, region) not in self.clients:
            self.clients[service, region] = boto3.client(service, region_name=region)  # type: ignore[call-overload]
        return self.clients[service, region]

    def settings(self, kind: str, physical: str, region: str = REGION) -> dict[str, float]:
        """By which a store keeps what it has; a smaller figure keeps less."""
        match kind:
            case "table":
                told = self.client("dynamodb", region).describe_time_to_live(TableName=physical)
                return {"keeps expired items": told["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED"}
            case "bucket":
                s3 = self.client("s3")
                versions = s3.get_bucket_versioning(Bucket=physical).get("Status") == "Enabled"
                return {"versions": versions, "keeps old objects": not self._expires(physical)}
            case "queue":
                url = self.client("sqs", region).get_queue_url(QueueName=physical)["QueueUrl"]
                told = self.client("sqs", region).get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
                return {"seconds": int(told["Attributes"]["MessageRetentionPeriod"])}
            case "logs":
                groups = self.client("logs").describe_log_groups(logGroupNamePrefix=physical)["logGroups"]
                return {"days": next(each["retentionInDays"] for each in groups if each["logGroupName"] == physical)}
        return {}

    def _expires(self, bucket: str) -> bool:
        try:
            self.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)
        except Exception as error:
            if "NoSuchLifecycleConfiguration" in str(error):
                return False
            raise
        return True

    def put(self, kind: str, physical: str, items: int, first: int = 0, region: str = REGION) -> None:
        """Put items into a store."""
        for number in range(first, first + items):
            match kind:
                case "table":
                    key = self._key(physical, region)
                    self.client("dynamodb", region).put_item(TableName=physical, Item={key: {"S": f"item {number}"}})
                case "bucket":
                    self.client("s3").put_object(Bucket=physical, Key=f"item {number}", Body=b"content")
                case "queue":
                    url = self.client("sqs", region).get_queue_url(QueueName=physical)["QueueUrl"]
                    self.client("sqs", region).send_message(QueueUrl=url, MessageBody=f"item {number}")
                case "logs":
                    self._log(physical, number)

    def items(self, kind: str, physical: str, region: str = REGION) -> int | None:
        """How many items a store holds; None where there is no such store."""
        try:
            return self._count(kind, physical, region)
        except Exception as error:
            if any(word in str(error) for word in ("NotFound", "NoSuch", "NonExistent", "does not exist")):
                return None
            raise

    def _count(self, kind: str, physical: str, region: str) -> int | None:
        match kind:
            case "topic":
                topics = self.client("sns", region).list_topics()["Topics"]
                return 0 if any(each["TopicArn"].endswith(f":{physical}") for each in topics) else None
            case "table":
                return int(self.client("dynamodb", region).scan(TableName=physical, Select="COUNT")["Count"])
            case "bucket":
                return len(self.client("s3").list_object_versions(Bucket=physical).get("Versions", []))
            case "queue":
                url = self.client("sqs", region).get_queue_url(QueueName=physical)["QueueUrl"]
                names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
                found = self.client("sqs", region).get_queue_attributes(QueueUrl=url, AttributeNames=names)
                return sum(int(each) for each in found["Attributes"].values())
            case "logs":
                return len(self.client("logs").filter_log_events(logGroupName=physical)["events"])
            case _:
                return self._is_there(kind, physical)

    def _is_there(self, kind: str, physical: str) -> int:
        """Of what holds no items that are counted: how many it counts as."""
        if kind == "parameter":
            self.client("ssm").get_parameter(Name=physical)
            return 1
        assert kind == "database"
        self.client("rds").describe_db_instances(DBInstanceIdentifier=physical)
        return 0

    def empty(self, kind: str, physical: str) -> None:
        """Take everything out of a queue."""
        assert kind == "queue"
        url = self.client("sqs").get_queue_url(QueueName=physical)["QueueUrl"]
        self.client("sqs").purge_queue(QueueUrl=url)

    def _key(self, table: str, region: str) -> str:
        found = self.client("dynamodb", region).describe_table(TableName=table)["Table"]["KeySchema"]
        return str(found[0]["AttributeName"])

    def _log(self, group: str, number: int) -> None:
        logs, stream = self.client("logs"), "events"
        if not logs.describe_log_streams(logGroupName=group)["logStreams"]:
            logs.create_log_stream(logGroupName=group, logStreamName=stream)
        event = {"timestamp": int(datetime.now(UTC).timestamp() * 1000), "message": f"item {number}"}
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[event])
