"""The command line, without checkov."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from policies.checkov import __main__ as command
from policies.checkov.text import table
from tests.policies.checkov.previews import STORES
from tests.policies.checkov.reports import NOTHING, REPORT

app = typer.Typer()
app.command()(command.main)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was scanned; the report is the one put in here first."""
    seen: list[Any] = []

    def scan(document: Any, baseline: Any, update_plan: Any) -> Any:
        report = seen.pop()
        seen.extend([document, update_plan])
        return report

    monkeypatch.setattr(command, "scan", scan)
    return seen


def test_the_exit_code_tells_whether_something_failed(given: list[Any]) -> None:
    given.append(NOTHING)
    done = CliRunner().invoke(app, [str(STORES)])
    assert (done.exit_code, given[0]["changeSummary"]) == (0, json.loads(STORES.read_text())["changeSummary"])
    assert given[1] is None
    given.append(REPORT)
    assert CliRunner().invoke(app, [str(STORES)]).exit_code == 1


def test_an_update_plan_goes_along(given: list[Any], tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text('{"resourcePlans": {}}')
    given.append(NOTHING)
    assert CliRunner().invoke(app, [str(STORES), "--plan", str(tmp_path / "plan.json")]).exit_code == 0
    assert given[1] == {"resourcePlans": {}}


def test_text_json_and_sarif(given: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    said = {}
    for output in ("text", "json", "sarif"):
        given.append(REPORT)
        done = CliRunner().invoke(app, ["-", "--output", output], input=STORES.read_text())
        assert done.exit_code == 1
        said[output] = done.output
    assert said["text"] == table(REPORT)
    assert json.loads(said["json"])["findings"][0]["source"] == {"file": "parts/a b.py", "line": 3, "column": 7}
    assert json.loads(said["sarif"])["version"] == "2.1.0"


@pytest.mark.parametrize(
    ("content", "arguments", "line"),
    [
        ("{", [], "not JSON"),
        ("[]", [], "neither a preview nor a state"),
        ("{}", [], "neither a preview"),
        ("{}", ["--state"], "isn't a state"),
        ('{"deployment": {}}', [], "for a state add --state"),
        ('{"steps": []}', ["--baseline", "nowhere.yaml"], "nowhere.yaml: No such file"),
    ],
)
def test_what_cant_be_scanned_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, arguments: list[str], line: str
) -> None:
    path = tmp_path / "preview.json"
    path.write_text(content)
    done = CliRunner().invoke(app, [str(path), *arguments])
    assert done.exit_code == 2
    assert line in done.output
    assert done.output.startswith("error: ")
    assert done.output.count("\n") == 1


def test_a_missing_file_is_said_in_one_line() -> None:
    done = CliRunner().invoke(app, ["nowhere.json"])
    assert (done.exit_code, done.output) == (2, "error: nowhere.json: No such file or directory\n")


def test_the_text_says_every_part() -> None:
    text = table(REPORT)
    for part in (
        "CKV_AWS_1  Ensure one\n    parts/a b.py:3  one",
        "long enough to be a reason (me)\n    aws:s3/bucket:Bucket  one",
        "x isn't known",
        "random:index/randomId:RandomId     2  no bridge",
        "CKV_AWS_5  *  until 2026-01-01",
        "CKV_AWS_4  gone-*",
        "12 checks on 3 resources (1 of them partly known before the update) in 1.5 s: 1 failed, 1 skipped on purpose",
    ):
        assert part in text
    assert table(NOTHING).count("\n") == 1
    assert io.StringIO(text).readline() == "failed:\n"
