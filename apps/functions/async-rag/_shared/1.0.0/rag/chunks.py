"""Passages small enough to search and show."""

from __future__ import annotations

CHUNK_CHARACTERS = 800


def split(text: str) -> list[str]:
    """Cut a text at white space into passages of at most CHUNK_CHARACTERS (a longer word stays whole)."""
    passages: list[str] = []
    current = ""
    for word in text.split():
        if current and len(current) + 1 + len(word) > CHUNK_CHARACTERS:
            passages.append(current)
            current = word
        else:
            current = f"{current} {word}" if current else word
    return [*passages, current] if current else passages
