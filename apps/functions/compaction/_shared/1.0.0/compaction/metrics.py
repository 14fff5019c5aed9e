"""The metrics that a migration is watched by (seed 002, "Verify Recovery")."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from compaction import aws
from compaction.log import say

SUCCESS = "CompactionLambdaSuccess"
ERROR = "CompactionLambdaError"
PROCESSED = "StreamProcessorProcessedRecords"
METADATA = "CompactionMetadataUpdates"
LABELS = "CompactionLabelUpdates"


def count(**values: int) -> None:
    """Add to metrics, by name. Failing to is logged and stops nothing: the work itself is done."""
    data = [{"MetricName": name, "Value": float(value), "Unit": "Count"} for name, value in values.items()]
    try:
        aws.client("cloudwatch").put_metric_data(Namespace=os.environ["METRICS_NAMESPACE"], MetricData=data)
    except (BotoCoreError, ClientError) as error:
        say("Metrics not written", metrics=",".join(values), error=error)


@contextmanager
def judged() -> Iterator[None]:
    """Count one invocation as a success or, where it raises, as an error."""
    try:
        yield
    except Exception as error:
        say(f"ERROR {type(error).__name__}: {error}")
        count(**{ERROR: 1})
        raise
    count(**{SUCCESS: 1})
