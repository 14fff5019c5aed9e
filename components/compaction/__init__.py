"""compaction: changes of receipts become deltas, and deltas are merged into a Chroma store.

Handlers and package are pinned apart: going back with the handlers alone, or with both, is a plain stack update.

Source: runbook compaction (docs/runbooks/compaction.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from components.common.context import Context
from components.compaction.functions import SYSTEM, declare
from components.compaction.observability import Observability
from components.compaction.package import Package
from components.compaction.routing import consume
from components.compaction.stores import Stores
from stacks.compaction import CompactionRelease, CompactionSettings, newest_format
from stacks.selection import Manifests, Selected


class Compaction(pulumi.ComponentResource):
    """The whole system at one release.

    The layers of every release that can be gone back to are kept.
    """

    def __init__(
        self,
        context: Context,
        selected: Selected,
        manifests: Manifests,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("rollback:systems:Compaction", SYSTEM, None, opts)
        release, settings = selected.release, context.settings.of(CompactionSettings)
        assert isinstance(release, CompactionRelease)
        remembered = _remembered(context)
        written = newest_format(selected.version, release, settings, remembered)
        child = pulumi.ResourceOptions(parent=self)
        stores = Stores(context, settings, child)
        releases = [each for each in manifests.window.values() if isinstance(each, CompactionRelease)]
        package = Package(context, [each.package for each in [*releases, release]], child)
        functions = declare(context, selected, release, release.handlers(manifests.named), stores, package, self)
        consume(context, settings, functions, stores, self)
        observed = Observability(context, settings, stores, child)
        self.published: dict[str, pulumi.Output[Mapping[str, object]]] = {
            function.spec.physical_name: function.memory for function in functions.values()
        }
        touched = pulumi.Output.all(*(function.touched for function in functions.values()))
        before = int(remembered["dataFormat"]["newest"])
        # Functions that a targeted update leaves out write what they wrote before.
        newest = touched.apply(lambda parts: written if all(parts) else before or written)
        enhanced = functions["enhanced_compaction_handler"].arn
        self.summary: dict[str, pulumi.Input[object]] = {
            "release": context.reached(selected, (each.touched for each in functions.values())),
            "pinned": selected.pinned,
            "handlers": settings.handlers_from or selected.version,
            "package": release.package.version,
            "usePackageCompaction": settings.use_package_compaction,
            "dataFormat": {"writes": release.data_format.writes, "newest": newest},
            "health": enhanced,
            "endpoints": {"compaction": enhanced},
            "stores": stores.names(),
            "functions": {name: function.arn for name, function in sorted(functions.items())},
            "alarms": observed.topic.arn,
            "dashboard": f"{SYSTEM}-{context.stack}",
        }
        self.register_outputs(self.summary)


def _remembered(context: Context) -> dict[str, Any]:
    """What is known of the data's format: the newest that the stack's output or the component in the state tells of.

    They differ where an output was lost, and after an update that failed half-way.
    """
    told = (context.memory.systems.get(SYSTEM), context.memory.resource("rollback:systems:Compaction", SYSTEM))
    formats = [entry.get("dataFormat") for entry in told if entry is not None]
    newest = [entry.get("newest") for entry in formats if isinstance(entry, Mapping)]
    numbers = [int(number) for number in newest if isinstance(number, int | float)]
    release = context.memory.release(SYSTEM)
    return {"dataFormat": {"newest": max(numbers, default=0)}, **({"release": release} if release else {})}
