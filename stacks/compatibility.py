"""Whether a release can read the data that is there: a rollback to one that can't is refused before it begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.model import ConfigurationError
from stacks.compaction import CompactionRelease, CompactionSettings


def newest_format(
    version: str, release: CompactionRelease, settings: CompactionSettings, remembered: Mapping[str, Any]
) -> int:
    """The newest format in which receipts may lie in the store after this update.

    ``remembered``: what the stack's output said of the system. Raises ``ConfigurationError`` where the release can't
    read what an earlier one has written.
    """
    before = settings.restored_format or int((remembered.get("dataFormat") or {}).get("newest", 0))
    if before and before not in release.data_format.reads:
        reads = ", ".join(map(str, release.data_format.reads))
        raise ConfigurationError(
            f"compaction at {version} reads data format {reads}, and the store holds format {before} since "
            f"{remembered.get('release', 'a restore')}: choose a release that reads it, or restore a copy in an older "
            "format and set compaction:restoredFormat"
        )
    return max(before, release.data_format.writes)
