"""Updates whose engine was killed: the pins stay what ran, the next command converges, and nothing is there twice."""

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

import psutil
import pytest

from cli import killed_updates as interrupted
from stacks.file import read
from tests.conftest import TEST_MINUTE
from tests.support.project import Project, copy_project
from tests.support.sandbox import RunningSandbox, start, stop

pytestmark = [pytest.mark.engine, pytest.mark.sandbox, pytest.mark.timeout(600)]

SYSTEMS = {
    "staging": ("async-rag", "rag-api", "cryptique"),
    "dev": ("compaction", "security-assistant"),
}
"""The stacks that are killed here, each with a part of the systems; prod belongs to the other files."""
PATIENCE = 120.0
"""Seconds that an update may take to come to the moment at which it is killed."""
FIRST_MOMENTS = 6
"""Moments at which the first deployment of a stack is killed in the long suite, one after the other."""
ALL_SYSTEMS = 240
"""Resources, components among them, of a stack with all five systems, less those that come last of all."""
DEV_SYSTEMS = 110
"""The same of dev with the systems that it has here."""
EDITED = "state-edited"
"""What the audit says of a state that somebody else changed: an update that was killed is no such thing."""
REST_STAGE = "aws:apigateway/stage:Stage"


@pytest.fixture(scope="module")
def project(sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy whose stacks have the systems that are killed in every run."""
    made = copy_project(tmp_path_factory.mktemp("interrupted") / "project", {**os.environ, **sandbox.environment})
    for stack, systems in SYSTEMS.items():
        path = made.folder / "stacks" / f"Pulumi.{stack}.yaml"
        chosen = f"config:\n  rollback-stack:systems: [{', '.join(systems)}]\n"
        path.write_text(path.read_text().replace("config:\n", chosen, 1))
    return made


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
    sandbox: RunningSandbox,
    project: Project,
    stack: str,
    version: str,
    resources: int = 0,
    writes: int = 1,
    *,
    whole: bool = False,
) -> bool:
    """Start an update and ``kill -9`` its engine at a moment; False where it came to a good end before.

    ``whole``: ``rollback`` itself is killed with it.

    The moment is the first at which the state has so many resources, has been written so many times by this update,
    and has something under way.
    """
    command = [str(project.folder / "scripts" / "bin" / "rollback"), "deploy", version, "-s", stack]
    with (project.folder / "killed.log").open("a") as log:
        update = subprocess.Popen(
            command, cwd=project.folder, env=dict(project.environment), stdout=log, stderr=subprocess.STDOUT
        )
    deadline, path, last, seen = time.monotonic() + PATIENCE, _state_file(sandbox, stack), 0, 0
    engine = None
    while update.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
        engine = engine or engine_of(update.pid)
        if engine is None or not path.exists() or path.stat().st_mtime_ns == last:
            continue
        last = path.stat().st_mtime_ns
        state = latest(sandbox, stack)
        seen += 1
        if seen >= writes and len(state.get("resources") or []) >= resources and state.get("pending_operations"):
            if whole:
                update.kill()
            engine.kill()
            assert update.wait(PATIENCE), "rollback said that all is well"
            assert EDITED not in (project.folder / "killed.log").read_text()
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


def goes_on(sandbox: RunningSandbox, project: Project, stack: str, *words: str) -> str:
    """After a kill: pulumi says that the stack is locked, and ``rollback up``, or what is typed, converges."""
    bare = project.run("pulumi", "up", "--stack", stack, "--yes", "--skip-preview", "--non-interactive")
    assert bare.code != 0
    assert "the stack is currently locked by 1 lock(s)" in bare.said
    return converges(sandbox, project, stack, *words)


def converges(sandbox: RunningSandbox, project: Project, stack: str, *words: str) -> str:
    """After a kill: one ``rollback`` leaves nothing to do, nothing under way, and nothing there twice."""
    done = project.rollback(*(words or ("up",)), "-s", stack)
    assert done.code == 0, done.said
    assert "was killed; its lock is removed" in done.errors
    assert EDITED not in done.output
    preview = project.run("pulumi", "preview", "--stack", stack, "--expect-no-changes", "--non-interactive")
    assert preview.code == 0, preview.said
    assert repeated(sandbox) == []
    assert not latest(sandbox, stack).get("pending_operations")
    return done.errors


def repeated(sandbox: RunningSandbox) -> list[str]:
    """What the account has twice under one name, among the things whose names may repeat."""
    found: Counter[str] = Counter()
    gateway, functions, rest = sandbox.client("apigatewayv2"), sandbox.client("lambda"), sandbox.client("apigateway")
    for api in gateway.get_apis()["Items"]:
        found[f"api {api['Name']}"] += 1
        for route in gateway.get_routes(ApiId=api["ApiId"])["Items"]:
            found[f"route {api['Name']} {route['RouteKey']}"] += 1
        for integration in gateway.get_integrations(ApiId=api["ApiId"])["Items"]:
            found[f"integration {api['Name']} {integration['IntegrationUri']}"] += 1
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        found[f"consumer {mapping['FunctionArn']} of {mapping['EventSourceArn']}"] += 1
    for api in rest.get_rest_apis()["items"]:
        found[f"REST API {api['name']}"] += 1
        found[f"deployment of {api['name']}"] += len(rest.get_deployments(restApiId=api["id"])["items"])
    for layer in functions.list_layers()["Layers"]:
        for version in functions.list_layer_versions(LayerName=layer["LayerName"])["LayerVersions"]:
            found[f"layer version {layer['LayerName']} {version['Description']}"] += 1
    return [name for name, count in found.items() if count > 1]


def chance() -> random.Random:
    """What chooses the moments; its seed is shown when a test fails."""
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    return random.Random(seed)


@pytest.mark.long
def test_a_first_deployment_and_a_rollback_that_are_killed_are_finished_by_rollback_up(
    sandbox: RunningSandbox, project: Project
) -> None:
    assert killed_update(sandbox, project, "staging", "v1.2.3", resources=50)
    goes_on(sandbox, project, "staging")
    for words, release in (("up",), "v1.2.3"), (("deploy", "v1.2.2"), "v1.2.2"):
        assert killed_update(sandbox, project, "staging", "v1.2.2", whole=True)
        assert stack_pin(project, "staging") == "v1.2.3"
        said = goes_on(sandbox, project, "staging", *words)
        assert "`rollback deploy v1.2.2 -s staging` goes on with it, `rollback up -s staging` goes back" in said
        assert stack_pin(project, "staging") == release
        status = project.rollback("status", "-s", "staging")
        assert status.code == 0, status.said


def stack_pin(project: Project, stack: str) -> str:
    """The version that a stack's file pins."""
    return read(stack, folder=project.folder / "stacks").project.version


@pytest.mark.long
def test_a_first_deployment_killed_at_any_moment_is_finished_by_rollback_up(
    sandbox: RunningSandbox, project: Project
) -> None:
    assert killed_update(sandbox, project, "dev", "v1.2.3", resources=chance().randrange(5, DEV_SYSTEMS))
    converges(sandbox, project, "dev")


@pytest.mark.long
@pytest.mark.parametrize("stack", list(SYSTEMS))
def test_everything_that_can_be_under_way_is_found_and_taken_into_the_state(
    sandbox: RunningSandbox, project: Project, stack: str
) -> None:
    """As if the engine had died while it made all of the resources at once, and all of them exist.

    Those that ``cli.killed_updates`` doesn't look up are missing in the state as well, and must not mind being
    made again.
    """
    account = sandbox.account()
    drop_rest_stages(sandbox, stack)
    assert cut_short(sandbox, stack)
    path = _state_file(sandbox, stack)
    checkpoint = json.loads(path.read_text())
    under_way = put_under_way(checkpoint["checkpoint"]["latest"])
    path.write_text(json.dumps(checkpoint))
    done = project.rollback("up", "-s", stack)
    assert done.code == 0, done.said
    assert f"while creating {under_way} resources; {under_way} of them exist" in done.errors
    assert repeated(sandbox) == []
    assert sorted(sandbox.account()) == sorted(account)
    preview = project.run("pulumi", "preview", "--stack", stack, "--expect-no-changes", "--non-interactive")
    assert preview.code == 0, preview.said


def drop_rest_stages(sandbox: RunningSandbox, stack: str) -> None:
    """A deployment of a REST API is under way only before a stage uses it."""
    rest = sandbox.client("apigateway")
    for api in rest.get_rest_apis()["items"]:
        if (api.get("tags") or {}).get("stack") == stack:
            for each in rest.get_stages(restApiId=api["id"])["item"]:
                rest.delete_stage(restApiId=api["id"], stageName=each["stageName"])


def cut_short(sandbox: RunningSandbox, stack: str) -> int:
    """Leave empty log groups and tables of a stack as a creation does that is killed after its first call; how many.

    A log group gets its retention, and a table its time to live, by a call of their own.
    """
    logs, tables, cut = sandbox.client("logs"), sandbox.client("dynamodb"), 0
    for group in (each for page in logs.get_paginator("describe_log_groups").paginate() for each in page["logGroups"]):
        name = group["logGroupName"]
        if (
            stack in name
            and "retentionInDays" in group
            and not logs.describe_log_streams(logGroupName=name)["logStreams"]
        ):
            logs.delete_retention_policy(logGroupName=name)
            cut += 1
    for name in tables.list_tables()["TableNames"]:
        found = tables.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        if stack in name and found["TimeToLiveStatus"] == "ENABLED" and not tables.scan(TableName=name)["Count"]:
            off = {"Enabled": False, "AttributeName": found["AttributeName"]}
            tables.update_time_to_live(TableName=name, TimeToLiveSpecification=off)
            cut += 1
    return cut


def put_under_way(state: dict[str, Any]) -> int:
    """Have a state note everything that is looked up as being created; how many resources that are.

    Of every second one the engine had an answer before it was killed: id and outputs are noted with it.
    """
    kept: list[dict[str, Any]] = []
    under_way: list[dict[str, Any]] = []
    for resource in state["resources"]:
        kind = resource["type"]
        if not kind.startswith(("aws:", "kubernetes:")) or resource.get("external"):
            kept.append(resource)
        elif kind != REST_STAGE and (kind.startswith("kubernetes:") or kind in interrupted.FINDERS):
            unknown = ("id", "outputs") if len(under_way) % 2 else ()
            under_way.append({key: value for key, value in resource.items() if key not in unknown})
    kept_only = {resource["urn"] for resource in kept}
    for resources, known in ((kept, kept_only), (under_way, kept_only | {each["urn"] for each in under_way})):
        for resource in resources:
            forget_others(resource, known)
    state["resources"] = kept
    state["pending_operations"] = [{"type": "creating", "resource": resource} for resource in under_way]
    return len(under_way)


def forget_others(resource: dict[str, Any], known: set[str]) -> None:
    """Leave a resource those dependencies alone that the state knows."""
    resource["dependencies"] = [urn for urn in resource.get("dependencies") or [] if urn in known]
    resource["propertyDependencies"] = {
        key: [urn for urn in urns or [] if urn in known]
        for key, urns in (resource.get("propertyDependencies") or {}).items()
    }


@pytest.mark.long
@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
@pytest.mark.timeout(3600)
def test_updates_killed_at_any_moment_are_finished(empty: RunningSandbox, tmp_path: Path, stack: str) -> None:
    project = copy_project(tmp_path / "project", {**os.environ, **empty.environment})
    random_moments = chance()
    for resources in sorted(random_moments.sample(range(5, ALL_SYSTEMS), FIRST_MOMENTS)):
        killed_update(empty, project, stack, "v1.2.3", resources)
    goes_on(empty, project, stack)
    for version in ("v1.2.2", "v1.2.3", "v1.2.1", "v1.2.3"):
        if killed_update(empty, project, stack, version, writes=random_moments.randint(1, 20)):
            goes_on(empty, project, stack, "deploy", version)
