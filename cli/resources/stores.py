"""Queues, tables, topics, buckets, parameters."""

from __future__ import annotations

from cli.resources.account import Account, Inputs, Lookup, text
from cli.resources.found import Match, Owner


def _queue(inputs: Inputs, account: Account) -> list[Match]:
    name = text(inputs, "name")
    url = str(account.call("sqs", "get_queue_url", QueueName=name)["QueueUrl"])
    return [Match(url, (Owner("AWS::SQS::Queue", url, name),))]


def _queue_policy(inputs: Inputs, account: Account) -> list[Match]:
    """Part of its queue: a template's QueuePolicy may stand for several."""
    url = text(inputs, "queueUrl")
    held = account.call("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=["Policy"]).get("Attributes")
    return [Match(url, (Owner("AWS::SQS::Queue", url, url.rpartition("/")[2]),))] if held else []


def _table(inputs: Inputs, account: Account) -> list[Match]:
    name = text(inputs, "name")
    account.call("dynamodb", "describe_table", TableName=name)
    return [Match(name, (Owner("AWS::DynamoDB::Table", name),))]


def _topic(inputs: Inputs, account: Account) -> list[Match]:
    name = text(inputs, "name")
    arns = (str(each["TopicArn"]) for each in account.pages("sns", "list_topics", "Topics"))
    return [Match(arn, (Owner("AWS::SNS::Topic", arn, name),)) for arn in arns if arn.rpartition(":")[2] == name]


def _subscription(inputs: Inputs, account: Account) -> list[Match]:
    topic, wanted = text(inputs, "topic"), (text(inputs, "protocol"), text(inputs, "endpoint"))
    entries = account.pages("sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=topic)
    arns = [str(each["SubscriptionArn"]) for each in entries if (each["Protocol"], each["Endpoint"]) == wanted]
    owner = Owner("AWS::SNS::Topic", topic, topic.rpartition(":")[2])  # a topic may list subscriptions of its own
    return [Match(arn, (Owner("AWS::SNS::Subscription", arn), owner)) for arn in arns if arn.startswith("arn:")]


def _topic_policy(inputs: Inputs, account: Account) -> list[Match]:
    arn = text(inputs, "arn")
    account.call("sns", "get_topic_attributes", TopicArn=arn)
    return [Match(arn, (Owner("AWS::SNS::Topic", arn, arn.rpartition(":")[2]),))]


def _bucket(inputs: Inputs, account: Account) -> list[Match]:
    name = text(inputs, "bucket")
    account.call("s3", "head_bucket", Bucket=name)
    return [Match(name, (Owner("AWS::S3::Bucket", name),))]


def _parameter(inputs: Inputs, account: Account) -> list[Match]:
    name = text(inputs, "name")
    account.call("ssm", "get_parameter", Name=name)
    return [Match(name, (Owner("AWS::SSM::Parameter", name),))]


LOOKUPS: dict[str, Lookup] = {
    "aws:sqs/queue:Queue": _queue,
    "aws:sqs/queuePolicy:QueuePolicy": _queue_policy,
    "aws:dynamodb/table:Table": _table,
    "aws:sns/topic:Topic": _topic,
    "aws:sns/topicSubscription:TopicSubscription": _subscription,
    "aws:sns/topicPolicy:TopicPolicy": _topic_policy,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:ssm/parameter:Parameter": _parameter,
}
