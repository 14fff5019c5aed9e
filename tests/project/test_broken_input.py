"""Input that is wrong, a second update at the same time, no credentials: one line, and nothing is touched."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml

from tests.support.project import ROOT, Project, Result, copy_project
from tests.support.sandbox import RunningSandbox
from tests.support.unchanged import unchanged

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

VERSIONS = "v1.2.1, v1.2.2, v1.2.3, v1.3.0, v1.4.0"
PATIENCE = 60.0
"""Seconds within which an update that was started has taken its lock."""


@pytest.fixture
def project(tmp_path: Path, sandbox: RunningSandbox, prod: Project) -> Project:
    """A copy whose files a test may spoil; the stack is the deployed one."""
    copy = copy_project(tmp_path / "project", {**os.environ, **sandbox.environment})
    shutil.copy2(prod.stack_file, copy.stack_file)
    return copy


def without_system(project: Project) -> None:
    """Publish a release v1.5.0 that has no rag-api."""
    folder = project.folder / "stacks" / "releases"
    release = yaml.safe_load((folder / "v1.2.3.yaml").read_text())
    release |= {"version": "v1.5.0", "released": yaml.safe_load((folder / "v1.4.0.yaml").read_text())["released"]}
    del release["systems"]["rag-api"]
    (folder / "v1.5.0.yaml").write_text(yaml.safe_dump(release, sort_keys=False))
    assert project.rollback("publish", "v1.5.0").code == 0


def edited(project: Project) -> None:
    manifest = project.folder / "stacks" / "releases" / "v1.2.3.yaml"
    manifest.write_text(manifest.read_text().replace("released: 2026", "released: 2025"))


def untouched(project: Project) -> None:
    """Nothing is spoilt but the setting that the test gives."""


CASES = {
    "no such version": (untouched, "v9.9.9", f"unknown version 'v9.9.9'.*; valid: {VERSIONS}"),
    "no release": (untouched, "latest", r"version 'latest' doesn't name a release.*" + VERSIONS),
    "edited": (edited, "v1.2.3", r"release v1\.2\.3 was edited after it was published"),
    "lacks a system": (without_system, "v1.5.0", rf"release v1\.5\.0 has no rag-api .*releases with it: {VERSIONS}"),
}


def refused(done: Result, message: str) -> None:
    """One error line, which says what is meant; no traceback."""
    assert done.code != 0, done.said
    assert "Traceback" not in done.said, done.said
    assert len(done.error_lines) == 1, done.error_lines
    assert re.search(message, done.error_lines[0])


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=() if case in ("no such version", "edited") else pytest.mark.long) for case in CASES],
)
def test_a_wrong_version_is_refused_by_the_program_and_by_the_command_line(
    sandbox: RunningSandbox, project: Project, case: str
) -> None:
    spoil, version, message = CASES[case]
    spoil(project)
    pin = project.pin()
    with unchanged(sandbox, project):
        refused(project.rollback("deploy", version), message)
        assert project.pin() == pin
        refused(project.pulumi("up", "--yes", "--skip-preview", "--config", f"version={version}"), message)


@pytest.mark.long
def test_a_misspelt_key_of_a_manifest_is_named_with_the_right_one(project: Project) -> None:
    manifest = project.folder / "stacks" / "releases" / "v1.2.3.yaml"
    manifest.write_text(manifest.read_text().replace("asyncPath:", "asynchPath:"))
    for done in (project.rollback("deploy", "v1.2.3"), project.rollback("publish", "v1.2.3")):
        refused(done, r"edited after it was published|unknown key .*asynchPath \(did you mean asyncPath\?\)")
    fresh = manifest.with_name("v1.5.0.yaml")
    fresh.write_text(manifest.read_text().replace("v1.2.3", "v1.5.0"))
    refused(project.rollback("publish", "v1.5.0"), r"unknown key .*asynchPath \(did you mean asyncPath\?\)")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("async-rag:rout=legacy", r"unknown key async-rag:rout \(did you mean route\?\)"),
        pytest.param(
            "async-rag:route=sideways", r"route is 'sideways'; it has to be async or legacy", marks=pytest.mark.long
        ),
        pytest.param(
            "rag-api:version=v0.0.1", f"unknown version 'v0.0.1'.*; valid: {VERSIONS}", marks=pytest.mark.long
        ),
    ],
)
def test_a_wrong_setting_is_refused(sandbox: RunningSandbox, project: Project, setting: str, message: str) -> None:
    with unchanged(sandbox, project):
        refused(project.pulumi("up", "--yes", "--skip-preview", "--config", setting), message)
        # pulumi wrote the setting into the stack's file, where it stays: the line says so, and what takes it out.
        done = project.rollback("up")
        refused(done, message)
        (command,) = re.findall(r"`(pulumi config rm [^`]*)`", done.error_lines[0])
        assert "stacks/Pulumi.prod.yaml: " in done.error_lines[0]
        assert project.run(*shlex.split(command)).code == 0
        assert setting.partition("=")[0] not in project.stack_file.read_text()


def test_a_wrong_system_stack_or_option_is_refused(project: Project) -> None:
    refused(project.rollback("deploy", "v1.2.3", "--system", "rag-ap"), r"rag-ap.*did you mean rag-api")
    refused(project.rollback("up", "-s", "prdo"), r"prdo.*did you mean prod")
    refused(project.rollback("status", "-s", "dev"), r"dev was never deployed: run `rollback up -s dev`")
    wrong = project.rollback("deploy", "v1.2.3", "--sistem", "rag-api")
    assert wrong.code == 2
    refused(wrong, "--sistem")


@pytest.mark.long
def test_the_second_of_two_updates_is_refused_and_the_first_finishes(sandbox: RunningSandbox, prod: Project) -> None:
    locks = sandbox.state.backend / ".pulumi" / "locks"
    first = psutil.Popen(
        ["pulumi", "up", "--stack", "prod", "--yes", "--skip-preview", "--non-interactive", "--expect-no-changes"],
        cwd=prod.folder,
        env=dict(prod.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + PATIENCE
    while not list(locks.rglob("*.json")):
        assert first.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    # Held for as long as the others try.
    first.suspend()
    try:
        refused(prod.rollback("up"), rf"another update of prod is running \(pid {first.pid} on .*\): wait for it")
        bare = prod.pulumi("up", "--yes", "--skip-preview")
    finally:
        first.resume()
    assert bare.code != 0
    assert "currently locked by 1 lock" in bare.said
    said, _ = first.communicate(timeout=240)
    assert first.returncode == 0, said


def test_without_credentials_nothing_is_begun(project: Project) -> None:
    kept = {name: value for name, value in project.environment.items() if not name.startswith("AWS_")}
    kept["AWS_SHARED_CREDENTIALS_FILE"] = kept["AWS_CONFIG_FILE"] = os.devnull
    nowhere = Project(project.folder, {**kept, "AWS_EC2_METADATA_DISABLED": "true"})
    began = time.monotonic()
    refused(nowhere.rollback("up", "-s", "dev"), "no valid AWS credentials: Unable to locate credentials")
    assert time.monotonic() - began < 15
    refused(nowhere.rollback("deploy", "v1.2.3"), "no valid AWS credentials")
    assert '"dev"' not in project.run("pulumi", "stack", "ls", "--json").output


def test_a_real_account_is_asked_about(project: Project) -> None:
    # The same sandbox under an address that isn't on loopback for whoever reads it.
    done = project.rollback("up", AWS_ENDPOINT_URL=project.environment["AWS_ENDPOINT_URL"].replace("127.0.0.1", "0"))
    refused(done, "prod is in a real account, and nobody can be asked here: give --yes")


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    blocked = tmp_path / "cache"
    blocked.write_text("a file")
    python = Project(ROOT, {**os.environ, "PATH": "/usr/bin:/bin"})
    state = str(tmp_path / "state")
    for done in (
        python.run(sys.executable, "-m", "toolchain", "--quiet", "--cache", str(blocked)),
        python.run(sys.executable, "-m", "sandbox", "up", XDG_CACHE_HOME=str(blocked), ROLLBACK_SANDBOX=state),
    ):
        assert done.code == 1
        refused(done, str(blocked))
    assert blocked.read_text() == "a file"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("rollback-prod",), "say which release: make rollback-prod VERSION=v1.2.2"),
        (("deploy", "STACK=dev"), "say which release"),
        (("up", "TARGET=nonsense"), "TARGET is empty .* or cloud, not 'nonsense'"),
        (("rollback-prod", "VERSION=v1.2.2", "TARGET=Cloud"), "TARGET is empty .* or cloud, not 'Cloud'"),
    ],
)
def test_make_says_in_one_line_what_is_wrong(words: tuple[str, ...], message: str) -> None:
    done = Project(ROOT, os.environ).run("make", *words)
    assert done.code == 2
    refused(done, message)
