"""Asynchronous invocations: queued, tried again, and at last sent to a dead-letter queue or a destination.

After the AWS Lambda Developer Guide, "Asynchronous invocation": two retries, one and two minutes later; a throttled
event is tried again for up to six hours. The queue is part of the saved account.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.awslambda.models import lambda_backends

from sandbox.account import background, functions, settings, state
from sandbox.account.functions import event_settings, targets

RETRY_MINUTES = (1.0, 2.0)
MAX_AGE_SECONDS = 21_600
THROTTLED_MINUTES = 0.5
PARALLEL = 16


@dataclass
class Event:
    """One event on its way to a function. Times are real seconds since the epoch."""

    function: str
    qualifier: str | None
    region: str
    payload: Any
    due: float
    accepted: float
    attempts: int = 0
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


def waiting() -> dict[str, Event]:
    """Return the events that are queued or running."""
    return state.kept("asynchronous-invocations", dict)


_running: set[str] = set()
_room = threading.BoundedSemaphore(PARALLEL)


def add(target: targets.Target, payload: Any) -> None:
    """Queue one event for what a call named."""
    now = time.time()
    event = Event(target.name, target.qualifier, target.region, payload, now, now)
    waiting()[event.id] = event
    background.mark_changed()
    _start_due()


@background.every(0.1, "asynchronous-invocations")
def _start_due() -> float:
    """Start what is due; rest until the next event is: one that waits for room is woken by the end of another."""
    now = time.time()
    for event in list(waiting().values()):
        if event.due > now or event.id in _running or not _room.acquire(blocking=False):
            continue
        _running.add(event.id)
        threading.Thread(target=_deliver, args=(event,), name=f"event-{event.id}", daemon=True).start()
    later = [event.due - now for event in list(waiting().values()) if event.due > now]
    return min(later, default=background.UNTIL_CHANGED)


def _deliver(event: Event) -> None:
    try:
        _attempt(event)
    except functions.NotFound:
        waiting().pop(event.id, None)  # the function was deleted meanwhile
    except Exception:
        background.log.exception("an asynchronous invocation of %s failed in the account itself", event.function)
        waiting().pop(event.id, None)
    finally:
        _running.discard(event.id)
        _room.release()
        background.mark_changed()


def _attempt(event: Event) -> None:
    minute = settings.current().minute_seconds
    outcome = functions.invoke(event.function, event.payload, region=event.region, qualifier=event.qualifier)
    config = _config(event)
    too_old = time.time() - event.accepted > config.get("MaximumEventAgeInSeconds", MAX_AGE_SECONDS) * minute / 60
    if outcome.throttled and not too_old:
        event.due = time.time() + THROTTLED_MINUTES * minute
        return
    event.attempts += 1
    if not outcome.error and not outcome.throttled:
        waiting().pop(event.id, None)
        _report(event, outcome, "OnSuccess", "Success")
        return
    if event.attempts <= min(config.get("MaximumRetryAttempts", 2), len(RETRY_MINUTES)) and not too_old:
        event.due = time.time() + RETRY_MINUTES[event.attempts - 1] * minute
        return
    waiting().pop(event.id, None)
    _report(event, outcome, "OnFailure", "EventAgeExceeded" if too_old else "RetriesExhausted")
    _bury(event, outcome)


def _latest(event: Event) -> Any:
    return lambda_backends[settings.current().account_id][event.region].get_function(event.function)


def _config(event: Event) -> dict[str, Any]:
    return event_settings.for_events_to(_latest(event), event.qualifier)


def _report(event: Event, outcome: functions.Outcome, which: str, condition: str) -> None:
    destination = (_config(event).get("DestinationConfig") or {}).get(which, {}).get("Destination")
    if not destination:
        return
    record = {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "requestContext": {
            "requestId": event.id,
            "functionArn": _latest(event).function_arn + f":{event.qualifier or targets.LATEST}",
            "condition": condition,
            "approximateInvokeCount": event.attempts,
        },
        "requestPayload": event.payload,
        "responseContext": {"statusCode": 200, "executedVersion": outcome.executed_version},
        "responsePayload": outcome.payload,
    }
    if outcome.error:
        record["responseContext"]["functionError"] = outcome.error
    send(destination, record, {})


def _bury(event: Event, outcome: functions.Outcome) -> None:
    target = _latest(event).kept_settings.get("DeadLetterConfig", {}).get("TargetArn")
    if not target:
        return
    text = str((outcome.payload or {}).get("errorMessage", ""))[:1024]
    send(target, event.payload, {"RequestID": event.id, "ErrorCode": "200", "ErrorMessage": text})


def send(arn: str, body: Any, attributes: dict[str, str]) -> None:
    """Send a document to an SQS queue, an SNS topic or a function, as the account itself."""
    _, _, service, region, account, name = arn.split(":", 5)
    text = json.dumps(body)
    if service == "lambda":
        functions.invoke(arn, body, region=region, asynchronous=True)
        return
    fields = {key: {"DataType": "String", "StringValue": value} for key, value in attributes.items()}
    import boto3

    # Through the front door, so that everything that hangs on a queue or topic sees the message.
    client: Any = boto3.client(
        service,  # type: ignore[call-overload]
        region_name=region,
        endpoint_url=settings.current().endpoint,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - any will do
    )
    if service == "sqs":
        url = f"{settings.current().endpoint}/{account}/{name}"
        client.send_message(QueueUrl=url, MessageBody=text, MessageAttributes=fields)
    elif service == "sns":
        client.publish(TopicArn=arn, Message=text, MessageAttributes=fields)
