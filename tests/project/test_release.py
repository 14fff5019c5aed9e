"""A release from its sources to users, back and forth, by the commands of ``docs/releases.md``."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client, config

from stacks.releases import load
from tests.docs.test_releases import VERSION, blocks, clone, run
from tests.support.project import Project
from tests.support.sandbox import RunningSandbox

pytestmark = [pytest.mark.engine, pytest.mark.sandbox, pytest.mark.long]


@pytest.fixture
def fresh(sandbox: RunningSandbox, prod: Project, tmp_path: Path) -> Iterator[Project]:
    """A fresh clone that is led to the deployed stack; prod is at its release again afterwards."""
    project = clone(tmp_path / "clone", {**os.environ, **sandbox.environment, "HOME": str(tmp_path)})
    yield project
    # Only this clone has the manifest of the release that runs now.
    done = project.rollback("deploy", "v1.2.3", timeout=900)
    prod.restore_settings()
    assert done.code == 0, done.said


def pod_images(sandbox: RunningSandbox) -> set[str]:
    api = client.CoreV1Api(config.new_client_from_config(sandbox.environment["KUBECONFIG"]))
    pods = api.list_namespaced_pod("production", label_selector="app=rag-api").items
    return {pod.spec.containers[0].image for pod in pods if pod.metadata.deletion_timestamp is None}


@pytest.mark.timeout(2_400)
def test_from_source_to_users_back_and_forth(sandbox: RunningSandbox, fresh: Project) -> None:
    source, release, deploy = blocks()
    run(fresh, source)
    run(fresh, release)
    made = load(VERSION, fresh.folder / "stacks" / "releases").systems
    assert made.rag_api is not None
    assert made.async_rag is not None
    before = load("v1.2.3").systems.rag_api
    assert before is not None
    for line, image in zip(deploy.splitlines(), [made.rag_api.image, before.image, made.rag_api.image], strict=True):
        said = run(fresh, line)
        assert "fails" not in said
        assert pod_images(sandbox) == {image}
    assert fresh.pin() == VERSION
    code = sandbox.client("lambda").get_function_configuration(
        FunctionName="amplify-rag-prod-query_handler", Qualifier="live"
    )
    assert base64.b64decode(code["CodeSha256"]).hex() == made.async_rag.functions["query_handler"].sha256
