"""Quantities of Kubernetes, and bounds that are a number or a share.

Sources: Kubernetes API reference, "Quantity"; "Specifying a Disruption Budget", rounding.
"""

from __future__ import annotations

import math
import re
from typing import Final

from policies.values import number

_QUANTITY: Final = re.compile(
    r"(?P<figure>[+-]?(\d+(\.\d*)?|\.\d+))(?P<suffix>[eE][+-]?\d{1,3}|[numkMGTPE]|[KMGTPE]i)?"
)
_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY: Final = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_PERCENT: Final = re.compile(r"(\d{1,6})%")


def quantity(value: object) -> float | None:
    """A quantity as a number (cores, bytes): ``250m`` is 0.25, ``1Gi`` is 1073741824; None where it is none."""
    if not isinstance(value, str):
        return number(value)
    match = _QUANTITY.fullmatch(value)
    if match is None:
        return None
    suffix = match["suffix"] or ""
    if suffix in _BINARY:
        return float(match["figure"]) * float(1024 ** _BINARY[suffix])
    power = _DECIMAL[suffix] if suffix in _DECIMAL else int(suffix[1:])
    return number(f"{match['figure']}e{power}")


def percent(value: object) -> int | None:
    """A share in percent (``"50%"``); None for anything else."""
    match = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    return int(match[1]) if match else None


def share(value: object, whole: float, *, up: bool) -> float | None:
    """How many of ``whole`` a bound means, which is a number or a share; None where it is neither.

    ``up``: whether a share is rounded up, as a disruption budget does, or down, as a Deployment's maxUnavailable.
    """
    if (part := percent(value)) is None:
        return number(value)
    exact = part * whole / 100
    return float(math.ceil(exact) if up else math.floor(exact))
