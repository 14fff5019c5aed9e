"""How a command line ends: one line of error and an exit code, and a fault of the program as it is."""

from __future__ import annotations

import pytest
import typer

from core.command_line import run
from core.errors import ServiceError
from core.model import ConfigurationError


def app(error: BaseException | None) -> typer.Typer:
    made = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True)

    @made.command()
    def first() -> None:
        if error is not None:
            raise error

    @made.command()
    def second() -> None:
        raise typer.Exit(3)

    return made


@pytest.mark.parametrize(
    ("error", "words", "code", "said"),
    [
        (None, ["first"], 0, ""),
        (None, ["second"], 3, ""),
        (ConfigurationError("a setting is wrong"), ["first"], 1, "error: a setting is wrong\n"),
        (ServiceError("no answer"), ["first"], 1, "error: no answer\n"),
        (typer.Abort(), ["first"], 130, "stopped at the question: nothing was changed\n"),
        (None, ["third"], 2, "error: No such command 'third'.\n"),
    ],
)
def test_an_error_is_one_line_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException | None,
    words: list[str],
    code: int,
    said: str,
) -> None:
    monkeypatch.setattr("sys.argv", ["tool", *words])
    assert run(app(error), "tool") == code
    assert capsys.readouterr().err == said


def test_no_words_are_answered_by_the_help_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["tool"])
    assert run(app(None), "tool") == 2
    assert "error:" not in capsys.readouterr().err


def test_a_fault_of_the_program_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["tool", "first"])
    with pytest.raises(ZeroDivisionError):
        run(app(ZeroDivisionError()), "tool")
