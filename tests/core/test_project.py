"""The project that guard and policies watch over: what its file says, and the words of messages that follow from it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core import project
from core.model import ConfigurationError
from core.project import GuardFile, Project
from guard.in_place import refusal
from guard.recovery.points import make_command
from policies.pack import RULES, load_context
from policies.releases import pinned_intact, window_intact
from policies.rule import NoConfig
from tests.guard.recovery.conftest import store
from tests.support.project import ROOT


@pytest.fixture
def foreign(tmp_path: Path) -> Iterator[Project]:
    """Another project than this one, which this process watches over meanwhile."""
    before = project.current()
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nstackConfigDir: config\n")
    (tmp_path / "guard.yaml").write_text(
        "recoveryBucket: 'copies-{stack}'\nsystems: 'shop:app:*'\n"
        "commands: {guard: shop guard, recovery: shop copies, release: shop release}\n"
    )
    yield project.use(project.read(tmp_path))
    project.use(before)


def test_what_this_project_says_of_itself() -> None:
    ours = project.read(ROOT)
    assert ours.approvals == ROOT / "stacks" / "approvals"
    assert (ours.pack, ours.waivers) == (ROOT / "policies", ROOT / "policies" / "waivers.yaml")
    assert ours.checkov_baseline.is_file()
    assert ours.releases == ROOT / "stacks" / "releases"
    assert ours.stack_file("prod") == "stacks/Pulumi.prod.yaml"
    assert ours.commands.guard == "rollback guard"


def test_a_project_without_the_file_has_the_defaults(tmp_path: Path) -> None:
    other = project.read(tmp_path)
    assert other.settings == GuardFile()
    assert other.releases is None
    assert (other.pack, other.waivers) == (tmp_path / "policy", tmp_path / "policy" / "waivers.yaml")
    assert other.stack_file("dev") == "Pulumi.dev.yaml"
    with pytest.raises(ConfigurationError, match="names no recoveryBucket"):
        other.recovery_bucket("dev")


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("aprovals: x\n", "unknown key aprovals (did you mean approvals?)"),
        ("approvals: /etc\n", "approvals"),
        ("recoveryBucket: A_B\n", "recoveryBucket"),
        ("recoveryRegion: moon\n", "recoveryRegion"),
        ("commands: {guard: 'rm; true'}\n", "commands.guard"),
        ("- 1\n", "guard.yaml"),
        ("a: &a 1\nb: *a\n", "an alias (*name) isn't read here"),
    ],
)
def test_a_malformed_file_is_one_line(tmp_path: Path, content: str, part: str) -> None:
    (tmp_path / "guard.yaml").write_text(content)
    with pytest.raises(ConfigurationError) as told:
        project.read(tmp_path)
    assert part in str(told.value)
    assert "\n" not in str(told.value)


def test_a_process_watches_over_the_project_whose_folder_it_runs_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\n")
    (tmp_path / "src").mkdir()
    monkeypatch.setattr(project, "_used", [])
    monkeypatch.chdir(tmp_path / "src")
    assert project.current().folder == tmp_path
    assert project.current().name == "shop"


def test_a_stack_may_name_a_bucket_of_its_own(foreign: Project) -> None:
    assert foreign.name_bucket("copies") == "`recoveryBucket: copies` in guard.yaml"
    assert foreign.lead_to_pack() == "export PULUMI_OPTION_POLICY_PACK=policy"
    (foreign.folder / "guard.yaml").write_text("recoveryBucketSetting: shop:copies\nrecoveryBucket: theirs\n")
    other = project.read(foreign.folder)
    assert other.name_bucket("copies") == "`pulumi config set shop:copies copies`"
    assert other.recovery_bucket("dev", lambda name: "own" if name == "shop:copies" else None) == "own"
    assert other.recovery_bucket("dev", lambda _: None) == "theirs"


def test_messages_name_the_commands_of_the_project(foreign: Project) -> None:
    assert foreign.recovery_bucket("dev") == "copies-dev"
    assert make_command(store("table", "jobs")) == "shop copies make jobs -s prod"
    assert "shop guard approve jobs --action lose --by NAME --reason TEXT -s prod" in refusal("jobs", "prod", [])
    assert project.file_of("prod") == "config/Pulumi.prod.yaml"
    assert foreign.is_system("shop:app:Web")
    assert not foreign.is_system("rollback:systems:RagApi")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_no_policy_tells_another_project_to_type_our_commands(foreign: Project, rule: object) -> None:
    told = str(getattr(rule, "remediation", ""))
    assert not re.search(r"rollback (guard|up|recovery|release|audit)|stacks/|\{\w+\}", told), told
    assert foreign.folder


def test_policies_about_releases_are_quiet_where_there_are_none(foreign: Project) -> None:
    facts = load_context("dev", {"shop:version": "v9.9.9"}, lambda: datetime(2026, 11, 30, tzinfo=UTC))
    assert facts.releases is None
    for check in (pinned_intact, window_intact):
        assert list(check(None, NoConfig(), facts)) == []  # type: ignore[arg-type]
    assert foreign.releases is None


@pytest.mark.parametrize("folder", ["core", "guard", "policies"])
def test_no_message_has_a_command_or_path_of_this_project_written_into_it(folder: str) -> None:
    """Texts of the code, without docstrings: what is this project's own stands in its guard.yaml."""
    own = re.compile(r"rollback (guard|up|recovery|release|audit)\b|stacks/|rollback-stack:|make (shell|up)")
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {repr(node.value)[:80]}"
        for path in (ROOT / folder).rglob("*.py")
        if path != ROOT / "core" / "project.py"
        for node in texts(ast.parse(path.read_text()))
        if own.search(repr(node.value))
    ]
    assert wrong == []


def texts(tree: ast.AST) -> Iterator[ast.Constant]:
    """Every text that isn't a docstring."""
    stands_alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in stands_alone:
            yield node
