"""Words of a text, as search counts them."""

from __future__ import annotations

import re

_WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """Return the lower-case words of a text without punctuation."""
    return _WORD.findall(text.lower())
