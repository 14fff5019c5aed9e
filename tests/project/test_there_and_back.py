"""The main job: prod goes up, back and forth, and ends where it was."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from sandbox.account.export.compare import diff
from stacks.async_rag import AsyncRagRelease
from stacks.rag_api import RagApiRelease
from stacks.releases import load
from tests.support.cluster import replica_sets, snapshot
from tests.support.project import Project
from tests.support.sandbox import RunningSandbox
from tests.support.unchanged import drifted

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]


def live_code(sandbox: RunningSandbox, function: str) -> str:
    found = sandbox.client("lambda").get_function_configuration(
        FunctionName=f"amplify-rag-prod-{function}", Qualifier="live"
    )
    return base64.b64decode(found["CodeSha256"]).hex()


def account_and_namespace(sandbox: RunningSandbox) -> tuple[dict[str, Any], dict[str, Any]]:
    return sandbox.account(data=True), snapshot(sandbox.environment["KUBECONFIG"], "production")


def test_an_update_to_another_release_and_back_ends_in_the_same_state(sandbox: RunningSandbox, prod: Project) -> None:
    prod.up("v1.2.2")
    account, namespace = account_and_namespace(sandbox)
    sets = replica_sets(sandbox.environment["KUBECONFIG"], "production")
    assert len(sets) > 1
    prod.up("v1.2.3")
    there = account_and_namespace(sandbox)
    assert diff(account, there[0])
    assert namespace != there[1]
    prod.up("v1.2.2")
    account_again, namespace_again = account_and_namespace(sandbox)
    assert diff(account, account_again) == []
    assert namespace == namespace_again
    assert replica_sets(sandbox.environment["KUBECONFIG"], "production") == sets


@pytest.mark.long
def test_a_second_update_changes_nothing(prod: Project) -> None:
    done = prod.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")
    assert done.code == 0, done.said
    assert "unchanged" in done.output


def test_history_account_and_cluster_agree_on_what_runs(sandbox: RunningSandbox, prod: Project) -> None:
    version = prod.outputs()["version"]
    release = load(version).systems
    async_rag, rag_api = release.of(AsyncRagRelease), release.of(RagApiRelease)
    assert async_rag
    assert rag_api
    history = json.loads(prod.pulumi("stack", "history", "--json").output)
    assert history[0]["config"]["rollback-stack:version"]["value"] == version
    assert history[0]["result"] == "succeeded"
    assert prod.outputs()["systems"]["async-rag"]["release"] == version
    for name, artifact in async_rag.functions.items():
        assert live_code(sandbox, name) == artifact.sha256
    images = prod.run(
        "kubectl", "-n", "production", "get", "pods", "-l", "app=rag-api", "-o", "jsonpath={..image}"
    ).output.split()
    assert set(images) == {rag_api.image}


@pytest.mark.long
def test_refresh_finds_no_drift(prod: Project) -> None:
    assert drifted(prod) == set()


@pytest.mark.long
def test_level_1_is_an_update_that_moves_three_things(sandbox: RunningSandbox, prod: Project) -> None:
    before = sandbox.account()
    prod.up(**{"async-rag:route": "legacy"})
    during = sandbox.account()
    assert diff(before, during)
    notification = sandbox.client("s3").get_bucket_notification_configuration(Bucket="amplify-files-prod")
    (target,) = notification["LambdaFunctionConfigurations"]
    assert target["Id"] == "RagDocumentProcessing"
    assert target["LambdaFunctionArn"].endswith("amplify-rag-prod-process_document_for_rag:live")
    mappings = sandbox.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    own = {each["State"] for each in mappings if ":amplify-rag-prod-" in each["FunctionArn"]}
    assert own == {"Disabled"}
    prod.up(**{"async-rag:route": "async"})
    assert diff(before, sandbox.account()) == []


@pytest.mark.long
def test_level_2_removes_the_new_functions_and_keeps_the_data(sandbox: RunningSandbox, prod: Project) -> None:
    sandbox.client("dynamodb").put_item(
        TableName="document-processing-status-prod",
        Item={"document_id": {"S": "kept"}, "status": {"S": "completed"}},
    )
    sandbox.client("s3").put_object(Bucket="amplify-files-prod", Key="kept.txt", Body=b"kept")
    prod.up("v1.2.1")
    names = {each["FunctionName"] for each in sandbox.client("lambda").list_functions()["Functions"]}
    own = {name for name in names if name.startswith("amplify-rag-prod-")}
    assert own == {"amplify-rag-prod-process_document_for_rag", "amplify-rag-prod-query_handler"}
    prod.up("v1.2.3")
    item = sandbox.client("dynamodb").get_item(
        TableName="document-processing-status-prod", Key={"document_id": {"S": "kept"}}
    )
    assert item["Item"]["status"]["S"] == "completed"
    body = sandbox.client("s3").get_object(Bucket="amplify-files-prod", Key="kept.txt")["Body"]
    assert body.read() == b"kept"


@pytest.mark.long
def test_a_system_can_be_pinned_on_its_own(sandbox: RunningSandbox, prod: Project) -> None:
    prod.up(**{"rag-api:version": "v1.2.2"})
    systems = prod.outputs()["systems"]
    assert (systems["rag-api"]["release"], systems["rag-api"]["pinned"]) == ("v1.2.2", True)
    assert systems["async-rag"]["release"] == "v1.2.3"
    assert prod.pulumi("config", "rm", "rag-api:version").code == 0
    prod.up()
    assert prod.outputs()["systems"]["rag-api"]["release"] == "v1.2.3"
