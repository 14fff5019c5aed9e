"""What a person types: the commands that change something name their stack."""

from __future__ import annotations

from collections.abc import Sequence

READING = {"status", "versions", "review", "audit", "preflight"}
READING_PARTS = {
    ("guard", "list"),
    ("recovery", "list"),
    ("release", "build"),
    ("release", "new"),
    ("release", "diff"),
    ("release", "check"),
    ("release", "key"),
    ("release", "sign"),
}


def with_stack(words: Sequence[str], stack: str = "prod") -> list[str]:
    """The words of a command with `-s STACK`, where it takes one and none is named."""
    reads = not words or words[0] in READING or tuple(words[:2]) in READING_PARTS
    if reads or words[0].startswith("-") or {"-s", "--stack", "-h", "--help"} & set(words):
        return list(words)
    return [*words, "-s", stack]
