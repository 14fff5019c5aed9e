"""Request limits of stages: token buckets, as in API Gateway's "Throttle requests" documentation."""

from __future__ import annotations

import threading
import time

_buckets: dict[str, tuple[float, float]] = {}
_lock = threading.Lock()


def allows(key: str, rate: float | None, burst: float | None) -> bool:
    """Return whether one more request fits below `rate` (a second) and `burst`; None or less than 0 is no limit.

    A rate of 0 lets nothing through: the emergency stop of runbook security-assistant, scenario 3.
    """
    rate, burst = (limit if limit is not None and limit >= 0 else None for limit in (rate, burst))
    if rate is None and burst is None:
        return True
    if rate == 0 or burst == 0:
        return False
    size = float(burst if burst is not None else rate or 1)
    now = time.monotonic()
    with _lock:
        tokens, last = _buckets.get(key, (size, now))
        tokens = min(size, tokens + (now - last) * float(rate if rate is not None else size))
        allowed = tokens >= 1
        _buckets[key] = (tokens - 1 if allowed else tokens, now)
    return allowed
