"""A release from its sources to users, back and forth, by the commands of ``docs/releases.md``."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client, config

from stacks.async_rag import AsyncRagRelease
from stacks.rag_api import RagApiRelease
from stacks.releases import load
from tests.conftest import TEST_MINUTE
from tests.docs.test_releases import VERSION, blocks, clone, run
from tests.support.project import Project
from tests.support.sandbox import RunningSandbox, start, stop

pytestmark = [pytest.mark.engine, pytest.mark.sandbox, pytest.mark.long]


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RunningSandbox]:
    """A sandbox of its own.

    Once a stack has run this release, the guard of its ConfigMap refuses the stack to projects without its manifest.
    """
    running = start(tmp_path / "sandbox", TEST_MINUTE)
    try:
        yield running
    finally:
        stop(running)


@pytest.fixture
def fresh(own: RunningSandbox, tmp_path: Path) -> Project:
    """A fresh clone with prod deployed at its pinned release."""
    project = clone(tmp_path / "clone", {**os.environ, **own.environment, "HOME": str(tmp_path)})
    done = project.rollback("up", timeout=900)
    assert done.code == 0, done.said
    return project


def pod_images(sandbox: RunningSandbox) -> set[str]:
    api = client.CoreV1Api(config.new_client_from_config(sandbox.environment["KUBECONFIG"]))
    pods = api.list_namespaced_pod("production", label_selector="app=rag-api").items
    return {pod.spec.containers[0].image for pod in pods if pod.metadata.deletion_timestamp is None}


@pytest.mark.timeout(2_400)
def test_from_source_to_users_back_and_forth(own: RunningSandbox, fresh: Project) -> None:
    source, release, deploy = blocks()
    run(fresh, source)
    run(fresh, release)
    made = load(VERSION, fresh.folder / "stacks" / "releases").systems
    rag_api, async_rag = made.of(RagApiRelease), made.of(AsyncRagRelease)
    assert rag_api is not None
    assert async_rag is not None
    before = load("v1.2.3").systems.of(RagApiRelease)
    assert before is not None
    for line, image in zip(deploy.splitlines(), [rag_api.image, before.image, rag_api.image], strict=True):
        said = run(fresh, line)
        assert "fails" not in said
        assert pod_images(own) == {image}
    assert fresh.pin() == VERSION
    code = own.client("lambda").get_function_configuration(
        FunctionName="amplify-rag-prod-query_handler", Qualifier="live"
    )
    assert base64.b64decode(code["CodeSha256"]).hex() == async_rag.functions["query_handler"].sha256
    registry, images = looked_at(fresh, "registry", "images")
    assert (registry["state"], images["state"]) == ("fine", "fine"), (registry, images)
    assert "asked with the pull secret regcred; as the nodes are (linux/amd64)" in images["detail"]


def looked_at(project: Project, *names: str) -> list[dict[str, str]]:
    """Rows of a preflight; on a machine that others load, one may have no answer in time, and is asked again."""
    for _ in range(5):
        rows = {row["check"]: row for row in json.loads(project.rollback("preflight", "-o", "json").output)}
        found = [rows[name] for name in names]
        if not any(each["detail"].startswith("no answer within") for each in found):
            break
    return found
