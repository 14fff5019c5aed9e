"""``rollback-guard`` over any stack: what pulumi tells it, and what is missing is one line."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from core import project
from core.errors import ServiceError
from core.model import ConfigurationError
from guard.command import __main__ as commands
from guard.command.engine import CommandLine, open_stack, pulumi, short
from tests.guard.states import resource, state, urn

STATE = state(resource("receipts"), resource("labels"))
UPDATE = {
    "kind": "update",
    "result": "succeeded",
    "startTime": "2026-11-30T02:00:00.000Z",
    "resourceChanges": {"create": 3},
}


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A project in a folder of its own, and a pulumi that says what a test wants: arguments -> standard output."""
    answers: dict[str, Any] = {
        "stack --show-name": "acme/shop/prod\n",
        "stack export": STATE,
        "stack history": [UPDATE],
        "config --json": {"aws:region": {"value": "us-east-1"}},
    }
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nimport json, sys\n"
        f"answers, words = json.load(open({str(tmp_path / 'answers.json')!r})), ' '.join(sys.argv[1:])\n"
        "answer = next((text for start, text in answers.items() if words.startswith(start)), None)\n"
        "if answer is None:\n    sys.exit(f'error: no stack named {words!r} found\\nmore')\n"
        "sys.stdout.write(answer)\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)

    texts = {words: each if isinstance(each, str) else json.dumps(each) for words, each in answers.items()}
    (tmp_path / "answers.json").write_text(json.dumps(texts))
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "guard.yaml").write_text("recoveryBucket: copies-{stack}\n")
    monkeypatch.setenv("PATH", str(program.parent))
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    before = project.current()
    project.use(project.read(tmp_path))
    yield
    project.use(before)


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["rollback-guard", *words])
    return commands.main()


def test_a_stack_is_opened_by_what_pulumi_and_the_projects_file_say(told: None) -> None:
    found = open_stack(None)
    assert (found.stack, found.region, found.bucket) == ("prod", "us-east-1", "copies-prod")
    assert (found.engine.state(), found.engine.snapshot().history) == (STATE, [UPDATE])
    assert found.systems == ()


@pytest.mark.parametrize(("name", "wanted"), [("prod", "prod"), ("acme/shop/prod", "prod"), ("acme/dev", "dev")])
def test_programs_know_a_stack_by_its_short_name(name: str, wanted: str) -> None:
    assert short(name) == wanted


def test_the_region_comes_from_the_file_the_stack_or_the_environment(
    told: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "answers.json").write_text(json.dumps({"config --json": "{}"}))
    with pytest.raises(ConfigurationError, match="no region is known for dev: `pulumi config set aws:region"):
        open_stack("dev")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert open_stack("dev").region == "eu-west-1"
    (tmp_path / "guard.yaml").write_text("recoveryBucket: copies\nrecoveryRegion: eu-central-1\n")
    project.use(project.read(tmp_path))
    assert (open_stack("dev").region, open_stack("dev").bucket) == ("eu-central-1", "copies")


def test_what_pulumi_refuses_is_its_first_line(told: None, tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"^no stack named 'whoami --non-interactive' found$"):
        pulumi(tmp_path, "whoami")


def test_without_pulumi_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServiceError, match="pulumi isn't on PATH"):
        CommandLine("dev", tmp_path).state()


def test_an_approval_is_written_into_the_projects_own_folder_in_its_own_words(
    told: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with mock_aws():
        assert run(monkeypatch, "approve", "receipts", "--by", "Ada Byron", "--reason", "it is a copy") == 0
        said = capsys.readouterr().out
        assert "next: `pulumi up -s prod` unlocks it" in said
        assert urn("receipts") in (tmp_path / "approvals" / "prod.yaml").read_text()
        assert "Written by `rollback-guard approve`" in (tmp_path / "approvals" / "prod.yaml").read_text()
        assert run(monkeypatch, "list") == 0
        assert "Ada Byron" in capsys.readouterr().out
        assert run(monkeypatch, "revoke", "receipts", "-s", "prod") == 0
        assert "revoked: delete" in capsys.readouterr().out


def test_an_update_is_noted_in_a_ledger_that_begins_with_it(
    told: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with mock_aws():
        assert run(monkeypatch, "note") == 0
        assert "prod: entry 1 of the ledger, 2 durable stores" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (("approve",), 2, "error: Missing"),
        (("aprove", "x"), 2, "error: No such command 'aprove'"),
        (("approve", "nothing", "--by", "Ada Byron", "--reason", "it is a copy"), 1, "error: "),
        (("recovery", "make"), 2, "error: "),
    ],
)
def test_what_is_wrong_is_one_line(
    told: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    code: int,
    part: str,
) -> None:
    with mock_aws():
        assert run(monkeypatch, *words) == code
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 1
    assert errors[0].startswith(part)


@pytest.mark.parametrize("command", ["approve", "revoke", "list", "close", "note", "audit", "recovery make"])
def test_every_command_has_an_example_that_names_this_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    run(monkeypatch, *command.split(), "--help")
    told = " ".join(capsys.readouterr().out.split())
    assert f"rollback-guard {command}" in told
    assert "rollback guard" not in told
