"""The program that a change is compared with, asked about single releases only where a way is closed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from cli.review import preview, ways
from cli.review.errors import ReviewError
from cli.review.resources import of_preview
from cli.review.stores import risks
from cli.review.ways import Known
from cli.review.workspace import program_at, settings_at
from core.model import ConfigurationError
from guard import approvals
from stacks.file import read


class BaseProgram:
    """The project at a commit."""

    def __init__(self, root: Path, commit: str, scratch: Path, stack: str) -> None:
        self.scratch, self.stack = scratch / "settings-of-base", stack
        self.folder = program_at(root, commit, scratch / "base")
        self.stacks = self.folder / "stacks"

    def is_open(
        self, version: str, policies: Collection[tuple[str, str]], deployed: Mapping[str, Any], now: datetime
    ) -> bool:
        """Whether a release could be gone to with this program.

        ``policies``: those that close the way with the change. Only they count here: others that the base breaks have
        nothing to do with it. A base that lacks the stack's file or the release has no open way to it.
        """
        source = self.stacks / f"Pulumi.{self.stack}.yaml"
        if not source.exists() or not (self.stacks / "releases" / f"{version}.yaml").exists():
            return False
        try:
            settings = read(self.stack, folder=self.stacks)
            given = approvals.load(self.stack, self.stacks / "approvals")
        except ConfigurationError:
            return False
        if ways.readable_after(settings, version, deployed) is not None:
            return False
        try:
            copy = settings_at(source, version, self.scratch, unpin=ways.all_pinned(settings))
            found = preview.run(self.folder, self.stack, copy)
        except ReviewError:
            return False
        lost = risks(found, of_preview(found.steps), given, now)
        others = frozenset(each.key for each in found.violations if each.key not in policies)
        return ways.judge(found, lost, Known(policies=others)).reason is None
