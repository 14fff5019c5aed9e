"""SNS -> Lambda, HTTP and raw queue deliveries, which moto makes up, does while the publisher waits, or gets wrong.

Source: SNS developer guide, "Fanout to Lambda functions"; Lambda developer guide, "Invoking Lambda with SNS".
"""

from __future__ import annotations

import logging
import threading
from typing import Any
from urllib.parse import urlparse

from moto.core.utils import iso_8601_datetime_with_milliseconds
from moto.sns.models import Subscription

from sandbox.account import functions

log = logging.getLogger("sandbox.account")

LOOPBACK = {"127.0.0.1", "localhost", "::1"}

_publish = Subscription.publish


def publish(self: Subscription, message: str, message_id: str, *args: Any, **kwargs: Any) -> None:
    """Deliver one message to one subscription, in the background where someone would have to wait for it."""
    raw = self.attributes.get("RawMessageDelivery")
    if isinstance(raw, str) and raw.lower() == "false":
        # moto takes any text for true.
        del self.attributes["RawMessageDelivery"]
    if self.protocol == "lambda":
        _invoke(self, message, message_id, **kwargs)
    elif self.protocol in {"http", "https"}:
        if urlparse(self.endpoint).hostname not in LOOPBACK:
            log.warning("the subscription %s isn't on loopback; nothing was sent", self.endpoint)
            return
        threading.Thread(target=_publish, args=(self, message, message_id, *args), kwargs=kwargs, daemon=True).start()
    else:
        _publish(self, message, message_id, *args, **kwargs)


def _invoke(
    subscription: Subscription,
    message: str,
    message_id: str,
    subject: str | None = None,
    message_attributes: dict[str, Any] | None = None,
    message_structure: str | None = None,
    **_: Any,
) -> None:
    matcher = subscription._filter_policy_matcher
    if matcher is not None and not matcher.matches(message_attributes, message):
        return
    if message_structure == "json":
        message = subscription._parse_message_structure(message, "lambda")
    event = {
        "Records": [
            {
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": subscription.arn,
                "Sns": {
                    "Type": "Notification",
                    "MessageId": message_id,
                    "TopicArn": subscription.topic.arn,
                    "Subject": subject,
                    "Message": message,
                    "Timestamp": iso_8601_datetime_with_milliseconds(),
                    "SignatureVersion": "1",
                    "Signature": "",
                    "SigningCertUrl": "",
                    "UnsubscribeUrl": "",
                    "MessageAttributes": {
                        name: {"Type": value.get("Type"), "Value": value.get("Value")}
                        for name, value in (message_attributes or {}).items()
                    },
                },
            }
        ]
    }
    region = subscription.endpoint.split(":")[3]
    try:
        functions.invoke(subscription.endpoint, event, region=region, asynchronous=True)
    except functions.NotFound:
        log.warning("the topic %s notifies %s, which doesn't exist", subscription.topic.arn, subscription.endpoint)


def install() -> None:
    """Put this delivery in the place of moto's."""
    Subscription.publish = publish
