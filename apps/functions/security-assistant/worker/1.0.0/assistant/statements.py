"""What a text states, sentence by sentence: a word after "no" or "not" isn't stated."""

from __future__ import annotations

import re

_SENTENCE_END = re.compile(r"[.!?;]+\s+|\n+")
_WORD = re.compile(r"[\w']+")
_NEGATIONS = frozenset(
    {
        *("no", "not", "never", "without", "cannot"),
        *("can't", "isn't", "aren't", "doesn't", "don't", "won't"),
        *("lack", "lacks", "block", "blocks", "blocked"),
    }
)
_REACH = 3
"""How many words before a word a negation may stand: "is not yet fully encrypted"."""


def sentences(text: str) -> list[str]:
    """Return the sentences and lines of a text, in lower case."""
    return [part.strip() for part in _SENTENCE_END.split(text.lower()) if part.strip()]


def stated(pattern: str, text: str, beside: str = "") -> bool:
    """Return whether a pattern occurs without a negation before it, in a sentence that also has `beside`."""
    for sentence in sentences(text):
        if beside and not re.search(beside, sentence):
            continue
        for match in re.finditer(pattern, sentence):
            if not _NEGATIONS.intersection(_WORD.findall(sentence[: match.start()])[-_REACH:]):
                return True
    return False
