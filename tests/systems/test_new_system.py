"""A sixth system is a row and its own files: added to a copy of the project in which nothing else changes."""

from __future__ import annotations

import filecmp
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from stacks.systems import SYSTEMS, TABLE, Need, imported, needing, system
from tests.conftest import TEST_MINUTE
from tests.support.project import PARTS, ROOT, Project, Result, copy_project
from tests.support.sandbox import RunningSandbox, start, stop
from tests.systems import sixth

OLD, NEW = "v1.2.2", "v1.2.3"
PAGE = ROOT / "docs" / "new-system.md"
BLOCK = re.compile(r"^`(?P<path>[^`\n]+)`[^\n]*:\n\n```\w*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
CONCERNED = (
    "tests/test_architecture.py",
    "tests/stacks",
    "tests/components/test_target.py",
    "tests/cli/health/test_status.py",
    "tests/cli/preflight/test_account.py",
    "tests/cli/review/test_matrix.py",
    "tests/cli/review/test_ways.py",
    "tests/cli/rights",
    "tests/cli/test_typos.py",
    "tests/docs/test_systems.py",
    "tests/policies/test_program.py",
)
"""Tests that go through all systems: the layout, releases and settings, what is declared, rights by name, policies."""
LOCKED = """
from stacks.releases import lock_release, versions

for version in versions():
    lock_release(version)
"""
"""Publishes the additions, without their artifacts."""
ASKED = (
    LOCKED
    + """
import json
from cli.health import SYSTEMS as health
from cli.preflight.account import NEW_ROLES
from cli.rights import names
from components import imported
from stacks.artifact_objects import artifact_objects
from stacks.file import read
from stacks.releases import window
from stacks.selection import select
from stacks.systems import SYSTEMS, system

settings = read("dev", {"rollback-stack:systems": '["static-site"]', "static-site:errorRateAbove": "7"})
selected = select(settings)
print(json.dumps({
    "systems": SYSTEMS,
    "releases": list(window("static-site")),
    "keys": [item.key.rpartition("/")[0] for item in artifact_objects(settings, selected)],
    "checks": list(health["static-site"].CHECKS),
    "component": imported(system("static-site").component).__name__,
    "bucket": [arn for arn in names.BUCKETS if "static" in arn],
    "roles": NEW_ROLES,
    "above": settings.by_system["static-site"].error_rate_above,
}))
"""
)
"""What the project says of the sixth system: the list of systems, releases, artifacts, checks, rights, settings."""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the project with the sixth system in it."""
    project = copy_project(tmp_path_factory.mktemp("sixth") / "project", os.environ)
    sixth.add_to(project.folder)
    return project


def python(project: Project, program: str) -> Result:
    return project.run(str(project.folder / ".venv" / "bin" / "python"), "-c", program)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_row_names_what_is_there(name: str) -> None:
    row = system(name)
    assert imported(row.component).__mro__[1].__name__ == "ComponentResource"
    assert imported(row.smoke_tests).CHECKS
    assert row.settings.model_fields["version"].default is None
    assert needing(Need.CLUSTER, [name]) == ([name] if name == "rag-api" else [])


def test_names_are_given_once() -> None:
    assert (
        len(set(SYSTEMS)) == len({row.release for row in TABLE}) == len({row.settings for row in TABLE}) == len(TABLE)
    )


def test_nothing_imports_a_component_or_a_smoke_test_before_it_is_asked_for() -> None:
    names = [f"components.{row.field}" for row in TABLE] + [row.smoke_tests for row in TABLE]
    program = f"import sys, components, cli.health; print(*(name for name in {names!r} if name in sys.modules))"
    done = subprocess.run(
        [str(ROOT / ".venv" / "bin" / "python"), "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_a_sixth_system_changes_the_table_alone(copy: Project) -> None:
    own = {str(path) for path in sixth.own_files()}
    added, changed = set(), set()
    for part in PARTS:
        here = copy.folder / part
        for path in [here] if here.is_file() else here.rglob("*"):
            name = path.relative_to(copy.folder)
            if path.is_dir() or "__pycache__" in name.parts:
                continue
            if not (ROOT / name).exists():
                added.add(str(name))
            elif not filecmp.cmp(path, ROOT / name, shallow=False):
                changed.add(str(name))
    assert added == own
    assert changed == {str(sixth.TABLE)}
    before, after = ((folder / sixth.TABLE).read_text().splitlines() for folder in (ROOT, copy.folder))
    assert len([line for line in before if line not in after]) == 1, "the line that imports the systems' models"
    assert len(after) - len(before) == len(sixth.ROW.read_text().splitlines())


def test_the_sixth_system_is_known_wherever_systems_are(copy: Project) -> None:
    done = python(copy, ASKED)
    assert done.code == 0, done.said
    told = json.loads(done.output)
    assert told["systems"] == [*SYSTEMS, sixth.SYSTEM]
    assert told["releases"] == ["v1.2.1", "v1.2.2", "v1.2.3", "v1.3.0", "v1.4.0"]
    assert told["keys"] == ["functions/static-site/page/1.1.0"]
    assert told["checks"] == ["health", "page"]
    assert told["component"] == "StaticSite"
    assert told["bucket"] == ["arn:{partition}:s3:::static-site-{stack}-pages"]
    assert told["roles"] == sum(row.roles for row in TABLE) + 1
    assert told["above"] == 7


def test_mistakes_about_the_sixth_system_are_told_as_about_any(copy: Project) -> None:
    done = python(copy, "from stacks.file import read; read('dev', {'static-site:errorRate': '7'})")
    assert (
        "unknown key static-site:errorRate (did you mean errorRateAbove?); valid: errorRateAbove, function,"
        in done.said
    )
    done = copy.rollback("deploy", NEW, "--system", "static-sit")
    assert done.error_lines[0].startswith(
        "error: unknown system 'static-sit' (did you mean static-site?); valid: async-rag"
    )


def test_the_page_has_the_files_as_they_are() -> None:
    told = {found["path"]: found["text"] for found in BLOCK.finditer(PAGE.read_text())}
    row = told.pop(str(sixth.TABLE))
    imports, _, text = row.partition("\n\n")
    assert text == sixth.ROW.read_text()
    assert imports in sixth.with_row((ROOT / sixth.TABLE).read_text()).splitlines()
    for path, content in told.items():
        assert content == (sixth.FILES / path).read_text(), path
    kinds = {
        str(path.parent) if path.suffix == ".py" and "apps" in path.parts else str(path) for path in sixth.own_files()
    }
    shown = {path if "apps" not in path else str(Path(path).parent) for path in told}
    again = {kind for kind in kinds if "/1.1.0" in kind or re.search(r"releases/v(?!1\.2\.3)", kind)}
    assert kinds - shown == again, "one of each kind is on the page"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """An account of this file's own: no other stack may lie in it."""
    running = start(tmp_path_factory.mktemp("sixth-sandbox"), TEST_MINUTE, ["account"])
    try:
        yield running
    finally:
        stop(running)


@pytest.fixture(scope="module")
def site(own: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project with the sixth system, which dev consists of; built and published by the commands of the page."""
    project = copy_project(tmp_path_factory.mktemp("site") / "project", {**os.environ, **own.environment})
    sixth.add_to(project.folder)
    path = project.folder / "stacks" / "Pulumi.dev.yaml"
    settings = yaml.safe_load(path.read_text())
    settings["config"]["rollback-stack:systems"] = [sixth.SYSTEM]
    path.write_text(yaml.safe_dump(settings))
    for command in commands():
        done = project.rollback(*command.split()[1:])
        assert done.code == 0, f"{command}: {done.said}"
    return project


def commands() -> list[str]:
    """The commands by which the page makes the system's releases, before it is deployed."""
    section = PAGE.read_text().partition("## Build and publish")[2].partition("\n## ")[0]
    found = re.findall(r"^    (rollback .+)$", section, re.MULTILINE)
    assert len(found) == 6
    return found


def row_of(site: Project) -> dict[str, object]:
    done = site.rollback("status", "-s", "dev", "--output", "json")
    assert done.code == 0, done.said
    (row,) = (each for each in json.loads(done.output) if each["system"] == sixth.SYSTEM)
    return dict(row)


@pytest.mark.engine
@pytest.mark.sandbox
@pytest.mark.long
def test_the_sixth_system_is_deployed_goes_back_and_is_reviewed(own: RunningSandbox, site: Project) -> None:
    lambdas = own.client("lambda")
    served: dict[str, str] = {}
    for version in (NEW, OLD, NEW):
        done = site.rollback("deploy", version, "-s", "dev")
        assert done.code == 0, done.said
        assert "ok   static-site health:" in done.output
        assert "ok   static-site page:" in done.output
        row = row_of(site)
        assert (row["pinned"], row["release"], row["drift"]) == (version, version, [])
        live = lambdas.get_alias(FunctionName="static-site-dev-page", Name="live")["FunctionVersion"]
        assert served.setdefault(version, live) == live, "the version that was published for it"
    assert served[OLD] != served[NEW]
    alarms = own.client("cloudwatch").describe_alarms(AlarmNamePrefix="static-site-dev-")["MetricAlarms"]
    assert [each["AlarmName"] for each in alarms] == ["static-site-dev-page-error-rate"]
    done = site.rollback("review", "-s", "dev", "--output", "json")
    assert done.code == 0, done.said
    told = json.loads(done.output)
    assert (told["passed"], told["deployed"], told["verdicts"], told["risks"]) == (True, NEW, [], [])
    assert {way["version"]: way["open"] for way in told["ways"]} == dict.fromkeys(
        ["v1.2.1", "v1.2.2", "v1.2.3", "v1.3.0", "v1.4.0"], True
    )
    assert {move["system"] for way in told["ways"] for move in way["moves"]} == {sixth.SYSTEM}


@pytest.mark.long
def test_the_sixth_systems_files_pass_the_checks_of_style_and_types(copy: Project) -> None:
    tools = copy.folder / ".venv" / "bin"
    own = [str(path) for path in sixth.own_files() if path.suffix == ".py" and path.parts[0] != "apps"]
    for words in (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy", str(sixth.TABLE), *own]):
        done = copy.run(str(tools / words[0]), *words[1:], timeout=600)
        assert done.code == 0, done.said


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_projects_own_tests_pass_beside_the_sixth_system(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project", os.environ)
    for part in ("docs", "sandbox", "tests", "toolchain"):
        shutil.copytree(ROOT / part, project.folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(ROOT / "Makefile", project.folder)
    sixth.add_to(project.folder)
    done = python(project, LOCKED)
    assert done.code == 0, done.said
    tools = project.folder / ".venv" / "bin"
    done = project.run(str(tools / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", *CONCERNED, timeout=800)
    assert done.code == 0, done.output[-3_000:]
