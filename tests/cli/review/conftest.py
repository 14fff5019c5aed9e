"""Reviews look at stores of an account that nobody has to answer for."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guard.recovery.place.account", lambda *_: "123456789012")
