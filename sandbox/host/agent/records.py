"""Where the agent keeps revisions, and which one was deployed last.

The folders are those of the real agent: `<deployment group id>/<deployment id>/deployment-archive` and
`deployment-instructions`.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

KEPT = 5
"""Archives that are kept for a deployment group (CodeDeploy user guide, agent configuration: max_revisions)."""

SCRIPT_LOG = Path("logs") / "scripts.log"


@dataclass(frozen=True)
class Records:
    """The agent's folder, seen from one deployment group."""

    folder: Path
    group_id: str

    def deployment(self, deployment_id: str) -> Path:
        """Return the folder of one deployment."""
        return self.folder / self.group_id / deployment_id

    def archive(self, deployment_id: str) -> Path:
        """Return where a deployment's revision is unpacked."""
        return self.deployment(deployment_id) / "deployment-archive"

    @property
    def instructions(self) -> Path:
        """What is remembered from one deployment to the next."""
        return self.folder / "deployment-instructions"

    @property
    def cleanup(self) -> Path:
        """Lists what the last installation copied, one path a line."""
        return self.instructions / f"{self.group_id}-cleanup"

    @property
    def last_successful(self) -> str | None:
        """The deployment that last went through whole, as far as its archive is still there."""
        try:
            found = self._last.read_text().strip()
        except FileNotFoundError:
            return None
        return found if self.archive(found).is_dir() else None

    def succeeded(self, deployment_id: str) -> None:
        """Note that a deployment went through."""
        self.instructions.mkdir(parents=True, exist_ok=True)
        temporary = self._last.with_suffix(".new")
        temporary.write_text(deployment_id + "\n")
        temporary.replace(self._last)

    def remove_old(self) -> None:
        """Remove the oldest archives, never that of the last deployment that went through."""
        group = self.folder / self.group_id
        kept = self.last_successful
        folders = [path for path in group.iterdir() if path.name != kept] if group.is_dir() else []
        for old in sorted(folders, key=lambda path: path.stat().st_mtime)[: -KEPT + 1]:
            shutil.rmtree(old, ignore_errors=True)

    @property
    def _last(self) -> Path:
        return self.instructions / f"{self.group_id}_last_successful_install"
