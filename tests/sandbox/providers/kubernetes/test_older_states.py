"""States that an older checkout's plugin wrote: brought over as they lie, or left alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.paths import SandboxError
from sandbox.providers.kubernetes.older_states import KEPT, bring_over, bring_over_all

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc:def"}
CLAIM = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "vectors"}, "spec": {"x": 1}}


def resource(kind: str, **fields: Any) -> dict[str, Any]:
    return {"urn": f"urn:pulumi:prod::p::{kind}::it", "type": kind, "custom": True, **fields}


def state(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"version": 4, "checkpoint": {"latest": {"resources": list(resources)}}}


@pytest.mark.parametrize(
    ("given", "changed"),
    [
        (resource("kubernetes:core/v1:PersistentVolumeClaim", inputs=CLAIM, outputs={**CLAIM, "status": {}}), 1),
        (resource("kubernetes:core/v1:Secret", inputs={"apiVersion": "v1", "stringData": SECRET}, outputs={}), 1),
        (resource("kubernetes:core/v1:Namespace", external=True, inputs={}, outputs={"apiVersion": "v1"}), 1),
        (resource("kubernetes:core/v1:ConfigMap", inputs=CLAIM, outputs={"__inputs": {"older": True}}), 0),
        (resource("kubernetes:yaml:ConfigFile", custom=False, inputs={}, outputs={}), 0),
        (resource("pulumi:providers:kubernetes", inputs={}, outputs={}), 0),
        (resource("aws:s3/bucket:Bucket", inputs={"apiVersion": "v1"}, outputs={}), 0),
        (resource("kubernetes:core/v1:ConfigMap"), 0),
    ],
)
def test_each_object_without_its_inputs_gets_those_of_the_engine(given: dict[str, Any], changed: int) -> None:
    before = json.loads(json.dumps(given))
    assert bring_over(state(given)) == changed
    if not changed:
        assert given == before
        return
    outputs = given.pop("outputs")
    assert outputs.pop("__inputs") == given["inputs"]
    assert outputs.pop("__initialApiVersion") == "v1"
    assert {**given, "outputs": outputs} == before, "nothing else is changed"
    assert bring_over(state({**given, "outputs": {**outputs, "__inputs": {}}})) == 0, "once is enough"


@pytest.mark.parametrize("broken", [{}, {"checkpoint": None}, {"checkpoint": {"latest": None}}])
def test_a_stack_without_resources_stays(broken: dict[str, Any]) -> None:
    assert bring_over(broken) == 0


@pytest.fixture
def backend(tmp_path: Path) -> Path:
    stacks = tmp_path / ".pulumi" / "stacks" / "rollback-stack"
    stacks.mkdir(parents=True)
    old = resource("kubernetes:core/v1:PersistentVolumeClaim", inputs=CLAIM, outputs=dict(CLAIM))
    (stacks / "prod.json").write_text(json.dumps(state(old)))
    (stacks / "dev.json").write_text(json.dumps(state(resource("aws:s3/bucket:Bucket", inputs={}, outputs={}))))
    return tmp_path


def lock(backend: Path, pid: int) -> None:
    folder = backend / ".pulumi" / "locks" / "organization" / "rollback-stack" / "prod"
    folder.mkdir(parents=True)
    (folder / "x.json").write_text(json.dumps({"pid": pid, "hostname": "here"}))


def test_a_backend_is_brought_over_once_and_keeps_what_was_there(backend: Path) -> None:
    path = backend / ".pulumi" / "stacks" / "rollback-stack" / "prod.json"
    before = path.read_text()
    assert bring_over_all(backend) == ["prod"]
    assert path.with_name(path.name + KEPT).read_text() == before
    (after,) = json.loads(path.read_text())["checkpoint"]["latest"]["resources"]
    assert after["outputs"]["__inputs"] == CLAIM
    assert bring_over_all(backend) == []


def test_a_dead_engines_lock_is_no_reason_to_wait(backend: Path) -> None:
    lock(backend, os.getpid())
    assert bring_over_all(backend) == ["prod"]


def test_a_state_that_an_update_works_on_stays_as_it_is(backend: Path) -> None:
    path = backend / ".pulumi" / "stacks" / "rollback-stack" / "prod.json"
    before = path.read_text()
    engine = subprocess.Popen(
        [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)", "pulumi up"], stdout=subprocess.PIPE
    )
    assert engine.stdout
    engine.stdout.readline()  # only a program that runs shows its own command line
    try:
        lock(backend, engine.pid)
        with pytest.raises(SandboxError, match=rf"an update of prod is running \(pid {engine.pid}\): wait for it"):
            bring_over_all(backend)
    finally:
        engine.kill()
        engine.wait()
    assert path.read_text() == before
