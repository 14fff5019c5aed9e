"""Values as a resource spells them: numbers and truth given as text, JSON inside of text.

Whatever is shown here, nothing raises: a figure that is none (NaN, infinity, a text) is None.
"""

from __future__ import annotations

import json
import math
from typing import Any

from policies.subject import UNKNOWN


def number(value: object) -> float | None:
    """A finite number, also one that is given as text (``"30"``); None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def is_on(value: object) -> bool:
    """Whether something is switched on: true, or the text ``true``."""
    return value is True or (isinstance(value, str) and value.lower() == "true")


def is_off(value: object) -> bool:
    """Whether something is switched off: false, or the text ``false``. What isn't set is neither."""
    return value is False or (isinstance(value, str) and value.lower() == "false")


def decoded(value: object) -> Any:
    """What JSON text holds; whatever isn't text as it is, and None where the text isn't JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def holds_unknown(value: object) -> bool:
    """Whether a list has an item that only an update will tell."""
    return value is UNKNOWN or (isinstance(value, list | tuple) and any(each is UNKNOWN for each in value))
