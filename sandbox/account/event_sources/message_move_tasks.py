"""SQS message-move tasks: what lies in a dead-letter queue goes back to where it came from, or to another queue.

Source: SQS API reference, StartMessageMoveTask, ListMessageMoveTasks, CancelMessageMoveTask.
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from typing import Any

from moto.core.responses import ActionResult
from moto.sqs.exceptions import SQSException
from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends
from moto.sqs.responses import SQSResponse

from sandbox.account import background
from sandbox.account.event_sources import queues

KEPT_TASKS = 10
TICK_SECONDS = 0.2
FASTEST = 500
"""Messages per second where the task names no limit."""


@background.every(TICK_SECONDS, "message-moves")
def tick() -> float | None:
    """Move the next messages of every running task; rest where none runs."""
    some = False
    for regions in list(dict(sqs_backends).values()):
        for backend in list(dict(regions).values()):
            for task in _tasks(backend):
                if task["Status"] == "RUNNING":
                    some = True
                    _go_on(backend, task)
    return None if some else background.UNTIL_CHANGED


def _tasks(backend: SQSBackend) -> list[dict[str, Any]]:
    if not hasattr(backend, "message_move_tasks"):
        backend.message_move_tasks = []
    tasks: list[dict[str, Any]] = backend.message_move_tasks
    return tasks


def _go_on(backend: SQSBackend, task: dict[str, Any]) -> None:
    source = backend.queues.get(task["SourceArn"].rpartition(":")[2])
    if source is None:
        task["Status"] = "FAILED"
        task["FailureReason"] = "AWS.SimpleQueueService.NonExistentQueue"
        return
    limit = max(1, int(int(task.get("MaxNumberOfMessagesPerSecond") or FASTEST) * TICK_SECONDS))
    with background.LOCK, queues.exclusive():
        moving: list[Message] = source.messages[:limit]
        for message in moving:
            target = _target(backend, task, message)
            if target is None:
                task["Status"], task["FailureReason"] = "FAILED", "CouldNotDetermineMessageSource"
                break
            source._messages.remove(message)
            source.pending_messages.discard(message)
            message.approximate_receive_count = 0
            message.approximate_first_receive_timestamp = None
            target.add_message(message)
            task["ApproximateNumberOfMessagesMoved"] += 1
        if not source._messages and task["Status"] == "RUNNING":
            task["Status"] = "COMPLETED"
    background.mark_changed()


def _target(backend: SQSBackend, task: dict[str, Any], message: Message) -> Queue | None:
    """Return the destination: the one named, or the queue that the message was first sent to."""
    if named := task.get("DestinationArn"):
        return backend.queues.get(named.rpartition(":")[2])
    origin = getattr(message, "came_from", None)
    if origin in backend.queues:
        return backend.queues[origin]
    sources = backend.list_dead_letter_source_queues(task["SourceArn"].rpartition(":")[2])
    return sources[0] if len(sources) == 1 else None


def _start(self: SQSResponse) -> ActionResult:
    backend, source = self.sqs_backend, self._get_param("SourceArn")
    name = source.rpartition(":")[2]
    if name not in backend.queues:
        raise SQSException(
            "ResourceNotFoundException", "The resource that you specified for the SourceArn parameter doesn't exist."
        )
    if not backend.list_dead_letter_source_queues(name):
        raise SQSException("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.")
    if any(task["Status"] == "RUNNING" and task["SourceArn"] == source for task in _tasks(backend)):
        raise SQSException("AWS.SimpleQueueService.UnsupportedOperation", "There is already a task running.")
    content = json.dumps({"taskId": str(uuid.uuid4()), "sourceArn": source})
    task = {
        "TaskHandle": base64.b64encode(content.encode()).decode(),
        "Status": "RUNNING",
        "SourceArn": source,
        "DestinationArn": self._get_param("DestinationArn"),
        "MaxNumberOfMessagesPerSecond": self._get_param("MaxNumberOfMessagesPerSecond"),
        "ApproximateNumberOfMessagesMoved": 0,
        "ApproximateNumberOfMessagesToMove": len(backend.queues[name]._messages),
        "StartedTimestamp": int(time.time() * 1000),
    }
    _tasks(backend).append({key: value for key, value in task.items() if value is not None})
    return ActionResult({"TaskHandle": task["TaskHandle"]})


def _list(self: SQSResponse) -> ActionResult:
    source = self._get_param("SourceArn")
    count = int(self._get_param("MaxResults") or 1)
    found = [task for task in reversed(_tasks(self.sqs_backend)) if task["SourceArn"] == source]
    return ActionResult({"Results": [_shown(task) for task in found[: min(count, KEPT_TASKS)]]})


def _shown(task: dict[str, Any]) -> dict[str, Any]:
    """Return a task as SQS lists it: only a running one has a handle."""
    return {key: value for key, value in task.items() if key != "TaskHandle" or task["Status"] == "RUNNING"}


def _cancel(self: SQSResponse) -> ActionResult:
    handle = self._get_param("TaskHandle")
    for task in _tasks(self.sqs_backend):
        if task["TaskHandle"] == handle and task["Status"] == "RUNNING":
            task["Status"] = "CANCELLED"
            return ActionResult({"ApproximateNumberOfMessagesMoved": task["ApproximateNumberOfMessagesMoved"]})
    raise SQSException("ResourceNotFoundException", "There's no running message move task with this handle.")


def install() -> None:
    """Add the operations to moto's."""
    SQSResponse.start_message_move_task = _start
    SQSResponse.list_message_move_tasks = _list
    SQSResponse.cancel_message_move_task = _cancel
