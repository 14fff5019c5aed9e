"""Amazon SQS. Attribute names: SQS API reference, CreateQueue and SetQueueAttributes."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.providers.aws import shapes
from sandbox.providers.aws.api import NotFoundError
from sandbox.providers.aws.model import Props, Scope, Type, tag_part

ATTRIBUTES = {
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deduplicationScope": "DeduplicationScope",
    "delaySeconds": "DelaySeconds",
    "fifoQueue": "FifoQueue",
    "fifoThroughputLimit": "FifoThroughputLimit",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "maxMessageSize": "MaximumMessageSize",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "policy": "Policy",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "redriveAllowPolicy": "RedriveAllowPolicy",
    "redrivePolicy": "RedrivePolicy",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
}
_SHARED = ("policy", "redrivePolicy", "redriveAllowPolicy")
"""Attributes that resources of their own may hold: a queue reports them only when it declared them itself."""


def _create(scope: Scope, props: Props) -> Props:
    given = {ATTRIBUTES[name]: shapes.text_of(value) for name, value in props.items() if name in ATTRIBUTES}
    if not props.get("fifoQueue"):
        given.pop("FifoQueue", None)  # SQS refuses the attribute for a standard queue, even with the value false
    return scope.call("create_queue", QueueName=props["name"], Attributes=given, tags=props.get("tags") or {})


def attributes(scope: Scope, url: str) -> dict[str, str]:
    """The attributes of a queue. Raises `NotFoundError`."""
    found: dict[str, str] = scope.call("get_queue_attributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return found


def _look(scope: Scope, props: Props) -> Props:
    found = attributes(scope, props["url"])
    imported = "name" not in props  # nothing declares anything yet: all that it has is its own
    live: Props = {
        name: shapes.from_api(QUEUE.properties[name], found.get(attribute), {})
        for name, attribute in ATTRIBUTES.items()
        if name not in _SHARED or imported or (name in props and (attribute in found or name != "redriveAllowPolicy"))
    }
    return {**live, "arn": found["QueueArn"], "url": props["url"], "name": props["url"].rsplit("/", 1)[1]}


def _change(scope: Scope, props: Props, old: Props, changed: set[str]) -> None:
    wanted = {
        ATTRIBUTES[name]: shapes.text_of(props.get(name, ""))
        for name in sorted(changed & set(ATTRIBUTES))
        if name in props or name in (*_SHARED, "kmsMasterKeyId")
    }
    if wanted:
        scope.call("set_queue_attributes", QueueUrl=old["url"], Attributes=wanted)


def _check(props: Props) -> Mapping[str, str]:
    name = str(props.get("name", ""))
    if props.get("fifoQueue") and not name.endswith(".fifo"):
        return {"name": f"the name of a FIFO queue ends with .fifo, and {name} does not"}
    return {}


def _remove(scope: Scope, props: Props) -> None:
    scope.call("delete_queue", QueueUrl=props["url"])


QUEUE = Type(
    "aws:sqs/queue:Queue",
    "sqs",
    key=("url",),
    autoname="name",
    suffix=lambda props: ".fifo" if props.get("fifoQueue") else "",
    replace=("name", "namePrefix", "fifoQueue"),
    defaults={
        "delaySeconds": 0,
        "fifoQueue": False,
        "contentBasedDeduplication": False,
        "maxMessageSize": 262144,
        "messageRetentionSeconds": 345600,
        "receiveWaitTimeSeconds": 0,
        "visibilityTimeoutSeconds": 30,
    },
    make=_create,
    identify=lambda _scope, _props, answer: str(answer["QueueUrl"]),
    look=_look,
    change=_change,
    check=_check,
    remove=_remove,
    parts=(tag_part("list_queue_tags", "tag_queue", "untag_queue", "QueueUrl", "url", tags="Tags"),),
    computed=(
        "deduplicationScope",
        "fifoThroughputLimit",
        "kmsDataKeyReusePeriodSeconds",
        "sqsManagedSseEnabled",
    ),
)


def _attribute(token: str, name: str) -> Type:
    """A resource that is one attribute of a queue."""
    attribute = ATTRIBUTES[name]

    def put(scope: Scope, props: Props) -> Props:
        return scope.call("set_queue_attributes", QueueUrl=props["queueUrl"], Attributes={attribute: props[name]})

    def look(scope: Scope, props: Props) -> Props:
        found = attributes(scope, props["queueUrl"]).get(attribute)
        if not found and name == "redriveAllowPolicy" and props.get(name):
            return {"queueUrl": props["queueUrl"]}  # the account takes the attribute and doesn't give it back
        if not found:
            raise NotFoundError(f"the queue {props['queueUrl']} has no {attribute}")
        return {name: found, "queueUrl": props["queueUrl"]}

    def change(scope: Scope, props: Props, _old: Props, _changed: set[str]) -> None:
        put(scope, props)

    def remove(scope: Scope, props: Props) -> None:
        scope.call("set_queue_attributes", QueueUrl=props["queueUrl"], Attributes={attribute: ""})

    return Type(
        token, "sqs", key=("queueUrl",), replace=("queueUrl",), make=put, look=look, change=change, remove=remove
    )


TYPES = (
    QUEUE,
    _attribute("aws:sqs/queuePolicy:QueuePolicy", "policy"),
    _attribute("aws:sqs/redrivePolicy:RedrivePolicy", "redrivePolicy"),
    _attribute("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy", "redriveAllowPolicy"),
)
