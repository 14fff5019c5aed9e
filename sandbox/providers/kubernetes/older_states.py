"""States that a plugin of the sandbox's own wrote, before Pulumi's provider took its place.

Pulumi's provider compares what a program wants with the inputs that it keeps among an object's outputs. Where it finds
none, every field looks new, those that can't be changed too, and each object would be replaced: deleted and made anew,
claims with what they hold. The engine keeps the same inputs beside the outputs, so they are copied; nothing in the
cluster is touched.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sandbox.paths import SandboxError

INPUTS, VERSION = "__inputs", "__initialApiVersion"
KEPT = ".before-kubernetes-provider"
"""What the name of the copy ends with that a state leaves before it is changed."""


def bring_over_all(backend: Path) -> list[str]:
    """Bring over every state of a backend's folder that needs it; the names of the stacks.

    Raises ``SandboxError`` where an update is working on one.
    """
    return [path.stem for path in sorted((backend / ".pulumi" / "stacks").rglob("*.json")) if _brought_over(path)]


def _brought_over(path: Path) -> bool:
    text = path.read_text(encoding="utf-8")
    if '"kubernetes:' not in text:
        return False
    state = json.loads(text)
    if not bring_over(state):
        return False
    if (pid := _at_work(path)) is not None:
        raise SandboxError(f"an update of {path.stem} is running (pid {pid}): wait for it, then run `make up` again")
    shutil.copy2(path, path.with_name(path.name + KEPT))
    fresh = path.with_name(path.name + ".new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(state, file, indent=4)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    return True


def bring_over(state: Mapping[str, Any]) -> int:
    """Give each Kubernetes object of a checkpoint the inputs that Pulumi's provider looks for; how many lacked them."""
    count = 0
    for resource in _objects(state):
        inputs, outputs = resource.get("inputs"), resource.get("outputs")
        if not isinstance(inputs, dict) or not isinstance(outputs, dict) or INPUTS in outputs:
            continue
        outputs[INPUTS] = inputs
        outputs.setdefault(VERSION, inputs.get("apiVersion") or outputs.get("apiVersion"))
        count += 1
    return count


def _objects(state: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    latest = (state.get("checkpoint") or {}).get("latest") or {}
    for resource in latest.get("resources") or []:
        if resource.get("custom") and str(resource.get("type")).startswith("kubernetes:"):
            yield resource


def _at_work(path: Path) -> int | None:
    """The pid of an engine that holds the stack; one that was killed holds nothing."""
    locks = path.parents[2] / "locks" / "organization" / path.parent.name / path.stem
    for lock in locks.glob("*.json"):
        try:
            pid = int(json.loads(lock.read_text())["pid"])
            if b"pulumi" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None
