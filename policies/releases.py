"""Releases: what was published is what lies in the project (``stacks.lock``).

Both policies look at the stack's own resource, the first that an update registers: nothing has been touched by then.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from policies import artifacts
from policies.rule import Facts, NoConfig, ResourceRule, Severity
from policies.subject import STACK, Resource
from stacks.lock import compare, missing, parts, read_lock
from stacks.model import ConfigurationError


def pinned_intact(_stack: Resource, _config: NoConfig, facts: Facts) -> Iterator[str]:
    """The lock can be read, and every release that the stack's settings name is as it was published."""
    if facts.releases is not None:
        try:
            lock = read_lock(facts.releases)
        except ConfigurationError as error:
            yield str(error)
            return
        for version in sorted(facts.pins):
            yield from _faults(version, facts.releases, lock)


def window_intact(_stack: Resource, _config: NoConfig, facts: Facts) -> Iterator[str]:
    """Every other published release is as it was: one that was edited can't be gone back to."""
    if facts.releases is not None:
        try:
            lock = read_lock(facts.releases)
        except ConfigurationError:
            return
        for version in sorted({name.partition("/")[0] for name in lock} - facts.pins):
            yield from _faults(version, facts.releases, lock)


def _faults(version: str, folder: Path, lock: dict[str, str]) -> Iterator[str]:
    """What is wrong with the files of one release."""
    for gone in missing(version, folder, lock):
        yield f"release {version} lacks {gone}: restore it from git"
    for name, path in parts(version, folder).items():
        if path.is_file():
            try:
                compare(name, path, path.read_bytes(), lock)
            except ConfigurationError as error:
                yield str(error)


RULES = (
    ResourceRule(
        "release-lock",
        "The releases that this stack runs are as they were published.",
        Severity.CRITICAL,
        "Restore the file from git (`git restore stacks/releases`), or publish the change as a new release.",
        frozenset({STACK}),
        pinned_intact,
        fixed=True,
    ),
    ResourceRule(
        "release-window",
        "Every other release in the window is as it was published.",
        Severity.HIGH,
        "Restore the file from git (`git restore stacks/releases`), or publish the change as a new release.",
        frozenset({STACK}),
        window_intact,
        enforcement="advisory",
    ),
    *artifacts.RULES,
)
