"""The account's time scale: how long an emulated minute lasts in real seconds.

Everything that AWS counts in minutes (alarm periods, CodeDeploy bake and canary times) is counted in emulated
minutes here, so that a test can watch an hour of bake time pass in half a minute. Time stamps stay real, and so do
the spans that belong to a message or a function (visibility timeouts, delays, function timeouts).
"""

import math

from sandbox.account import settings

STANDARD_MINUTE = 60.0


def minute() -> float:
    """Real seconds that one emulated minute lasts (the server's --minute-seconds)."""
    return settings.current().minute_seconds


def real_seconds(emulated_seconds: float) -> float:
    """How many real seconds a span of emulated seconds lasts."""
    return emulated_seconds * minute() / STANDARD_MINUTE


def emulated_seconds(seconds: float) -> float:
    """How many emulated seconds pass in a span of real seconds."""
    return seconds * STANDARD_MINUTE / minute()


def boundary(now: float, emulated_step: float = STANDARD_MINUTE) -> float:
    """The latest whole step (by default a minute) at or before `now`.

    Args:
        now: real seconds since the epoch.
        emulated_step: length of a step in emulated seconds.
    """
    step = real_seconds(emulated_step)
    return math.floor(now / step) * step
