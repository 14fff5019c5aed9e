"""Settings that every system with Lambda functions shares: sizes, work queues, how long logs are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from core.model import Model

LAMBDA_TIMEOUT = Field(ge=1, le=900)
"""Seconds; 900 is Lambda's own limit."""


@dataclass(frozen=True)
class Wanted:
    """Where an alias is to go."""

    system: str
    function: str
    """As the manifest names it, such as ``worker``."""
    release: str


def _whole_number(value: object) -> object:
    """Configuration is text, and a Literal of numbers takes no text."""
    return int(value) if isinstance(value, str) and value.isdigit() else value


class FunctionSize(Model):
    """Memory (MB) and time limit (seconds) of one function."""

    memory: Annotated[int, Field(ge=128, le=10_240)] = 512
    """MB of memory; Lambda gives processor time in proportion."""
    timeout: Annotated[int, LAMBDA_TIMEOUT] = 60
    """Seconds after which Lambda ends a run."""


class QueueSettings(Model):
    """Work queues; each has a dead-letter queue."""

    visibility_timeout: Annotated[int, Field(ge=1, le=43_200)] = 900
    """Seconds that a message is hidden while somebody works on it; 900 in runbook async-rag, level 1, step 4."""
    receive_wait: Annotated[int, Field(ge=0, le=20)] = 20
    """Seconds of long polling; 20 in runbook async-rag, level 1, step 4."""
    max_receive_count: Annotated[int, Field(ge=1, le=1_000)] = 3
    """Deliveries before a message is moved to the dead-letter queue."""
    retention: Annotated[int, Field(ge=60, le=1_209_600)] = 345_600
    """Seconds that a message is kept; the default is 4 days."""
    dead_letter_retention: Annotated[int, Field(ge=60, le=1_209_600)] = 1_209_600
    """Seconds that a dead letter is kept; 14 days is SQS's limit."""
    batch_size: Annotated[int, Field(ge=1, le=10)] = 5
    """Messages that a function gets at a time."""


LogRetention = Annotated[Literal[1, 3, 5, 7, 14, 30, 60, 90, 180, 365], BeforeValidator(_whole_number)]
"""Days; the choices that CloudWatch Logs has."""
