"""Vectors for texts without a model: the same text gives the same vector anywhere, and shared words bring texts close.

The hashing trick (Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", 2009).
"""

from __future__ import annotations

import hashlib
import math
import re

SIZE = 256
_WORD = re.compile(r"\w+")


def embed(text: str) -> list[float]:
    """Return the text's vector, of length 1. A text without words has the first axis, so that distances exist."""
    vector = [0.0] * SIZE
    for word in _WORD.findall(text.casefold()):
        digest = hashlib.blake2b(word.encode(), digest_size=4).digest()
        vector[int.from_bytes(digest[:3], "big") % SIZE] += 1.0 if digest[3] & 1 else -1.0
    length = math.sqrt(sum(value * value for value in vector))
    if not length:
        return [1.0] + [0.0] * (SIZE - 1)
    return [value / length for value in vector]
