"""Passages small enough to search and show, cut where sentences end."""

from __future__ import annotations

import re

CHUNK_CHARACTERS = 800

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def split(text: str) -> list[str]:
    """Join whole sentences into passages of at most CHUNK_CHARACTERS; only a longer sentence is cut, at white space."""
    passages: list[str] = []
    current = ""
    for piece in (part for sentence in _SENTENCE_END.split(text) for part in _pieces(sentence.split())):
        if current and len(current) + 1 + len(piece) > CHUNK_CHARACTERS:
            passages.append(current)
            current = piece
        else:
            current = f"{current} {piece}" if current else piece
    return [*passages, current] if current else passages


def _pieces(words: list[str]) -> list[str]:
    pieces: list[str] = []
    for word in words:
        if pieces and len(pieces[-1]) + 1 + len(word) <= CHUNK_CHARACTERS:
            pieces[-1] += f" {word}"
        else:
            pieces.append(word)
    return pieces
