"""Waivers: which policy doesn't hold for which resource, why, who answers for it, and until when.

They are data, ``waivers.yaml``, and are reviewed as such. An expired one covers nothing, and is a violation itself
(``waivers-current``), so that it is decided about again.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from core import project
from core.model import ConfigurationError, Model, explain, unknown
from core.policy_settings import PolicyName
from core.strict_yaml import read_yaml
from guard.approvals import Person, Reason


class Waiver(Model):
    """One exception from one policy."""

    policy: PolicyName
    resource: Annotated[str, Field(min_length=1, max_length=512)]
    """A shell pattern for the resource's name in its URN, or its name in the account or cluster."""
    reason: Annotated[Reason, Field(min_length=12)]
    owner: Person
    """A person or a team that answers for it."""
    expires: date
    """The last day on which it holds."""

    def holds(self, today: date) -> bool:
        """Whether it hasn't expired."""
        return today <= self.expires

    def covers(self, name: str) -> bool:
        """Whether it is about a resource of this name."""
        return fnmatchcase(name, self.resource)


class Waivers(Model):
    """The file's content."""

    waivers: tuple[Waiver, ...] = ()


WAY_BACK = "way-back"
"""What a waiver names that closes the way back to a release on purpose: `rollback review` judges that, not the pack."""


def load(policies: Collection[str], locked: Collection[str], path: Path | None = None) -> tuple[Waiver, ...]:
    """The waivers of a file (the project's own where left out), none where there is no file.

    ``policies``: the names there are; ``locked``: those that can't be waived. Raises ``ConfigurationError`` for a file
    that is malformed and for a waiver of a policy that doesn't exist or can't be waived.
    """
    path = path or project.current().waivers
    try:
        given = read_yaml(path, path.name, plain=True)
    except FileNotFoundError:
        return ()
    try:
        waivers = Waivers.model_validate({"waivers": [] if given is None else given}).waivers
    except ValidationError as error:
        raise explain(error, path.name, Waivers) from None
    for waiver in waivers:
        if waiver.policy not in policies:
            raise unknown(f"policy in {path.name}", waiver.policy, sorted(policies))
        if waiver.policy in locked:
            raise ConfigurationError(f"{path.name}: {waiver.policy} guards data, so it can't be waived")
    return waivers
