"""Amazon SNS. Attribute names: SNS API reference, SetTopicAttributes and SetSubscriptionAttributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.providers.aws import shapes
from sandbox.providers.aws.model import Props, Scope, Type, tag_part

TOPIC = {
    "archivePolicy": "ArchivePolicy",
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deliveryPolicy": "DeliveryPolicy",
    "displayName": "DisplayName",
    "fifoThroughputScope": "FifoThroughputScope",
    "fifoTopic": "FifoTopic",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "policy": "Policy",
    "signatureVersion": "SignatureVersion",
    "tracingConfig": "TracingConfig",
    **{
        f"{way}{kind}": f"{api}{kind[:1].upper()}{kind[1:]}"
        for way, api in (
            ("application", "Application"),
            ("firehose", "Firehose"),
            ("http", "HTTP"),
            ("lambda", "Lambda"),
            ("sqs", "SQS"),
        )
        for kind in ("FailureFeedbackRoleArn", "SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate")
    },
}
SUBSCRIPTION = {
    "deliveryPolicy": "DeliveryPolicy",
    "filterPolicy": "FilterPolicy",
    "filterPolicyScope": "FilterPolicyScope",
    "rawMessageDelivery": "RawMessageDelivery",
    "redrivePolicy": "RedrivePolicy",
    "replayPolicy": "ReplayPolicy",
    "subscriptionRoleArn": "SubscriptionRoleArn",
}


def _texts(props: Props, names: Mapping[str, str]) -> dict[str, str]:
    return {names[name]: shapes.text_of(value) for name, value in props.items() if name in names}


def _live(kind: Type, found: Mapping[str, Any], names: Mapping[str, str]) -> Props:
    return {name: shapes.from_api(kind.properties[name], found.get(attribute), {}) for name, attribute in names.items()}


def _make_topic(scope: Scope, props: Props) -> Props:
    given = _texts(props, TOPIC)
    if not props.get("fifoTopic"):
        given = {name: value for name, value in given.items() if name not in ("FifoTopic", "ContentBasedDeduplication")}
    tags = [{"Key": key, "Value": value} for key, value in sorted((props.get("tags") or {}).items())]
    return scope.call("create_topic", Name=props["name"], Attributes=given, Tags=tags)


def _look_topic(scope: Scope, props: Props) -> Props:
    found = scope.call("get_topic_attributes", TopicArn=props["arn"])["Attributes"]
    live = _live(TOPIC_TYPE, found, TOPIC)
    if "policy" not in props:
        live.pop("policy")  # SNS gives every topic one, and a TopicPolicy may hold it
    return {**live, "arn": found["TopicArn"], "name": found["TopicArn"].rsplit(":", 1)[1], "owner": found.get("Owner")}


def _change_topic(scope: Scope, props: Props, old: Props, changed: set[str]) -> None:
    for name in sorted(changed & set(TOPIC)):
        scope.call(
            "set_topic_attributes",
            TopicArn=old["arn"],
            AttributeName=TOPIC[name],
            AttributeValue=shapes.text_of(props.get(name, "")),
        )


def _remove_topic(scope: Scope, props: Props) -> None:
    scope.call("delete_topic", TopicArn=props["arn"])


TOPIC_TYPE = Type(
    "aws:sns/topic:Topic",
    "sns",
    key=("arn",),
    autoname="name",
    suffix=lambda props: ".fifo" if props.get("fifoTopic") else "",
    replace=("name", "namePrefix", "fifoTopic"),
    defaults={"fifoTopic": False, "contentBasedDeduplication": False},
    make=_make_topic,
    identify=lambda _scope, _props, answer: str(answer["TopicArn"]),
    look=_look_topic,
    change=_change_topic,
    remove=_remove_topic,
    parts=(tag_part("list_tags_for_resource", "tag_resource", "untag_resource", "ResourceArn"),),
    computed=(
        "fifoThroughputScope",
        "policy",
        "signatureVersion",
        "tracingConfig",
    ),
)


def _subscribe(scope: Scope, props: Props) -> Props:
    return scope.call(
        "subscribe",
        TopicArn=props["topic"],
        Protocol=props["protocol"],
        Endpoint=props["endpoint"],
        Attributes={name: value for name, value in _texts(props, SUBSCRIPTION).items() if value != "false"},
        ReturnSubscriptionArn=True,
    )


def _look_subscription(scope: Scope, props: Props) -> Props:
    found = scope.call("get_subscription_attributes", SubscriptionArn=props["arn"])["Attributes"]
    return {
        **_live(SUBSCRIPTION_TYPE, found, SUBSCRIPTION),
        "arn": props["arn"],
        "topic": found["TopicArn"],
        "protocol": found["Protocol"],
        "endpoint": found["Endpoint"],
        "ownerId": found.get("Owner"),
        "pendingConfirmation": found.get("PendingConfirmation") == "true",
        "confirmationWasAuthenticated": found.get("ConfirmationWasAuthenticated") == "true",
    }


def _change_subscription(scope: Scope, props: Props, old: Props, changed: set[str]) -> None:
    for name in sorted(changed & set(SUBSCRIPTION)):
        value = props.get(name, "{}" if name == "filterPolicy" else "")
        scope.call(
            "set_subscription_attributes",
            SubscriptionArn=old["arn"],
            AttributeName=SUBSCRIPTION[name],
            AttributeValue=shapes.text_of(value),
        )


def _unsubscribe(scope: Scope, props: Props) -> None:
    scope.call("unsubscribe", SubscriptionArn=props["arn"])


SUBSCRIPTION_TYPE = Type(
    "aws:sns/topicSubscription:TopicSubscription",
    "sns",
    key=("arn",),
    replace=("topic", "protocol", "endpoint"),
    defaults={"rawMessageDelivery": False, "endpointAutoConfirms": False, "confirmationTimeoutInMinutes": 1},
    make=_subscribe,
    identify=lambda _scope, _props, answer: str(answer["SubscriptionArn"]),
    look=_look_subscription,
    change=_change_subscription,
    remove=_unsubscribe,
    computed=("filterPolicyScope",),
)


def _put_policy(scope: Scope, props: Props) -> Props:
    return scope.call(
        "set_topic_attributes", TopicArn=props["arn"], AttributeName="Policy", AttributeValue=props["policy"]
    )


def _look_policy(scope: Scope, props: Props) -> Props:
    found = scope.call("get_topic_attributes", TopicArn=props["arn"])["Attributes"]
    return {"arn": props["arn"], "policy": found.get("Policy"), "owner": found.get("Owner")}


def _remove_policy(scope: Scope, props: Props) -> None:
    """The policy that SNS gives a new topic: everything to the owner."""
    topic, owner = props["arn"], scope.account
    actions = "GetTopicAttributes SetTopicAttributes AddPermission RemovePermission DeleteTopic"
    actions += " Subscribe ListSubscriptionsByTopic Publish"
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in actions.split()],
        "Resource": topic,
        "Condition": {"StringEquals": {"AWS:SourceOwner": owner}},
    }
    policy = {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}
    _put_policy(scope, {"arn": topic, "policy": shapes.text_of(policy)})


def _change_policy(scope: Scope, props: Props, _old: Props, _changed: set[str]) -> None:
    _put_policy(scope, props)


POLICY_TYPE = Type(
    "aws:sns/topicPolicy:TopicPolicy",
    "sns",
    key=("arn",),
    replace=("arn",),
    make=_put_policy,
    look=_look_policy,
    change=_change_policy,
    remove=_remove_policy,
)

TYPES = (TOPIC_TYPE, SUBSCRIPTION_TYPE, POLICY_TYPE)
