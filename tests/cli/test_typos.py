"""Mistyped commands: one line that says what was meant, and an exit code that isn't 0."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cli import rollback
from core.model import nearest
from stacks.systems import SYSTEMS

ALL = "valid: v1.2.1, v1.2.2, v1.2.3, v1.3.0, v1.4.0"
PINNED = "doesn't name a release (a release is pinned exactly, as v1.2.3); valid: "
NOT_A_SYSTEM = f"valid: {', '.join(SYSTEMS)}"
WRONG = {
    "deploy v1.2.9": f"unknown version 'v1.2.9' (did you mean v1.2.3?); {ALL}",
    "deploy 1.2.3": "(did you mean v1.2.3?)",
    "deploy V1.2.3": "(did you mean v1.2.3?)",
    "deploy latest": f"version 'latest' {PINNED}",
    "deploy prod": "; prod is a stack: give it as `-s prod`",
    "deploy rag-api": "; rag-api is a system: give it as `--system rag-api`",
    "deploy v1.2.3 prod": "no argument prod; prod is a stack: give it as `-s prod`; see `rollback deploy -h`",
    "deploy v1.2.3 rag-api": "rag-api is a system: give it as `--system rag-api`; see `rollback deploy -h`",
    "deploy v1.2.3 --system prod": "prod is a stack and no system: give it as `-s prod`",
    "deploy v1.2.3 --system rag-ap": "unknown system 'rag-ap' (did you mean rag-api?)",
    "deploy v1.2.3 --sytem rag-api": "there is no option --sytem (did you mean --system?); see `rollback deploy -h`",
    "deploy": "Missing argument 'version'; see `rollback deploy -h`",
    "up prod": "prod is a stack: give it as `-s prod`",
    "up production": "production may mean a stack: give it as `-s prod`",
    "deploy v9.9.9 -s prod": "unknown version 'v9.9.9'; valid: v1.2.1, v1.2.2, v1.2.3, v1.3.0, v1.4.0",
    "deploy v1.2.3": "no stack is named: give -s dev, -s staging or -s prod; see `rollback deploy -h`",
    "up v1.2.3": "v1.2.3 is a release: `rollback deploy v1.2.3 -s STACK` deploys it",
    "up -s production": "unknown stack 'production' (did you mean prod?); valid: dev, staging, prod",
    "status prod": "prod is a stack and no system: give it as `-s prod`",
    "status production": f"{NOT_A_SYSTEM}; a stack is given as `-s prod`",
    "status -s stage": "unknown stack 'stage' (did you mean staging?)",
    "status -s development": "unknown stack 'development' (did you mean dev?)",
    "status -s x": "unknown stack 'x'; valid: dev, staging, prod",
    "status -o yaml": "--output is 'yaml'; it has to be text or json; see `rollback status -h`",
    "status -o jsn": "--output is 'jsn' (did you mean json?); it has to be text or json",
    "status --foo": "there is no option --foo; see `rollback status -h`",
    "status -s": "Option '-s' requires an argument",
    "stauts": "No such command 'stauts'. Did you mean 'status'? see `rollback -h`",
    "guard aprove": "Did you mean 'approve'?",
    "guard list -s production": "unknown stack 'production' (did you mean prod?)",
    "guard approve x --by Ada --reason because-of-it --action los": (
        "--action is 'los' (did you mean lose?); it has to be delete, replace, lose or blast-radius"
    ),
    "guard approve x --by Ada --reason because-of-it --hours 900": "--hours has to be at most 168",
    "guard approve x --by Ada --reason because-of-it --hours x": "--hours has to be a whole number",
    "recovery make": "name one store, or give --all; see `rollback recovery make -h`",
    "recovery list -s prdo": "unknown stack 'prdo' (did you mean prod?)",
    "review -o xml": "--output is 'xml'; it has to be markdown, json or sarif",
    "audit -s production": "unknown stack 'production' (did you mean prod?)",
    "publish v1.2.9": "no manifest stacks/releases/v1.2.9.yaml to publish (did you mean v1.2.3?): write it first",
    "publish v1.5.0": "no manifest stacks/releases/v1.5.0.yaml to publish (did you mean v1.4.0?): write it first",
}


@pytest.mark.parametrize("words", WRONG)
def test_a_mistyped_command_is_one_line_that_says_what_was_meant(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    monkeypatch.setattr("sys.argv", ["rollback", *words.split()])
    assert rollback.main() in (1, 2)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert WRONG[words] in line
    assert "Value error" not in line
    assert "Input should" not in line


def commands() -> Iterator[tuple[str, ...]]:
    yield ()
    yield from ((name,) for name in ("deploy", "up", "status", "versions", "publish", "review", "audit", "takeover"))
    yield from (("guard", name) for name in ("approve", "revoke", "list", "close"))
    yield from (("recovery", name) for name in ("list", "make", "verify", "restore"))


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_the_usage_of_every_command_is_what_people_type(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    monkeypatch.setattr("sys.argv", ["rollback", *words, "-h"])
    assert rollback.main() == 0
    assert f"Usage: {' '.join(['rollback', *words])} " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "guess"),
    [("production", "prod"), ("PROD", "prod"), ("stage", "staging"), ("pr", "prod"), ("xyz", None), ("", None)],
)
def test_a_beginning_tells_a_name(name: str, guess: str | None) -> None:
    assert nearest(name, ("dev", "staging", "prod")) == (f" (did you mean {guess}?)" if guess else "")
