from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.account.conftest import package

OLD = "import os\ndef handler(event, context): return ['old', os.environ.get('SETTING')]\n"
NEW = "import os\ndef handler(event, context): return ['new', os.environ.get('SETTING')]\n"


def sha(archive: bytes) -> str:
    return base64.b64encode(hashlib.sha256(archive).digest()).decode()


def test_publishing_without_a_change_gives_the_same_version(account: Any) -> None:
    client = account.client("lambda")
    account.function("same", OLD)
    numbers = [client.publish_version(FunctionName="same")["Version"] for _ in range(3)]
    assert numbers == ["1", "1", "1"]
    client.update_function_code(FunctionName="same", ZipFile=package(OLD), Publish=False)
    assert client.publish_version(FunctionName="same")["Version"] == "1"
    client.update_function_configuration(FunctionName="same", MemorySize=256)
    assert client.publish_version(FunctionName="same")["Version"] == "2"
    versions = client.list_versions_by_function(FunctionName="same")["Versions"]
    assert [one["Version"] for one in versions] == ["$LATEST", "1", "2"]


def test_a_number_is_never_used_again(account: Any) -> None:
    client = account.client("lambda")
    account.function("numbers", OLD, Publish=True)
    assert client.update_function_code(FunctionName="numbers", ZipFile=package(NEW), Publish=True)["Version"] == "2"
    client.delete_function(FunctionName="numbers", Qualifier="2")
    client.update_function_configuration(FunctionName="numbers", Timeout=7)
    assert client.publish_version(FunctionName="numbers")["Version"] == "3"


def test_a_published_version_never_changes(account: Any) -> None:
    client = account.client("lambda")
    account.function("frozen", OLD, Environment={"Variables": {"SETTING": "one"}}, Publish=True)
    client.update_function_code(FunctionName="frozen", ZipFile=package(NEW))
    client.update_function_configuration(
        FunctionName="frozen", Environment={"Variables": {"SETTING": "two"}}, Timeout=9, MemorySize=512
    )
    assert account.invoke("frozen", Qualifier="1")[0] == ["old", "one"]
    assert account.invoke("frozen")[0] == ["new", "two"]
    published = client.get_function_configuration(FunctionName="frozen", Qualifier="1")
    latest = client.get_function_configuration(FunctionName="frozen")
    assert published["CodeSha256"] == sha(package(OLD))
    assert latest["CodeSha256"] == sha(package(NEW))
    assert (published["Timeout"], latest["Timeout"]) == (10, 9)
    assert published["FunctionArn"].endswith(":frozen:1")
    assert published["RevisionId"] != latest["RevisionId"]
    assert (latest["State"], latest["LastUpdateStatus"]) == ("Active", "Successful")


def test_code_from_s3_with_its_version(account: Any) -> None:
    client, s3 = account.client("lambda"), account.client("s3")
    s3.create_bucket(Bucket="code")
    s3.put_bucket_versioning(Bucket="code", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="code", Key="f.zip", Body=package(OLD))["VersionId"]
    s3.put_object(Bucket="code", Key="f.zip", Body=package(NEW))
    account.function("stored", "", Code={"S3Bucket": "code", "S3Key": "f.zip"})
    assert account.invoke("stored")[0][0] == "new"
    made = client.update_function_code(
        FunctionName="stored", S3Bucket="code", S3Key="f.zip", S3ObjectVersion=first, Publish=True
    )
    assert (made["Version"], made["CodeSha256"]) == ("1", sha(package(OLD)))
    assert account.invoke("stored", Qualifier="1")[0][0] == "old"
    with pytest.raises(ClientError) as caught:
        client.update_function_code(FunctionName="stored", S3Bucket="code", S3Key="missing.zip")
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert account.invoke("stored")[0][0] == "old"


def test_a_dry_run_changes_nothing(account: Any) -> None:
    client = account.client("lambda")
    account.function("dry", OLD)
    client.update_function_code(FunctionName="dry", ZipFile=package(NEW), DryRun=True)
    assert client.get_function_configuration(FunctionName="dry")["CodeSha256"] == sha(package(OLD))


def test_publishing_checks_the_hash_it_is_given(account: Any) -> None:
    client = account.client("lambda")
    account.function("checked", OLD)
    with pytest.raises(client.exceptions.InvalidParameterValueException):
        client.publish_version(FunctionName="checked", CodeSha256=sha(package(NEW)))
    assert client.publish_version(FunctionName="checked", CodeSha256=sha(package(OLD)))["Version"] == "1"


def test_layers_are_on_the_path(account: Any) -> None:
    client = account.client("lambda")
    archive = package("", **{"python/shared_words.py": "WORD = 'from the layer'\n"})
    layer = client.publish_layer_version(LayerName="words", Content={"ZipFile": archive})["LayerVersionArn"]
    source = "import shared_words\ndef handler(event, context): return shared_words.WORD\n"
    account.function("layered", source, Layers=[layer])
    assert account.invoke("layered")[0] == "from the layer"


def test_aliases(account: Any) -> None:
    client = account.client("lambda")
    account.function("aliased", OLD, Publish=True)
    client.update_function_code(FunctionName="aliased", ZipFile=package(NEW), Publish=True)
    made = client.create_alias(FunctionName="aliased", Name="live", FunctionVersion="2", Description="now")
    moved = client.update_alias(FunctionName="aliased", Name="live", FunctionVersion="1")
    assert made["RevisionId"] != moved["RevisionId"]
    assert moved["Description"] == "now"
    assert account.invoke("aliased", Qualifier="live")[0][0] == "old"
    with pytest.raises(ClientError) as caught:
        client.update_alias(FunctionName="aliased", Name="live", FunctionVersion="2", RevisionId=made["RevisionId"])
    assert caught.value.response["Error"]["Code"] == "PreconditionFailedException"
    client.delete_alias(FunctionName="aliased", Name="live")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_alias(FunctionName="aliased", Name="live")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        account.invoke("aliased", Qualifier="live")


def test_each_qualifier_has_its_own_policy(account: Any) -> None:
    client = account.client("lambda")
    account.function("guarded", OLD, Publish=True)
    client.create_alias(FunctionName="guarded", Name="live", FunctionVersion="1")
    allow = {"Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com", "FunctionName": "guarded"}
    client.add_permission(StatementId="plain", **allow)
    client.add_permission(StatementId="live", Qualifier="live", **allow)
    with pytest.raises(client.exceptions.ResourceConflictException):
        client.add_permission(StatementId="live", Qualifier="live", **allow)

    def statements(**more: str) -> list[tuple[str, str]]:
        policy = json.loads(client.get_policy(FunctionName="guarded", **more)["Policy"])
        return [(one["Sid"], one["Resource"].rsplit("guarded", 1)[1]) for one in policy["Statement"]]

    assert statements() == [("plain", "")]
    assert statements(Qualifier="live") == [("live", ":live")]
    client.remove_permission(FunctionName="guarded", StatementId="live", Qualifier="live")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_policy(FunctionName="guarded", Qualifier="live")
    assert statements() == [("plain", "")]


def test_event_source_mappings_echo_their_settings(account: Any) -> None:
    client = account.client("lambda")
    account.function("mapped", OLD, Publish=True)
    client.create_alias(FunctionName="mapped", Name="live", FunctionVersion="1")
    account.client("sqs").create_queue(QueueName="mapped")
    source = f"arn:aws:sqs:us-east-1:{account.id}:mapped"
    given = {
        "BatchSize": 5,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "FilterCriteria": {"Filters": [{"Pattern": '{"body": {"kind": ["vdr"]}}'}]},
        "ScalingConfig": {"MaximumConcurrency": 4},
        "MaximumBatchingWindowInSeconds": 1,
    }
    made = client.create_event_source_mapping(EventSourceArn=source, FunctionName="mapped:live", Enabled=False, **given)
    assert made["FunctionArn"].endswith(":function:mapped:live")
    read = client.get_event_source_mapping(UUID=made["UUID"])
    assert {name: read[name] for name in given} == given
    assert read["State"] == "Disabled"
    with pytest.raises(client.exceptions.ResourceConflictException):
        client.create_event_source_mapping(EventSourceArn=source, FunctionName="mapped:live")
    changed = client.update_event_source_mapping(UUID=made["UUID"], Enabled=True, BatchSize=2)
    assert (changed["State"], changed["BatchSize"]) == ("Enabled", 2)
    listed = client.list_event_source_mappings(FunctionName=made["FunctionArn"])["EventSourceMappings"]
    assert [one["UUID"] for one in listed] == [made["UUID"]]
    client.delete_event_source_mapping(UUID=made["UUID"])
    assert not client.list_event_source_mappings(EventSourceArn=source)["EventSourceMappings"]
