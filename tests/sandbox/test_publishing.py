"""`make up` brings artifacts to their places with the commands that a person uses, and builds only what isn't there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from sandbox import publishing
from sandbox.paths import SandboxError
from sandbox.publishing import BUILD, PUBLISH, publish


def said(monkeypatch: pytest.MonkeyPatch, *answers: str | None) -> list[tuple[str, ...]]:
    """The commands that are run, in their order; each ends with the next answer."""
    left, run = list(answers), []

    def release(words: Sequence[str], _: Mapping[str, str]) -> str | None:
        run.append(tuple(words))
        return left.pop(0)

    monkeypatch.setattr(publishing, "_release", release)
    monkeypatch.setattr(publishing, "_make_bucket", lambda _: None)
    return run


def test_what_is_there_isnt_built(monkeypatch: pytest.MonkeyPatch) -> None:
    run = said(monkeypatch, None)
    publish({})
    assert run == [PUBLISH]


def test_what_isnt_there_is_built_first(monkeypatch: pytest.MonkeyPatch) -> None:
    run = said(monkeypatch, "nothing is built yet", None, None)
    publish({})
    assert run == [PUBLISH, BUILD, PUBLISH]


@pytest.mark.parametrize(
    ("answers", "command"),
    [(("x", "no wheel"), "release build --only-changed"), (("x", None, "no wheel"), "release publish -s prod")],
)
def test_what_fails_is_one_line(monkeypatch: pytest.MonkeyPatch, answers: tuple[str | None, ...], command: str) -> None:
    said(monkeypatch, *answers)
    with pytest.raises(SandboxError, match=f"^`rollback {command}` failed: no wheel$"):
        publish({})
