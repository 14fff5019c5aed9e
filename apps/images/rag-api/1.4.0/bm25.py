"""BM25 in memory (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009)."""

from __future__ import annotations

import math
from collections import Counter

from words import words

K1 = 1.2
B = 0.75


class Index:
    """Word counts of passages."""

    def __init__(self, passages: dict[str, str]) -> None:
        self._counts = {name: Counter(words(text)) for name, text in passages.items()}
        self._lengths = {name: counts.total() for name, counts in self._counts.items()}
        self._average = sum(self._lengths.values()) / len(self._lengths)
        self._containing = Counter(word for counts in self._counts.values() for word in counts)

    def best(self, query: str, top_k: int) -> list[tuple[str, float]]:
        """Return the passages with the highest scores above zero, equal scores in the order of their ids."""
        wanted = set(words(query))
        scores = {name: self._score(name, wanted) for name in self._counts}
        found = [(name, score) for name, score in scores.items() if score > 0]
        return sorted(found, key=lambda item: (-item[1], item[0]))[:top_k]

    def _score(self, name: str, wanted: set[str]) -> float:
        relative_length = 1 - B + B * self._lengths[name] / self._average
        return sum(
            self._rarity(word) * count * (K1 + 1) / (count + K1 * relative_length)
            for word in wanted
            if (count := self._counts[name][word])
        )

    def _rarity(self, word: str) -> float:
        containing = self._containing[word]
        return math.log(1 + (len(self._counts) - containing + 0.5) / (containing + 0.5))
