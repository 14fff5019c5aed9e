"""What the stack remembers is lied to: by targeted updates, by hands in the account, by updates that were refused."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from stacks.artifact_objects import FUNCTION, artifact_objects
from stacks.file import read
from stacks.selection import select
from tests.support.project import Project
from tests.support.sandbox import RunningSandbox

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

DEPLOYMENT = "**kubernetes:apps/v1:Deployment::rag-api"


def live_code(sandbox: RunningSandbox, project: Project) -> dict[str, str]:
    """SHA-256 of the code behind every function's alias, by the function's name in the program."""
    client = sandbox.client("lambda")
    code = {}
    for resource in project.state()["deployment"]["resources"]:
        if resource["type"] == FUNCTION:
            name = resource["outputs"]["name"]
            held = client.get_function_configuration(FunctionName=name, Qualifier="live")
            code[resource["urn"].rpartition("::")[2]] = base64.b64decode(held["CodeSha256"]).hex()
    return code


def pinned_code(version: str) -> dict[str, str]:
    settings = read("prod", {"rollback-stack:version": version})
    items = artifact_objects(settings, select(settings))
    return {item.resource: item.sha256 for item in items if item.type == FUNCTION}


def published(project: Project) -> Mapping[str, Any]:
    memory: Mapping[str, Any] = project.outputs()["published"]
    return memory


@pytest.mark.long
@pytest.mark.timeout(300)
def test_after_a_targeted_update_a_whole_one_runs_what_it_says(sandbox: RunningSandbox, prod: Project) -> None:
    before = published(prod)
    prod.pulumi("up", "--yes", "--skip-preview", "--config", "version=v1.2.2", "--target", DEPLOYMENT)
    assert published(prod) == before
    releases = {name: entry["release"] for name, entry in prod.outputs()["systems"].items()}
    assert {name for name, release in releases.items() if release == "v1.2.2"} == {"rag-api"}
    prod.up()
    assert live_code(sandbox, prod) == pinned_code("v1.2.2")


@pytest.mark.long
@pytest.mark.timeout(600)
def test_versions_that_were_pruned_are_published_anew(sandbox: RunningSandbox, prod: Project) -> None:
    prod.up("v1.2.2")
    client = sandbox.client("lambda")
    for name in published(prod):
        live = client.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
        for held in client.list_versions_by_function(FunctionName=name)["Versions"]:
            if held["Version"] not in (live, "$LATEST"):
                client.delete_function(FunctionName=name, Qualifier=held["Version"])
    done = prod.rollback("deploy", "v1.2.1")
    assert done.code == 0, done.said
    assert live_code(sandbox, prod) == pinned_code("v1.2.1")
    done = prod.rollback("deploy", "v1.2.2")
    assert done.code == 0, done.said
    assert live_code(sandbox, prod) == pinned_code("v1.2.2")


@pytest.mark.long
@pytest.mark.timeout(600)
def test_functions_that_somebody_deleted_are_made_anew(sandbox: RunningSandbox, prod: Project) -> None:
    version = prod.pin()
    for name in published(prod):
        sandbox.client("lambda").delete_function(FunctionName=name)
    refused = prod.pulumi("preview")
    assert refused.code != 0
    assert "`rollback up -s prod` brings it back" in refused.error_lines[0]
    done = prod.rollback("up")
    assert done.code == 0, done.said
    assert live_code(sandbox, prod) == pinned_code(version)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_destroy_that_was_refused_half_way_is_put_right(sandbox: RunningSandbox, prod: Project) -> None:
    version = prod.pin()
    refused = prod.pulumi("destroy", "--yes", "--run-program", "--skip-preview")
    assert refused.code != 0
    done = prod.rollback("up")
    assert done.code == 0, done.said
    assert live_code(sandbox, prod) == pinned_code(version)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_release_without_its_artifacts_is_refused_before_anything_is_touched(
    sandbox: RunningSandbox, prod: Project
) -> None:
    prod.restore_settings()
    prod.up("v1.2.3")
    before = sandbox.account()
    bucket = read("prod").project.artifact_bucket
    settings = read("prod", {"rollback-stack:version": "v1.2.2"})
    items = artifact_objects(settings, select(settings))
    (key,) = [item.key for item in items if item.resource == "security-assistant-worker"]
    s3 = sandbox.client("s3")
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    s3.delete_object(Bucket=bucket, Key=key)
    try:
        for done in (
            prod.rollback("deploy", "v1.2.2"),
            prod.pulumi("up", "--yes", "--skip-preview", "--config", "version=v1.2.2"),
        ):
            assert done.code != 0
            assert f"1 artifact isn't in bucket {bucket}: {key}" in done.error_lines[0]
        s3.put_object(Bucket=bucket, Key=key, Body=body)
        assert sandbox.account() == before
    finally:
        s3.put_object(Bucket=bucket, Key=key, Body=body)
        prod.restore_settings()
