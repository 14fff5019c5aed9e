"""What the audit finds."""

from __future__ import annotations

from enum import StrEnum

from core.model import Model


class Severity(StrEnum):
    """How bad a finding is."""

    HIGH = "high"
    UNKNOWN = "unknown"
    """Nobody could be asked: it may be in order, and may not."""
    LOW = "low"


class AuditFinding(Model):
    """Something that isn't as it should be."""

    kind: str
    severity: Severity
    text: str
    """One line."""
    remedy: str
    """What to do about it, one line."""
    subject: str = ""
    """What it stays about until a person closes it: a store's URN, a bucket, an entry of the ledger. Empty: it ends by
    itself, as soon as it isn't so any more."""
    name: str = ""
    """The subject as people call it: a store's physical name."""

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from other findings."""
        return self.kind, self.subject

    def is_called(self, word: str) -> bool:
        """Whether a person who says ``word`` means this one."""
        return bool(self.subject) and word in (self.subject, self.name, self.kind, f"{self.kind}:{self.subject}")
