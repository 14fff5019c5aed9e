"""The feature flag: the compaction code of the package, or the handlers' own (seed 002, "Feature Flags").

It is read for each invocation. The package's code is loaded only when it is used, so that with the flag off the
handlers also run beside a package that doesn't have it.
"""

from __future__ import annotations

import os
from typing import Any

from compaction import changes, compactor, deltas, repair
from compaction.actions import Code


def uses_package() -> bool:
    """Whether the package's code is to be used."""
    return os.environ.get("USE_PACKAGE_COMPACTION", "false").strip().lower() == "true"


def updates_of(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the updates that a stream record calls for."""
    if uses_package():
        from compaction import package_code

        return package_code.updates_of(record)
    return changes.updates_of(record)


def write_metadata(update: dict[str, Any]) -> None:
    """Keep a change of a receipt's fields, or its removal."""
    if uses_package():
        from compaction import package_code

        return package_code.write_metadata(update)
    return deltas.write_metadata(update)


def write_labels(update: dict[str, Any]) -> None:
    """Keep a change of a receipt's labels."""
    if uses_package():
        from compaction import package_code

        return package_code.write_labels(update)
    return deltas.write_labels(update)


def code() -> Code:
    """Return the code of the compaction function's actions."""
    if uses_package():
        from compaction import package_code

        return package_code.code()
    return Code("handler", compactor.compact, repair.repair, deltas.count)
