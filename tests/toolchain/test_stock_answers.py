"""Our language host answers what Pulumi's own does (`stock_answers.yaml`), and that one where it is installed."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf import json_format
from pulumi.runtime.proto import language_pb2

from tests.toolchain import hosts
from toolchain import pulumi_bundle

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("stock_answers.yaml").read_text())
UV = "#!/bin/sh\necho $@ >> {folder}/uv-was-asked\necho uv 0.13.9\n"
LOCK = """
version = 1
[[package]]
name = "trial"
version = "0.1.0"
source = { virtual = "." }
[[package]]
name = "pulumi-aws"
version = "7.51.1"
source = { registry = "x" }
[[package]]
name = "pulumi-other"
version = "1.2"
source = { registry = "x" }
"""
SAMPLE = {"packages", "run-error", "traceback", "plugin"}
"""Those that start the Python of the tests, a second or two each, and are tried in every run."""
SETTLE_SECONDS = 2.0
"""What was started may print a moment after the answer."""


def filled(given: Any, folder: Path) -> Any:
    """A value with its {names} in place."""
    if isinstance(given, Mapping):
        return {key: filled(value, folder) for key, value in given.items()}
    if isinstance(given, list):
        return [filled(each, folder) for each in given]
    if not isinstance(given, str):
        return given
    names = {
        "uv": UV,
        "failing-uv": UV.replace(
            "echo uv 0.13.9", '[ "$1" = --version ] && echo uv 0.13.9 && exit\necho no network >&2; exit 2'
        ),
        "lock": LOCK,
        "environment": sys.prefix,
        "base": str(Path(sys.base_prefix) / "bin" / "python3"),
        "python": platform.python_version(),
        "pip": ".".join([*importlib.metadata.version("pip").split("."), "0"][:3]),
        "folder": str(folder),
    }
    for name, value in names.items():
        given = given.replace(f"{{{name}}}", value)
    return given


def request(case: Mapping[str, Any], folder: Path, engine: str) -> Any:
    """What the engine would ask."""
    given = {"info": hosts.info(folder, filled(case.get("options", {}), folder)), **case.get("with", {})}
    if case["ask"] == "Run":
        named = {"project": "trial", "stack": "dev", "organization": "organization", "parallel": 4, "dryRun": True}
        given |= {**named, "monitor_address": engine, "pwd": str(folder), "program": str(folder)}
    elif case["ask"] == "RunPlugin":
        given["pwd"] = str(folder)
    return getattr(language_pb2, f"{case['ask']}Request")(**given)


def fits(said: Any, wanted: Any) -> bool:
    """Whether an answer is what is wanted; a text that ends in … is the beginning."""
    if isinstance(wanted, list) and isinstance(said, list):
        return len(said) == len(wanted) and all(map(fits, said, wanted))
    if isinstance(wanted, str) and wanted.endswith("…"):
        return str(said).startswith(wanted[:-1])
    return bool(said == wanted)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bin folder with our host; it asks for no engine."""
    engine = tmp_path_factory.mktemp("engine") / "pulumi"
    engine.write_text("")
    return pulumi_bundle.assemble(engine, tmp_path_factory.mktemp("tools") / "bundle")


def check(case: Mapping[str, Any], tools: Path, folder: Path) -> None:
    for name, text in case.get("files", {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(filled(text, folder))
        (folder / name).chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "UV_", "VIRTUAL"))}
    variables = {
        **kept,
        "PYTHONWARNINGS": "ignore",
        "PATH": f"{folder / 'bin'}:/usr/bin:/bin",
        **filled(case.get("variables", {}), folder),
    }
    with hosts.running(tools, variables) as host:
        answer = host.ask(case["ask"], request(case, folder, host.address))
        deadline = time.monotonic() + SETTLE_SECONDS
        while (
            not (said := answer.output + "".join(host.printed)) and case.get("output") and time.monotonic() < deadline
        ):
            time.sleep(0.02)
    message = json_format.MessageToDict(answer.message) if answer.message is not None else {}
    for what, given in (("error", answer.error), ("logged", answer.logged), ("output", said)):
        wanted = filled(case.get(what, [] if what == "logged" else ""), folder)
        assert fits(given, wanted), (what, given, wanted, answer)
    if "message" in case:
        assert message == filled(case["message"], folder)
    for name, text in case.get("file", {}).items():
        assert (folder / name).read_text() == filled(text, folder)


def marks(case: Mapping[str, Any]) -> list[pytest.MarkDecorator]:
    """Which run tries a case."""
    slow = "{environment}" in str(case.get("options")) and case["name"] not in SAMPLE
    return [pytest.mark.long] if slow else []


@pytest.mark.parametrize("case", [pytest.param(each, id=each["name"], marks=marks(each)) for each in CASES])
def test_our_host_answers_as_the_stock_one_does(case: Mapping[str, Any], ours: Path, tmp_path: Path) -> None:
    check(case, ours, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("case", CASES, ids=[each["name"] for each in CASES])
def test_the_stock_host_still_answers_so(case: Mapping[str, Any], tmp_path: Path) -> None:
    if (tools := hosts.stock()) is None:
        pytest.skip("no installed Pulumi of the pinned version on PATH")
    check(case, tools, tmp_path)
