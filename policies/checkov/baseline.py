"""Checks that are skipped on purpose, each with its reason: ``baseline.yaml``, a list of entries.

An entry says which check, for which resources, why, and who answers for it. It may name the day on which it ends: from
the day after, it explains nothing, and the scan fails. Entries that concern one system may lie in a file of their own,
``baseline.d/<system>.yaml``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import StringConstraints, ValidationError

from core.model import ConfigurationError, Model, explain
from core.project import current
from policies.checkov.resources import Resource

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Entry(Model):
    """One check that some resources needn't pass."""

    check: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$")]
    resources: Text = "*"
    """A pattern (``*``, ``?``, ``[...]``) for a resource's name, type or URN."""
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=20, max_length=1_000)]
    owner: Text
    expires: date | None = None
    """The last day on which the entry counts."""

    def expired(self, today: date) -> bool:
        """Whether its last day has passed."""
        return self.expires is not None and self.expires < today

    def covers(self, check: str, resource: Resource) -> bool:
        """Whether it speaks of this check on this resource."""
        subjects = (resource.name, resource.type, resource.urn)
        return check == self.check and any(fnmatchcase(each, self.resources) for each in subjects)


def load(path: Path | None = None) -> tuple[Entry, ...]:
    """The entries of a file, then those of the files in the folder beside it (``baseline.d``), by name.

    ``path``: the project's own where left out, which needn't be there. Raises ``ConfigurationError`` with one line that
    says what is wrong and where.
    """
    if path is None:
        path = current().checkov_baseline
        if not path.exists():
            return ()
    return tuple(entry for each in (path, *sorted(path.with_suffix(".d").glob("*.yaml"))) for entry in _read(each))


def _read(path: Path) -> tuple[Entry, ...]:
    try:
        found = yaml.safe_load(path.read_text())
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path.name}: not YAML: {error}") from None
    if not isinstance(found, list | None):
        raise ConfigurationError(f"{path.name}: a list of entries is wanted")
    entries = []
    for number, each in enumerate(found or [], start=1):
        try:
            entries.append(Entry.model_validate(each))
        except ValidationError as error:
            raise explain(error, f"{path.name}, entry {number}", Entry) from None
    return tuple(entries)


def explanation(entries: Sequence[Entry], check: str, resource: Resource, today: date) -> Entry | None:
    """The first entry that still counts and covers the finding."""
    return next((each for each in entries if each.covers(check, resource) and not each.expired(today)), None)
