"""compaction as its runbook asks for it: metrics, handlers and package pinned apart, the flag, the data's format."""

from __future__ import annotations

import json

import pytest

from core.model import ConfigurationError
from stacks.compaction import CompactionRelease, CompactionSettings, newest_format
from stacks.releases import load, versions
from tests.components.mocked import run_program

FUNCTION = "aws:lambda/function:Function"
LAYER = "aws:lambda/layerVersion:LayerVersion"
METRICS = (
    "CompactionLambdaSuccess",
    "CompactionLambdaError",
    "StreamProcessorProcessedRecords",
    "CompactionMetadataUpdates",
    "CompactionLabelUpdates",
)


def release(version: str) -> CompactionRelease:
    found = load(version).systems.of(CompactionRelease)
    assert found
    return found


def handlers(version: str = "v1.2.3", **more: str) -> dict[str, tuple[str, str]]:
    """Function -> the version of its code, and the layer it runs with."""
    functions = run_program("prod", rollback_stack__version=version, **more).of_type(FUNCTION)
    return {
        name.removeprefix("compaction-"): (inputs["s3Key"].split("/")[3], inputs["layers"][0].rpartition("-")[2])
        for name, inputs in functions.items()
        if name.startswith("compaction-")
    }


def test_handlers_and_package_are_pinned_apart() -> None:
    assert set(handlers("v1.2.3").values()) == {("1.1.0", "1.1.0")}
    assert set(handlers("v1.2.2").values()) == {("1.0.0", "1.1.0")}
    assert set(handlers("v1.2.1").values()) == {("1.0.0", "1.0.0")}


def test_the_handlers_alone_can_go_back() -> None:
    assert set(handlers("v1.2.3", compaction__handlersFrom="v1.2.1").values()) == {("1.0.0", "1.1.0")}


def test_the_layers_of_every_release_stay() -> None:
    for version in versions():
        layers = run_program("prod", rollback_stack__version=version).of_type(LAYER)
        assert set(layers) == {f"compaction-receipt-chroma-{release(each).package.version}" for each in versions()}


@pytest.mark.parametrize("flag", ["true", "false"])
def test_the_feature_flag_is_in_the_environment(flag: str) -> None:
    functions = run_program("prod", compaction__usePackageCompaction=flag).of_type(FUNCTION)
    for name in ("metadata_handler", "label_handler", "stream_processor", "enhanced_compaction_handler"):
        assert functions[f"compaction-{name}"]["environment"]["variables"]["USE_PACKAGE_COMPACTION"] == flag


def test_the_metrics_of_the_runbook_are_watched() -> None:
    recorder = run_program("prod")
    alarm = recorder.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")["compaction-errors"]
    assert (alarm["namespace"], alarm["metricName"]) == ("Compaction/prod", "CompactionLambdaError")
    dashboard = recorder.of_type("aws:cloudwatch/dashboard:Dashboard")["compaction-dashboard"]["dashboardBody"]
    assert all(metric in dashboard for metric in METRICS)


def test_the_stream_carries_old_and_new_images_and_both_queues_have_dead_letters() -> None:
    recorder = run_program("prod")
    table = recorder.of_type("aws:dynamodb/table:Table")["compaction-receipts"]
    assert (table["streamEnabled"], table["streamViewType"]) == (True, "NEW_AND_OLD_IMAGES")
    queues = recorder.of_type("aws:sqs/queue:Queue")
    for kind in ("metadata", "label"):
        assert "redrivePolicy" in queues[f"compaction-{kind}-queue"]
        assert queues[f"compaction-{kind}-dlq"]["name"] == f"receipt-{kind}-updates-prod-dlq"


def test_a_batch_of_the_stream_that_is_left_behind_is_noted_and_rings() -> None:
    recorder = run_program("prod")
    mappings = recorder.of_type("aws:lambda/eventSourceMapping:EventSourceMapping")
    destination = mappings["compaction-stream-consumer"]["destinationConfig"]["onFailure"]["destinationArn"]
    assert destination.endswith(":compaction-stream-dlq")
    assert recorder.of_type("aws:sqs/queue:Queue")["compaction-stream-dlq"]["name"] == "receipt-stream-prod-dlq"
    policy = recorder.of_type("aws:iam/rolePolicy:RolePolicy")["compaction-stream_processor-policy"]["policy"]
    wanted = {"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": destination}
    assert wanted in json.loads(policy)["Statement"]
    alarm = recorder.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")["compaction-stream-dead-letters"]
    assert (alarm["threshold"], alarm["dimensions"]) == (0, {"QueueName": "receipt-stream-prod-dlq"})


@pytest.mark.parametrize("version", versions())
def test_every_release_declares_the_same_queues(version: str) -> None:
    kind = "aws:sqs/queue:Queue"
    assert run_program("prod", rollback_stack__version=version).of_type(kind) == run_program("prod").of_type(kind)


def test_data_in_a_format_that_a_release_cannot_read_keeps_it_away() -> None:
    written = {"release": "v1.4.0", "dataFormat": {"writes": 2, "newest": 2}}
    assert newest_format("v1.2.3", release("v1.2.3"), CompactionSettings(), written) == 2
    with pytest.raises(ConfigurationError, match=r"at v1\.2\.1 reads data format 1, and the store holds format 2"):
        newest_format("v1.2.1", release("v1.2.1"), CompactionSettings(), written)
    restored = CompactionSettings(restored_format=1)
    assert newest_format("v1.2.1", release("v1.2.1"), restored, written) == 1


def test_nothing_is_known_of_the_data_before_the_first_update() -> None:
    assert newest_format("v1.4.0", release("v1.4.0"), CompactionSettings(), {}) == 2
