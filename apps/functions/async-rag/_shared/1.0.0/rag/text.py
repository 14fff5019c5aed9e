"""Words of a text, as search counts them."""

from __future__ import annotations

import re

_WORD = re.compile(r"\w{1,64}")


def words(text: str) -> list[str]:
    """Return the case-folded words of a text in order, repeats included; over 64 characters it counts in parts."""
    return _WORD.findall(text.casefold())
