"""What a change in place loses: companions, values known only later, and directions."""

from __future__ import annotations

import asyncio
import shlex
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guard.in_place import COMPANIONS, LEAVINGS, ROWS, declared_values, described, losses, refusal

TABLE, BUCKET, QUEUE = "aws:dynamodb/table:Table", "aws:s3/bucket:Bucket", "aws:sqs/queue:Queue"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
NOTIFICATION = "aws:s3/bucketNotification:BucketNotification"
IMAGES = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
STREAM = {"startingPosition": "LATEST"}


def lost(*words: Any, **options: Any) -> list[str]:
    return [loss.lost for loss in losses(*words, **options)]


def test_a_loss_says_all_that_a_person_needs() -> None:
    (loss,) = losses(QUEUE, {"messageRetentionSeconds": 345_600.0}, {"messageRetentionSeconds": 60})
    assert (loss.path, loss.before, loss.after, loss.irreversible) == (
        "messageRetentionSeconds",
        "345,600 s",
        "60 s",
        True,
    )
    assert described([loss]) == [
        {
            "path": "messageRetentionSeconds",
            "before": "345,600 s",
            "after": "60 s",
            "lost": "messages older than 60 s go: retention 345,600 s -> 60 s",
            "irreversible": True,
            "certain": True,
        }
    ]
    assert refusal("jobs-prod", "prod", [loss]) == (
        "messages older than 60 s go: retention 345,600 s -> 60 s (property messageRetentionSeconds; nothing brings "
        "it back); this isn't approved\n"
        "  rollback guard approve jobs-prod --action lose --by NAME --reason TEXT -s prod"
    )


def test_a_command_can_be_typed_as_it_is_printed() -> None:
    found = losses(TABLE, {"deletionProtectionEnabled": True}, {})
    urn = "urn:pulumi:prod::trial::a:systems:Files$aws:dynamodb/table:Table::jobs"
    text, _, command = refusal(urn, "prod", found).partition("\n")
    assert text.endswith("may delete it (property deletionProtectionEnabled); this isn't approved")
    assert shlex.split(command)[:6] == ["rollback", "guard", "approve", urn, "--action", "lose"]


def test_each_property_of_a_resource_is_a_loss_of_its_own() -> None:
    before = {"deletionProtectionEnabled": True, "pointInTimeRecovery": {"enabled": True}, "streamEnabled": True}
    assert [loss.path for loss in losses(TABLE, before, {})] == [
        "pointInTimeRecovery.enabled",
        "deletionProtectionEnabled",
        "streamEnabled",
    ]


@pytest.mark.parametrize(
    ("token", "after"),
    [
        (LIFECYCLE, {"rules": [{"id": "a", "status": "Enabled", "expiration": {"days": 1}}]}),
        (VERSIONING, {"versioningConfiguration": {"status": "Suspended"}}),
        (IMAGES, {"policy": '{"rules": [{"selection": {"tagStatus": "any", "countType": "imageCountMoreThan"}}]}'}),
        (MAPPING, {"filterCriteria": {"filters": [{"pattern": "{}"}]}}),
        ("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", {"maximumEventAgeInSeconds": 60}),
    ],
)
def test_a_new_companion_loses_what_a_store_has_that_was_there_before(token: str, after: dict[str, Any]) -> None:
    assert lost(token, None, after, existing_store=True) != []
    assert lost(token, None, after) == []


OF_A_QUEUE = {"eventSourceArn": "arn:aws:sqs:us-east-1:1:jobs"}
FILTER = {"filterCriteria": {"filters": [{"pattern": "{}"}]}}


@pytest.mark.parametrize(
    ("token", "after", "counts"),
    [
        (MAPPING, {**STREAM, "maximumRetryAttempts": 10}, False),
        (MAPPING, {**STREAM, "maximumRecordAgeInSeconds": 60}, False),
        (MAPPING, {**STREAM, **FILTER}, False),
        (MAPPING, {**OF_A_QUEUE, **FILTER}, True),
        (MAPPING, OF_A_QUEUE, False),
        ("aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter", {"filterPattern": "ERROR"}, False),
        ("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", {"maximumRetryAttempts": 0}, True),
    ],
)
def test_a_new_reader_takes_nothing_from_the_others(token: str, after: dict[str, Any], counts: bool) -> None:
    assert bool(lost(token, None, after, existing_store=True)) is counts


def test_a_new_companion_that_only_keeps_loses_nothing() -> None:
    for status in ("Enabled", "Disabled"):
        assert lost(VERSIONING, None, {"versioningConfiguration": {"status": status}}, existing_store=True) == []
    assert (
        lost(LIFECYCLE, None, {"rules": [{"status": "Disabled", "expiration": {"days": 1}}]}, existing_store=True) == []
    )
    assert lost(NOTIFICATION, None, {"queues": []}, existing_store=True) == []
    assert lost("aws:sqs/redrivePolicy:RedrivePolicy", None, {"redrivePolicy": "{}"}, existing_store=True) == []


HELD: dict[str, dict[str, Any]] = {
    VERSIONING: {"versioningConfiguration": {"status": "Enabled"}},
    "aws:s3/bucketVersioningV2:BucketVersioningV2": {"versioningConfiguration": {"status": "Enabled"}},
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": {
        "rule": {"defaultRetention": {"mode": "GOVERNANCE", "days": 1}}
    },
    "aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2": {
        "rule": {"defaultRetention": {"mode": "GOVERNANCE", "days": 1}}
    },
    "aws:efs/backupPolicy:BackupPolicy": {"backupPolicy": {"status": "ENABLED"}},
    MAPPING: STREAM,
    "aws:sns/topicSubscription:TopicSubscription": {"protocol": "sqs"},
}


@pytest.mark.parametrize("token", LEAVINGS)
def test_a_companion_that_leaves_takes_what_it_kept(token: str) -> None:
    (loss,) = losses(token, HELD.get(token, {}), None)
    assert (loss.before, loss.after) == ("there", "gone")
    if token in HELD:
        assert losses(token, {}, None) == []


@pytest.mark.parametrize("token", [LIFECYCLE, IMAGES, TABLE, BUCKET, "aws:new/thing:Thing"])
def test_what_deletes_may_leave_and_a_store_that_leaves_is_a_removal(token: str) -> None:
    rules = [{"status": "Enabled", "expiration": {"days": 1}}]
    assert losses(token, {"rules": rules, "policy": '{"rules": []}', "forceDestroy": True}, None) == []


def test_a_queues_consumer_that_stops_or_leaves_leaves_its_messages() -> None:
    queue = {"eventSourceArn": "arn:aws:sqs:us-east-1:1:jobs", "enabled": True}
    assert losses(MAPPING, queue, None) == []
    assert losses(MAPPING, queue, {**queue, "enabled": False}) == []


UNKNOWNS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (TABLE, {"ttl": {"enabled": False}}, {"ttl": None}),
    (TABLE, {"ttl": {"enabled": False}}, {"ttl": {"enabled": True, "attributeName": None}}),
    (TABLE, {"pointInTimeRecovery": {"enabled": True}}, {"pointInTimeRecovery": None}),
    (TABLE, {"globalSecondaryIndexes": [{"name": "a"}]}, {"globalSecondaryIndexes": [{"name": None}]}),
    (TABLE, {"streamViewType": "NEW_IMAGE"}, {"streamViewType": None}),
    (QUEUE, {"messageRetentionSeconds": 60}, {"messageRetentionSeconds": None}),
    (BUCKET, {}, {"forceDestroy": None}),
    (LIFECYCLE, {"rules": []}, {"rules": None}),
    (LIFECYCLE, {"rules": []}, {"rules": [None]}),
    (LIFECYCLE, {"rules": []}, {"rules": [{"status": "Enabled", "expiration": {"days": None}}]}),
    (LIFECYCLE, {"rules": []}, {"rules": [{"status": None, "expiration": {"days": 1}}]}),
    (VERSIONING, {"versioningConfiguration": {"status": "Enabled"}}, {"versioningConfiguration": {"status": None}}),
    (NOTIFICATION, {"queues": [{"events": ["s3:ObjectCreated:*"]}]}, {"queues": None}),
    (IMAGES, {"policy": '{"rules": []}'}, {"policy": None}),
    (IMAGES, {"policy": '{"rules": []}'}, {"policy": "not json"}),
    ("aws:rds/instance:Instance", {"engine": "postgres", "engineVersion": "15"}, {"engineVersion": None}),
    ("aws:s3/bucketReplicationConfig:BucketReplicationConfig", {"rules": [{"status": "Enabled"}]}, {"rules": None}),
    (
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        {"rule": {"defaultRetention": {"mode": "GOVERNANCE", "days": 1}}},
        {"rule": None},
    ),
    (
        "kubernetes:core/v1:PersistentVolumeClaim",
        {"spec": {"resources": {"requests": {"storage": "1Gi"}}}},
        {"spec": None},
    ),
    ("aws:sns/topic:Topic", {"archivePolicy": '{"MessageRetentionPeriod": 3}'}, {"archivePolicy": None}),
    ("aws:sns/topicSubscription:TopicSubscription", {}, {"filterPolicy": None}),
]


@pytest.mark.parametrize(("token", "before", "after"), UNKNOWNS)
def test_what_is_known_only_in_the_update_could_lose(token: str, before: Any, after: Any) -> None:
    found = losses(token, before, after)
    assert [loss for loss in found if "known only in the update" in loss.lost and not loss.certain] != [], found


@pytest.mark.parametrize(
    ("token", "before", "after"),
    [
        (QUEUE, {"redrivePolicy": "{}"}, {"redrivePolicy": None}),  # whatever it says, there is one
        (QUEUE, {"messageRetentionSeconds": 60}, {"name": None, "tags": None}),
        (TABLE, {}, {"pointInTimeRecovery": None, "globalSecondaryIndexes": None}),  # nothing there to lose
        (LIFECYCLE, {"rules": []}, {"bucket": None, "rules": [{"status": "Disabled", "expiration": {"days": None}}]}),
        (LIFECYCLE, {"rules": []}, {"rules": [{"id": None, "status": "Enabled", "transitions": None}]}),
        (NOTIFICATION, {"queues": [{"events": ["a"]}]}, {"queues": [{"queueArn": None, "events": ["a"]}]}),
        (
            "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
            {"role": "arn", "rules": [{"id": "copy", "status": "Enabled", "destination": {"bucket": "arn"}}]},
            {"role": None, "rules": [{"id": "copy", "status": "Enabled", "destination": {"bucket": None}}]},
        ),
    ],
)
def test_what_cannot_lose_may_be_unknown(token: str, before: Any, after: Any) -> None:
    assert losses(token, before, after) == []


@pytest.mark.parametrize(
    ("token", "before"),
    [
        (BUCKET, {"versioning": {"enabled": True}, "lifecycleRules": [{"enabled": True, "expiration": {"days": 1}}]}),
        (BUCKET, {"objectLockConfiguration": {"rule": {"defaultRetention": {"mode": "COMPLIANCE", "days": 1}}}}),
        (BUCKET, {"replicationConfiguration": {"rules": [{"id": "a", "status": "Enabled"}]}}),
        ("aws:rds/cluster:Cluster", {"allocatedStorage": 1, "backupRetentionPeriod": 1, "engineVersion": "16.1"}),
        ("aws:ec2/instance:Instance", {"rootBlockDevice": {"volumeSize": 8, "deleteOnTermination": True}}),
        ("aws:fsx/windowsFileSystem:WindowsFileSystem", {"automaticBackupRetentionDays": 7, "storageCapacity": 32}),
        ("kubernetes:core/v1:Namespace", {"metadata": {"finalizers": ["x"]}, "spec": {"finalizers": ["kubernetes"]}}),
        (QUEUE, {"messageRetentionSeconds": 345_600, "redrivePolicy": ""}),
        (
            MAPPING,
            {"enabled": True, "maximumRecordAgeInSeconds": 0, "maximumRetryAttempts": 0, "destinationConfig": {}},
        ),
    ],
)
def test_what_services_and_companions_set_is_not_the_programs_to_lose(token: str, before: dict[str, Any]) -> None:
    assert losses(token, before, {}) == []


def test_what_the_engine_ignores_stays_as_it_is() -> None:
    before = {"ttl": {"enabled": False}, "replicas": [{"regionName": "eu-west-1"}], "deletionProtectionEnabled": True}
    after = {"ttl": {"enabled": True, "attributeName": "expires"}}
    assert [loss.path for loss in losses(TABLE, before, after, ignored=["replicas[0].regionName", "ttl.enabled"])] == [
        "deletionProtectionEnabled"
    ]
    assert losses(TABLE, before, after, ignored=["*"]) == []


def test_inputs_are_read_as_programs_spell_them() -> None:
    # An output needs an event loop, and a program under mocks that ran before may have left none.
    asyncio.set_event_loop(asyncio.new_event_loop())
    args = {
        "ttl": aws.dynamodb.TableTtlArgs(attribute_name="expires", enabled=True),
        "point_in_time_recovery": {"enabled": True, "recovery_period_in_days": 3},
        "global_secondary_indexes": [aws.dynamodb.TableGlobalSecondaryIndexArgs(name="a", projection_type="ALL")],
        "stream_enabled": None,
        "tags": pulumi.Output.from_input({"a": "b"}),
        "hash_key": aws.dynamodb.TableAttributeArgs,
    }
    plain = declared_values(args)
    assert plain["tags"] is None
    assert "streamEnabled" not in plain
    before = {
        "pointInTimeRecovery": {"enabled": True, "recoveryPeriodInDays": 35},
        "globalSecondaryIndexes": [{"name": "b", "projectionType": "ALL"}],
    }
    assert [loss.path for loss in losses(TABLE, before, plain)] == [
        "ttl",
        "pointInTimeRecovery",
        "globalSecondaryIndexes[b]",
    ]
    rule = aws.s3.BucketLifecycleConfigurationRuleArgs(
        id="a",
        status="Enabled",
        filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(
            and_=aws.s3.BucketLifecycleConfigurationRuleFilterAndArgs(prefix="raw/", tags={"a_b": "c"})
        ),
        expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=3),
    )
    assert lost(LIFECYCLE, {"rules": []}, declared_values({"rules": [rule]})) == [
        "objects under raw/ with the tags a_b=c are deleted 3 days after they were written"
    ]


ANYTHING = st.recursive(
    st.sampled_from([None, "", "*", "{", "Enabled", 0, -1, 1.5, True, "10Gi", "v1", "2027-01-01"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["enabled", "name", "rules", "status", "days", "expiration", "spec"]), inner)
    ),
    max_leaves=8,
)
KEYS = sorted({row.path.partition(".")[0] for own in ROWS.values() for row in own if row.path})
VALUES = st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=4)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([*ROWS, *COMPANIONS, "aws:new/store:Store", "kubernetes:apps/v1:StatefulSet"]), VALUES, VALUES)
def test_no_comparison_breaks_whatever_it_is_shown(token: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    """A comparison that raises would end every update with a traceback."""
    for loss in losses(token, before, after, existing_store=True):
        assert loss.lost
    losses(token, before, None)


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [without_nulls(inner) for inner in value if inner is not None] if isinstance(value, list) else value


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([*ROWS, "aws:new/store:Store", "kubernetes:apps/v1:StatefulSet"]), VALUES)
def test_nothing_is_lost_where_nothing_changes(token: str, values: dict[str, Any]) -> None:
    assert losses(token, values, without_nulls(values)) == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(
        [
            (QUEUE, "messageRetentionSeconds"),
            ("aws:kinesis/stream:Stream", "retentionPeriod"),
            ("aws:rds/instance:Instance", "backupRetentionPeriod"),
            ("aws:kms/key:Key", "deletionWindowInDays"),
            ("aws:ebs/volume:Volume", "size"),
        ]
    ),
    st.integers(1, 1_000_000),
    st.integers(1, 1_000_000),
)
def test_a_figure_is_lost_in_one_direction_only(kind: tuple[str, str], before: int, after: int) -> None:
    token, path = kind
    assert bool(losses(token, {path: before}, {path: after})) is (after < before)


DAYS = st.integers(0, 3_650)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DAYS, DAYS)
def test_logs_are_kept_for_ever_at_zero_days(before: int, after: int) -> None:
    figures = [value or 10_000 for value in (before, after)]
    found = losses("aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": before}, {"retentionInDays": after})
    assert bool(found) is (figures[1] < figures[0])
