"""``rollback review`` as it is typed: outputs, exit codes, one line for what stops it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
import typer
from botocore.exceptions import EndpointConnectionError

from cli.pulumi_command import EngineError
from cli.review import command
from cli.review.errors import ReviewError
from cli.review.model import Review
from cli.review.work import Work
from cli.targets import TargetError
from core.model import ConfigurationError
from policies.checkov import CheckovError
from tests.cli.review import made

app = typer.Typer()
app.command("review")(command.review)
app.command("other")(lambda: None)


def run(monkeypatch: pytest.MonkeyPatch, *words: str, result: Review | Exception) -> int:
    def review(self: Work, revision: str | None, number: int) -> Review:
        assert self.scratch.is_dir()
        if isinstance(result, Exception):
            raise result
        return result

    monkeypatch.setattr(command, "announce", lambda *_, **__: None)
    monkeypatch.setattr(Work, "review", review)
    monkeypatch.setattr(sys, "argv", ["rollback", "review", *words])
    code = app(standalone_mode=False)
    return code if isinstance(code, int) else 0


def test_exit_codes_say_whether_it_passes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, result=made.review()) == 0
    assert "# Review of prod: passes" in capsys.readouterr().out
    assert run(monkeypatch, result=made.review(failures=("x",))) == 1
    assert "# Review of prod: fails" in capsys.readouterr().out


def test_each_output_is_one_document(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "review.sarif"
    assert run(monkeypatch, "-o", "json", "--sarif", str(path), result=made.review(failures=("x",))) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["passed"], told["stack"], told["failures"]) == (False, "prod", ["x"])
    assert json.loads(path.read_text())["version"] == "2.1.0"
    assert run(monkeypatch, "--output", "sarif", result=made.review()) == 0
    assert json.loads(capsys.readouterr().out)["version"] == "2.1.0"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ReviewError("prod was never\ndeployed"), "prod was never deployed"),
        (EngineError("no such backend"), "no such backend"),
        (CheckovError("checkov can't be installed"), "checkov can't be installed"),
        (ConfigurationError("waivers.yaml: wrong"), "waivers.yaml: wrong"),
        (TargetError("say --yes"), "say --yes"),
        (OSError("disk full"), "disk full"),
        (EndpointConnectionError(endpoint_url="http://x"), "no account answers at"),
    ],
)
def test_a_review_that_cannot_be_done_is_one_line_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, line: str
) -> None:
    assert run(monkeypatch, result=error) == 2
    said = capsys.readouterr()
    assert said.out == ""
    *before, last = said.err.splitlines()
    assert last.startswith(f"error: the review couldn't be done: {line}")
    assert all(re.match(r" +\d+ s  ", each) for each in before), "what was being done, and one line of error"


def test_a_fault_of_our_own_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError):
        run(monkeypatch, result=ZeroDivisionError())


def test_wrong_words_are_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "-s", "prodd", result=made.review()) == 2
    assert "unknown stack 'prodd' (did you mean prod?)" in capsys.readouterr().err
    for wrong in (("--releases", "0"), ("--output", "xml")):
        with pytest.raises(Exception, match=r"greater than|not one of"):
            run(monkeypatch, *wrong, result=made.review())


def test_a_base_that_is_not_there_is_told_before_the_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = AssertionError("the review began")
    assert run(monkeypatch, "--base", "nowhere", result=begun) == 2
    assert "--base nowhere is no revision of this checkout" in capsys.readouterr().err


def test_sarif_stands_on_the_lines_of_the_change(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[Path, str]] = []

    def changed(root: Path, base: str) -> dict[str, set[int]]:
        asked.append((root, base))
        return {"components/common/queue.py": {2}}

    monkeypatch.setattr(command, "base_of", lambda root, revision: (revision or "the trunk", "0" * 40))
    monkeypatch.setattr(command, "changed_lines", changed)
    assert run(monkeypatch, "-o", "sarif", result=made.review(risks=(made.risk(),))) == 0
    (result,) = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "components/common/queue.py"
    assert [base for _, base in asked] == ["0" * 40]
    assert run(monkeypatch, result=made.review()) == 0
    assert len(asked) == 1, "Markdown needs no lines"


def test_without_anything_to_compare_with_sarif_is_written_all_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def none(root: Path, revision: str | None) -> tuple[str, str]:
        raise ReviewError("there is no main")

    monkeypatch.setattr(command, "base_of", none)
    assert run(monkeypatch, "-o", "sarif", result=made.review(risks=(made.risk(),))) == 0
    (result,) = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "stacks/Pulumi.prod.yaml"


def test_something_is_on_the_screen_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Starting takes most of the two seconds that people wait before they wonder; an account may take minutes."""
    seen: list[str] = []

    def announce(*_: object, **__: object) -> None:
        seen.append(capsys.readouterr().err)

    monkeypatch.setattr(command, "announce", announce)
    monkeypatch.setattr(Work, "review", lambda *_: made.review())
    monkeypatch.setattr(sys, "argv", ["rollback", "review"])
    app(standalone_mode=False)
    assert seen == ["   0 s  asking the account …\n"]
