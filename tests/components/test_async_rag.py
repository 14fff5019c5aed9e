"""async-rag as declared: routes, levels, durable stores, triggers (runbook async-rag)."""

from __future__ import annotations

import functools
import json

import pytest

from stacks.async_rag import ASYNC_PATH_FUNCTIONS, LASTING_FUNCTIONS, AsyncRagRelease
from stacks.releases import load, versions
from tests.components import mocked
from tests.components.mocked import Recorder

run_program = functools.partial(mocked.run_program, rollback_stack__systems='["async-rag"]')
FUNCTION = "aws:lambda/function:Function"
DURABLE = (
    "aws:s3/bucket:Bucket",
    "aws:dynamodb/table:Table",
    "aws:rds/instance:Instance",
    "aws:sqs/queue:Queue",
)


def notified(recorder: Recorder) -> str:
    (notification,) = recorder.of_type("aws:s3/bucketNotification:BucketNotification").values()
    (target,) = notification["lambdaFunctions"]
    assert target["id"] == "RagDocumentProcessing"
    assert (target["events"], target["filterSuffix"]) == (["s3:ObjectCreated:*"], ".pdf")
    return str(target["lambdaFunctionArn"])


def consumers(recorder: Recorder) -> list[bool]:
    found = recorder.of_type("aws:lambda/eventSourceMapping:EventSourceMapping")
    return [mapping["enabled"] for _, mapping in sorted(found.items())]


def durable(recorder: Recorder) -> dict[str, dict[str, object]]:
    return {name: inputs for kind in DURABLE for name, inputs in recorder.of_type(kind).items()}


def test_documents_go_to_the_processor_and_the_consumers_run() -> None:
    recorder = run_program()
    assert "async_document_processor" in notified(recorder)
    assert consumers(recorder) == [True, True]


def test_level_1_repoints_the_notification_pauses_the_consumers_and_keeps_the_rest() -> None:
    before, after = run_program(), run_program(async_rag__route="legacy")
    assert "process_document_for_rag" in notified(after)
    assert consumers(after) == [False, False]
    assert set(before.resources) == set(after.resources)
    moved = {name for name in before.resources if before.resources[name].inputs != after.resources[name].inputs}
    assert moved == {
        "async-rag-upload",
        "async-rag-vdr_processor-consumer",
        "async-rag-text_rag_processor-consumer",
    }


def test_draining_keeps_the_consumers_running_on_the_legacy_route() -> None:
    recorder = run_program(async_rag__route="legacy", async_rag__drain="true")
    assert "process_document_for_rag" in notified(recorder)
    assert consumers(recorder) == [True, True]


def test_level_2_removes_the_new_functions_and_keeps_every_store() -> None:
    before, after = run_program(), run_program(rollback_stack__version="v1.2.1")
    gone = set(before.of_type(FUNCTION)) - set(after.of_type(FUNCTION))
    assert gone == {f"async-rag-{name}" for name in ASYNC_PATH_FUNCTIONS}
    assert set(after.of_type(FUNCTION)) == {f"async-rag-{name}" for name in LASTING_FUNCTIONS}
    assert durable(before) == durable(after)
    assert "process_document_for_rag" in notified(after)


@pytest.mark.parametrize("version", versions())
def test_every_release_declares_the_same_durable_stores(version: str) -> None:
    assert durable(run_program(rollback_stack__version=version)) == durable(run_program())


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_names_carry_the_stack(stack: str) -> None:
    recorder = run_program(stack)
    stores = durable(recorder)
    assert stores["async-rag-documents"]["bucket"] == f"amplify-files-{stack}"
    assert stores["async-rag-status"]["name"] == f"document-processing-status-{stack}"
    assert stores["async-rag-connections"]["name"] == f"websocket-connections-{stack}"
    assert stores["async-rag-database"]["identifier"] == f"rag-postgres-{stack}"
    legacy = recorder.of_type(FUNCTION)["async-rag-process_document_for_rag"]
    assert legacy["name"] == f"amplify-rag-{stack}-process_document_for_rag"


def test_stores_are_guarded_in_the_account_as_well() -> None:
    stores = durable(run_program())
    for name in ("async-rag-status", "async-rag-connections"):
        assert stores[name]["deletionProtectionEnabled"] is True
        assert stores[name]["pointInTimeRecovery"] == {"enabled": True}
    assert stores["async-rag-connections"]["ttl"] == {"attributeName": "expires_at", "enabled": True}
    database = stores["async-rag-database"]
    assert database["deletionProtection"] is True
    assert database["skipFinalSnapshot"] is False
    assert database["finalSnapshotIdentifier"] == "rag-postgres-prod-final"


def test_the_queues_carry_the_runbooks_figures_and_a_dead_letter_queue() -> None:
    queues = durable(run_program())
    for name in ("async-rag-vdr-queue", "async-rag-text-rag-queue"):
        assert queues[name]["visibilityTimeoutSeconds"] == 900
        assert queues[name]["receiveWaitTimeSeconds"] == 20
        assert json.loads(str(queues[name]["redrivePolicy"]))["maxReceiveCount"] == 3
    assert {"async-rag-vdr-dlq", "async-rag-text-rag-dlq"} <= set(queues)


@pytest.mark.parametrize("version", versions())
def test_every_function_that_the_bucket_invokes_keeps_the_uploads_it_fails_on(version: str) -> None:
    recorder = run_program(rollback_stack__version=version)
    permissions = recorder.of_type("aws:lambda/permission:Permission").values()
    invoked = {(each["function"], each["qualifier"]) for each in permissions if each["principal"] == "s3.amazonaws.com"}
    kept = recorder.of_type("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig")
    assert {(each["functionName"], each["qualifier"]) for each in kept.values()} == invoked
    has_async_path = any(name.endswith("-async_document_processor") for name in recorder.of_type(FUNCTION))
    assert len(invoked) == (2 if has_async_path else 1)
    queue = durable(recorder)["async-rag-uploads-dlq"]
    assert (queue["name"], queue["messageRetentionSeconds"]) == ("amplify-rag-prod-uploads-dlq", 1_209_600)
    for name, settings in kept.items():
        assert settings["maximumRetryAttempts"] == 2
        destination = settings["destinationConfig"]["onFailure"]["destination"]
        assert destination.endswith(":async-rag-uploads-dlq")
        policy = recorder.of_type("aws:iam/rolePolicy:RolePolicy")[f"{name.removesuffix('-failures')}-policy"]
        statements = json.loads(policy["policy"])["Statement"]
        assert {"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": destination} in statements


def test_code_is_pinned_by_content() -> None:
    release = load("v1.2.3").systems.of(AsyncRagRelease)
    assert release is not None
    for name, function in run_program().of_type(FUNCTION).items():
        artifact = release.functions[name.removeprefix("async-rag-")]
        assert function["s3Key"].endswith(f"/{artifact.version}/{artifact.sha256}.zip")


def test_the_triggers_are_alarms() -> None:
    alarms = run_program().of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
    success = alarms["async-rag-success-rate"]
    assert (success["threshold"], success["evaluationPeriods"]) == (80, 15)
    assert success["comparisonOperator"] == "LessThanThreshold"
    errors = alarms["async-rag-process_document_for_rag-error-rate"]
    assert (errors["threshold"], errors["comparisonOperator"]) == (10, "GreaterThanThreshold")
    assert alarms["async-rag-cost"]["threshold"] == 150
    assert {"async-rag-status-throttling", "async-rag-vdr-dead-letters", "async-rag-text-rag-backlog"} <= set(alarms)
    failed = alarms["async-rag-uploads-dead-letters"]
    assert (failed["name"], failed["threshold"]) == ("amplify-rag-prod-uploads-dead-letters", 0)
    assert failed["dimensions"] == {"QueueName": "amplify-rag-prod-uploads-dlq"}
    for name, alarm in alarms.items():
        assert alarm["alarmActions"], name


def test_no_function_may_touch_everything() -> None:
    for name, policy in run_program().of_type("aws:iam/rolePolicy:RolePolicy").items():
        for statement in json.loads(policy["policy"])["Statement"]:
            assert statement["Resource"] != "*", name
            assert not any(action.endswith(":*") for action in statement["Action"]), name


def test_known_code_is_not_published_again() -> None:
    first = run_program()
    aliases = first.of_type("aws:lambda/alias:Alias")
    assert all(alias["functionVersion"] == "7" for alias in aliases.values())
    assert all(function["publish"] is True for function in first.of_type(FUNCTION).values())
