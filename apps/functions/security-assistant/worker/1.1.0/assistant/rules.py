"""The rules that a design is held against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assistant.statements import stated

Severity = Literal["critical", "high", "medium", "low"]


@dataclass(frozen=True)
class Rule:
    """One rule; a design breaks it where it states the subject, and nowhere the remedy.

    Args:
        name: what findings call it.
        severity: how bad it is.
        message: what is wrong, for people.
        subject: pattern of what the rule is about.
        beside: pattern that must stand in the same sentence as the subject.
        remedy: pattern of what makes it right; none where the subject itself is the flaw.
    """

    name: str
    severity: Severity
    message: str
    subject: str
    beside: str = ""
    remedy: str = ""

    def broken_by(self, design: str) -> bool:
        """Return whether a design breaks the rule."""
        if not stated(self.subject, design, self.beside):
            return False
        return not (self.remedy and stated(self.remedy, design))


RULES: tuple[Rule, ...] = (
    Rule(
        "public-bucket",
        "critical",
        "A bucket can be read by anybody.",
        subject=r"\bpublic(ly)?\b",
        beside=r"\bbuckets?\b",
    ),
    Rule(
        "authentication",
        "high",
        "Callers are not authenticated.",
        subject=r"\b(apis?|endpoints?|portals?|web ?sites?|log-?ins?)\b",
        remedy=r"\b(authenticat\w*|oauth2?|oidc|openid|cognito|jwts?|sso|mtls)\b",
    ),
    Rule(
        "encryption-at-rest",
        "high",
        "Stored data is not encrypted.",
        subject=r"\b(buckets?|databases?|tables?|volumes?|disks?|backups?|stored?|stores)\b",
        remedy=r"\b(encrypt\w*|kms)\b",
    ),
    Rule(
        "audit-logging",
        "medium",
        "Nobody can tell afterwards who did what.",
        subject=r"\b(users?|customers?|admin\w*|payments?|apis?)\b",
        remedy=r"\b(log|logs|logged|logging|audit\w*|cloudtrail)\b",
    ),
    Rule(
        "encryption-in-transit",
        "high",
        "Data travels where others can read it.",
        subject=r"http://|\bplain http\b|\b(ftp|telnet)\b|\bunencrypted connections?\b",
    ),
    Rule(
        "least-privilege",
        "high",
        "Something may do more than it needs to.",
        subject=r"\b(full access|administratoraccess|admin(istrator)? (rights|access|role)|root user|wildcard)\b",
    ),
    Rule(
        "secrets-in-code",
        "critical",
        "A secret lies where everybody with the code can read it.",
        subject=r"\bin (the |our |its )?(source |program )?(code|repository|git|config\w* files?)\b|\bhard-?coded\b",
        beside=r"\b(passwords?|secrets?|credentials?|tokens?|keys?)\b",
    ),
)
