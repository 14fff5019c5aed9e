"""Updates whose engine was killed: ``rollback up`` goes on, and nothing is there twice."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest

from scripts import interrupted
from tests.conftest import TEST_MINUTE
from tests.support.project import Project, copy_project
from tests.support.sandbox import RunningSandbox, start, stop

pytestmark = [pytest.mark.engine, pytest.mark.sandbox, pytest.mark.timeout(600)]

STACK = "staging"
"""The stack that is killed in every run; prod belongs to the other files."""
PATIENCE = 120.0
"""Seconds that an update may take to come to the moment at which it is killed."""
FIRST_MOMENTS = 6
"""Moments at which the first deployment of a stack is killed in the long suite, one after the other."""


@pytest.fixture(scope="module")
def project(sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return narrowed(tmp_path_factory.mktemp("interrupted") / "project", sandbox)


def narrowed(folder: Path, sandbox: RunningSandbox) -> Project:
    """A copy whose stacks have the systems whose resources ``scripts.interrupted`` can all look up."""
    project = copy_project(folder, {**os.environ, **sandbox.environment})
    for path in (project.folder / "stacks").glob("Pulumi.*.yaml"):
        path.write_text(
            path.read_text().replace("config:\n", "config:\n  rollback-stack:systems: [async-rag, rag-api]\n")
        )
    return project


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """A sandbox in which no stack was deployed."""
    running = start(tmp_path_factory.mktemp("empty"), TEST_MINUTE)
    try:
        yield running
    finally:
        stop(running)


def latest(sandbox: RunningSandbox, stack: str) -> dict[str, Any]:
    """The state as the engine wrote it last, read past the lock."""
    path = _state_file(sandbox, stack)
    for _ in range(20):
        try:
            return dict(json.loads(path.read_text())["checkpoint"]["latest"] or {})
        except (ValueError, FileNotFoundError):
            time.sleep(0.02)
    return {}


def _state_file(sandbox: RunningSandbox, stack: str) -> Path:
    return sandbox.state.backend / ".pulumi" / "stacks" / "rollback-stack" / f"{stack}.json"


def killed_update(
    sandbox: RunningSandbox, project: Project, stack: str, version: str, resources: int = 0, writes: int = 1
) -> bool:
    """Start an update and ``kill -9`` its engine at a moment; False where it came to a good end before.

    The moment is the first at which the state has so many resources, has been written so many times by this update,
    and has something under way.
    """
    command = [str(project.folder / "scripts" / "bin" / "rollback"), "deploy", version, "-s", stack]
    with (project.folder / "killed.log").open("a") as log:
        update = subprocess.Popen(
            command, cwd=project.folder, env=dict(project.environment), stdout=log, stderr=subprocess.STDOUT
        )
    deadline, path, last, seen = time.monotonic() + PATIENCE, _state_file(sandbox, stack), 0, 0
    while update.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
        engine = engine_of(update.pid)
        if engine is None or not path.exists() or path.stat().st_mtime_ns == last:
            continue
        last = path.stat().st_mtime_ns
        state = latest(sandbox, stack)
        seen += 1
        if seen >= writes and len(state.get("resources") or []) >= resources and state.get("pending_operations"):
            engine.kill()
            assert update.wait(10), "rollback said that all is well"
            return True
    assert update.returncode == 0, (project.folder / "killed.log").read_text()
    return False


def engine_of(pid: int) -> psutil.Process | None:
    """The engine that a ``rollback`` has started for its update."""
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(pid).children():
            if child.name() == "pulumi" and "up" in child.cmdline():
                return child
    return None


def goes_on(sandbox: RunningSandbox, project: Project, stack: str) -> None:
    """After a kill: pulumi says that the stack is locked, ``rollback up`` converges, and nothing is there twice."""
    bare = project.run("pulumi", "up", "--stack", stack, "--yes", "--skip-preview", "--non-interactive")
    assert bare.code != 0
    assert "the stack is currently locked by 1 lock(s)" in bare.said
    done = project.rollback("up", "-s", stack)
    assert done.code == 0, done.said
    assert "was killed; its lock is removed" in done.errors
    preview = project.run("pulumi", "preview", "--stack", stack, "--expect-no-changes", "--non-interactive")
    assert preview.code == 0, preview.said
    assert repeated(sandbox) == []
    assert not latest(sandbox, stack).get("pending_operations")


def repeated(sandbox: RunningSandbox) -> list[str]:
    """What the account has twice under one name, among the things whose names may repeat."""
    found: Counter[str] = Counter()
    gateway, functions = aws(sandbox, "apigatewayv2"), aws(sandbox, "lambda")
    for api in gateway.get_apis()["Items"]:
        found[f"api {api['Name']}"] += 1
        for route in gateway.get_routes(ApiId=api["ApiId"])["Items"]:
            found[f"route {api['Name']} {route['RouteKey']}"] += 1
        for integration in gateway.get_integrations(ApiId=api["ApiId"])["Items"]:
            found[f"integration {api['Name']} {integration['IntegrationUri']}"] += 1
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        found[f"consumer {mapping['FunctionArn']} of {mapping['EventSourceArn']}"] += 1
    return [name for name, count in found.items() if count > 1]


def aws(sandbox: RunningSandbox, service: str) -> Any:
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=sandbox.environment["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",
    )


def test_a_first_deployment_and_a_rollback_that_are_killed_are_finished_by_rollback_up(
    sandbox: RunningSandbox, project: Project
) -> None:
    assert killed_update(sandbox, project, STACK, "v1.2.3", resources=50)
    goes_on(sandbox, project, STACK)
    assert killed_update(sandbox, project, STACK, "v1.2.2")
    goes_on(sandbox, project, STACK)
    status = project.rollback("status", "-s", STACK)
    assert status.code == 0, status.said


def test_everything_that_can_be_under_way_is_found_and_taken_into_the_state(
    sandbox: RunningSandbox, project: Project
) -> None:
    """As if the engine had died while it made all of the resources at once, and all of them exist.

    Those that ``scripts.interrupted`` doesn't look up are missing in the state as well, and must not mind being
    made again.
    """
    account = sandbox.account()
    path = _state_file(sandbox, STACK)
    checkpoint = json.loads(path.read_text())
    latest_state = checkpoint["checkpoint"]["latest"]
    kept, under_way = [], []
    for resource in latest_state["resources"]:
        if not resource["type"].startswith(("aws:", "kubernetes:")) or resource.get("external"):
            kept.append(resource)
        elif resource["type"].startswith("kubernetes:") or resource["type"] in interrupted.LOOKED_UP:
            under_way.append({key: value for key, value in resource.items() if key not in ("id", "outputs")})
    known = {resource["urn"] for resource in kept + under_way}
    for resource in under_way:
        resource["dependencies"] = [urn for urn in resource.get("dependencies") or [] if urn in known]
        resource["propertyDependencies"] = {
            key: [urn for urn in urns or [] if urn in known]
            for key, urns in (resource.get("propertyDependencies") or {}).items()
        }
    latest_state["resources"] = kept
    latest_state["pending_operations"] = [{"type": "creating", "resource": resource} for resource in under_way]
    path.write_text(json.dumps(checkpoint))
    done = project.rollback("up", "-s", STACK)
    assert done.code == 0, done.said
    assert f"while creating {len(under_way)} resources; {len(under_way)} of them exist" in done.errors
    assert repeated(sandbox) == []
    assert sorted(sandbox.account()) == sorted(account)
    preview = project.run("pulumi", "preview", "--stack", STACK, "--expect-no-changes", "--non-interactive")
    assert preview.code == 0, preview.said


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
@pytest.mark.timeout(1800)
def test_updates_killed_at_any_moment_are_finished(
    request: pytest.FixtureRequest, tmp_path: Path, stack: str, soak: bool
) -> None:
    if not soak:
        pytest.skip("--soak: two moments are tried in every run")
    empty: RunningSandbox = request.getfixturevalue("empty")
    project = narrowed(tmp_path / "project", empty)
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for resources in sorted(chance.sample(range(5, 130), FIRST_MOMENTS)):
        killed_update(empty, project, stack, "v1.2.3", resources)
    goes_on(empty, project, stack)
    for version in ("v1.2.2", "v1.2.3", "v1.2.1", "v1.2.3"):
        if killed_update(empty, project, stack, version, writes=chance.randint(1, 20)):
            goes_on(empty, project, stack)
