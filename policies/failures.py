"""What a person reads when a policy itself breaks."""

from __future__ import annotations

import traceback
from pathlib import Path

from policies.rule import Rule
from policies.subject import Resource

ROOT = Path(__file__).resolve().parent.parent


def explanation(rule: Rule, error: Exception, resource: Resource | None) -> tuple[str, str]:
    """What broke at which resource, and what to do; and the resource's URN, "" where no resource is known.

    resource: the one that was judged; None for a stack, where the one that the check was at is found. The error's own
    words aren't told: they may quote a secret property.
    """
    at = resource or _looked_at(error)
    about = f"{at.type} {at.name}" if at else "the stack"
    remedy = (
        "" if rule.locked else f", or switch the policy off until then (policies:enforcement: {rule.name}: disabled)"
    )
    text = (
        f"{rule.name} broke at {about}: {type(error).__name__} in {_place(error)}\n"
        f"Whether {about} is right isn't known. The fault is the policy's: fix it there{remedy}."
    )
    return text, at.urn if at else ""


def _place(error: Exception) -> str:
    """The innermost line of this project that was running, such as ``policies/queues.py:41``."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(ROOT)]
    frame = (ours or frames)[-1]
    path = Path(frame.filename)
    return f"{path.relative_to(ROOT) if ours else path.name}:{frame.lineno}"


def _looked_at(error: Exception) -> Resource | None:
    """The resource that the innermost function which has one was at."""
    found = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        resources = [value for value in frame.f_locals.values() if isinstance(value, Resource)]
        found = resources[-1] if resources else found
    return found
