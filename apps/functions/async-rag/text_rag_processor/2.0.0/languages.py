"""The language of a text, from its most common words."""

from __future__ import annotations

from rag.text import words

_COMMON = {
    "de": {"der", "die", "das", "und", "ist", "nicht", "ein", "mit"},
    "en": {"the", "and", "is", "of", "to", "a", "in", "with"},
    "fr": {"le", "la", "les", "et", "est", "pas", "un", "avec"},
}


def detect(text: str) -> str:
    """Return the code (ISO 639-1) of the language most of whose common words occur; English where none does."""
    found = words(text)
    counts = {code: sum(word in common for word in found) for code, common in _COMMON.items()}
    return max(counts, key=lambda code: (counts[code], code == "en"))
