"""Words of a text, as search counts them."""

from __future__ import annotations


def words(text: str) -> list[str]:
    """Return the lower-case words of a text, split at white space."""
    return text.lower().split()
