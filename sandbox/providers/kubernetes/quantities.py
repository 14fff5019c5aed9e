"""Values that are written differently and mean the same: Kubernetes quantities ("1000m" and "1", "1Gi" and "1024Mi").

Source: Kubernetes API reference, "Quantity".
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

_QUANTITY = re.compile(r"([+-]?[0-9.]+)(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?[0-9]+))?")
_SCALE = {
    **{suffix: Decimal(1000) ** power for suffix, power in zip("num", (-3, -2, -1), strict=True)},
    **{suffix: Decimal(1000) ** (power + 1) for power, suffix in enumerate("kMGTPE")},
    **{f"{suffix}i": Decimal(1024) ** (power + 1) for power, suffix in enumerate("KMGTPE")},
}

_PARENTS = frozenset(
    {"limits", "requests", "hard", "capacity", "allocatable", "overhead", "podFixed"}
    | {"default", "defaultRequest", "min", "max", "maxLimitRequestRatio"}
)
"""Fields that hold a map of quantities."""

_FIELDS = frozenset({"sizeLimit", "divisor", "averageValue", "targetAverageValue", "storage"})
"""Fields that are a quantity themselves."""


def amount(value: Any) -> Decimal | None:
    """The number that a quantity stands for, or None when the value is no quantity."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    found = _QUANTITY.fullmatch(str(value))
    if not found:
        return None
    digits, suffix, exponent = found.groups()
    try:
        return Decimal(digits) * _SCALE.get(suffix or "", Decimal(1)) * Decimal(10) ** int(exponent or 0)
    except InvalidOperation:
        return None


def same(left: Any, right: Any, path: tuple[Any, ...]) -> bool:
    """Whether two plain values at a path mean the same to the API server."""
    if type(left) is type(right) and left == right:
        return True
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return left == right and isinstance(left, bool) == isinstance(right, bool)
    if not is_quantity(path):
        return False
    one, other = amount(left), amount(right)
    return one is not None and one == other


def is_quantity(path: tuple[Any, ...]) -> bool:
    """Whether the field at a path holds a quantity."""
    return bool(path) and (path[-1] in _FIELDS or (len(path) > 1 and path[-2] in _PARENTS))
