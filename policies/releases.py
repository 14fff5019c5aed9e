"""Releases: what was published is what lies in the project (``core.release_lock``).

Both policies look at the stack's own resource, the first that an update registers: nothing has been touched by then.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from core.identifiers import Version, order
from core.model import ConfigurationError, Model
from core.release_lock import compare, missing, parts, read_lock
from core.signatures import verify
from core.state import STACK
from policies import artifacts
from policies.rule import NoConfig, PolicyContext, ResourceRule, Severity
from policies.subject import Resource


def pinned_intact(_stack: Resource, _config: NoConfig, facts: PolicyContext) -> Iterator[str]:
    """The lock can be read, and every release that the stack's settings name is as it was published."""
    if facts.releases is not None:
        try:
            lock = read_lock(facts.releases)
        except ConfigurationError as error:
            yield str(error)
            return
        for version in sorted(facts.pins):
            yield from _faults(version, facts.releases, lock)


def window_intact(_stack: Resource, _config: NoConfig, facts: PolicyContext) -> Iterator[str]:
    """Every other published release is as it was: one that was edited can't be gone back to."""
    if facts.releases is not None:
        try:
            lock = read_lock(facts.releases)
        except ConfigurationError:
            return
        for version in sorted({name.partition("/")[0] for name in lock} - facts.pins):
            yield from _faults(version, facts.releases, lock)


class Signed(Model):
    """From which release on a signature is wanted."""

    since: Version | None = None
    """The first release that has to be signed; left out, a release without a signature passes."""


def signed(_stack: Resource, config: Signed, facts: PolicyContext) -> Iterator[str]:
    """A signature of a release that the stack runs is valid, and releases from ``since`` on have one."""
    if facts.releases is None:
        return
    for version in sorted(facts.pins, key=order):
        try:
            by = verify(version, facts.releases)
        except ConfigurationError as error:
            yield str(error)
            continue
        if by is None and config.since is not None and order(version) >= order(config.since):
            yield f"release {version} isn't signed, and from {config.since} on releases have to be"


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
        name="release-lock",
        description="The releases that this stack runs are as they were published.",
        severity=Severity.CRITICAL,
        remedy=("Restore the file from git (`git restore {releases}`), or publish the change as a new release."),
        types=frozenset({STACK}),
        check=pinned_intact,
        locked=True,
    ),
    ResourceRule(
        name="release-window",
        description="Every other release in the window is as it was published.",
        severity=Severity.HIGH,
        remedy=("Restore the file from git (`git restore {releases}`), or publish the change as a new release."),
        types=frozenset({STACK}),
        check=window_intact,
        enforcement="advisory",
    ),
    ResourceRule(
        name="release-signed",
        description="A release's signature is of somebody who may sign, and about what is locked.",
        severity=Severity.HIGH,
        remedy=("Find out who published it, and sign it (`{release} sign`) with a key that `{signers}` has."),
        types=frozenset({STACK}),
        check=signed,
        config=Signed,
    ),
    *artifacts.RULES,
)
