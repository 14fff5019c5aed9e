"""What the last update left is read past the moments at which the engine writes it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from components.parts.memory import READS, Memory


class Backend:
    """Answers with an error so many times, then with the outputs."""

    def __init__(self, failures: int, error: str) -> None:
        self.failures, self.error, self.asked = failures, error, 0

    def invoke(self, token: str, given: dict[str, Any]) -> SimpleNamespace:
        assert token == "pulumi:pulumi:readStackOutputs"
        self.asked += 1
        if self.asked <= self.failures:
            raise Exception(self.error)
        return SimpleNamespace(value={"name": given["name"], "outputs": {"target": {"account": "1"}}})


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Any:
    def read(backend: Backend) -> Memory:
        monkeypatch.setattr(pulumi.runtime, "invoke", backend.invoke)
        return Memory()

    return read


def test_a_state_that_is_being_written_is_read_again(read: Any) -> None:
    backend = Backend(READS - 1, "invoke failed: failed to load checkpoint: EOF")
    assert read(backend).get("target") == {"account": "1"}
    assert backend.asked == READS


def test_a_state_that_can_never_be_read_is_one_line_in_the_end(read: Any) -> None:
    with pytest.raises(pulumi.RunError, match=r"^invoke failed: failed to load checkpoint: EOF$"):
        read(Backend(READS, "invoke failed:\n  failed to load checkpoint: EOF"))


def test_any_other_error_ends_it_at_once(read: Any) -> None:
    backend = Backend(1, "invoke failed: no such stack")
    with pytest.raises(pulumi.RunError, match="no such stack"):
        read(backend)
    assert backend.asked == 1


def test_what_was_never_exported_is_empty(read: Any) -> None:
    assert read(Backend(0, "")).get("published") == {}
