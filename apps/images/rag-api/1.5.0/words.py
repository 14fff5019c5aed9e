"""Words of a text, as search counts them."""

from __future__ import annotations

import re

_WORD = re.compile(r"\w+")
_SHORTEST_STEM = 3


def words(text: str) -> list[str]:
    """Return the lower-case words of a text without punctuation and without plural endings."""
    return [_singular(word) for word in _WORD.findall(text.lower())]


def _singular(word: str) -> str:
    """The first step of Porter's stemmer ("An algorithm for suffix stripping", 1980), as far as it concerns plurals."""
    if word.endswith("ies") and len(word) > len("ies") + 1:
        return word.removesuffix("ies") + "y"
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > _SHORTEST_STEM:
        return word.removesuffix("s")
    return word
