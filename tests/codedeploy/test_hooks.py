"""What the hooks say to the engine."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from codedeploy import hooks


def test_progress_stays_in_the_row_and_is_not_listed_again_beside_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine lists what isn't ephemeral under Diagnostics: the reason of a failure would stand there twice."""
    said: list[tuple[str, bool]] = []

    def info(message: str, resource: Any = None, stream_id: Any = None, ephemeral: bool = False) -> None:
        said.append((message, ephemeral))

    monkeypatch.setattr(pulumi.log, "info", info)
    monkeypatch.setattr(hooks, "_resource", lambda _: None)
    hooks._row(SimpleNamespace(urn="urn"))("api: 10 % on v1.3.0")  # type: ignore[arg-type]
    assert said == [("api: 10 % on v1.3.0", True)]
