"""What can go wrong with a cluster, each as one line for the user."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class KubernetesError(Exception):
    """An error whose text says in one line what is wrong and what to do."""


class ConfigError(KubernetesError):
    """The provider's settings or the kubeconfig can't be used."""


class UnreachableError(KubernetesError):
    """The API server does not answer."""


class UnknownKindError(KubernetesError):
    """The cluster serves no such kind (yet)."""


class NotReadyError(KubernetesError):
    """An object that exists but didn't become ready in time, with the reasons found."""

    def __init__(self, summary: str, reasons: Sequence[str] = (), live: dict[str, Any] | None = None) -> None:
        super().__init__(summary)
        self.summary = summary
        self.reasons = list(reasons)
        self.live = live


class ApiError(KubernetesError):
    """The API server refused a request (its ``Status`` object)."""

    def __init__(self, code: int, status: dict[str, Any]) -> None:
        super().__init__(str(status.get("message") or status.get("reason") or f"HTTP status {code}"))
        self.code = code
        self.reason = str(status.get("reason", ""))
        details = status.get("details") or {}
        self.kind = str(details.get("kind", ""))
        self.causes: list[dict[str, Any]] = list(details.get("causes") or [])

    @property
    def missing(self) -> bool:
        """Whether the thing asked for doesn't exist."""
        return self.code in {404, 410}

    @property
    def conflicts(self) -> list[tuple[str, str]]:
        """(field, the message that names its other manager) of every field that somebody else manages."""
        return [
            (str(cause.get("field", "")), str(cause.get("message", "")))
            for cause in self.causes
            if cause.get("reason") == "FieldManagerConflict"
        ]
