"""Whether a stack's durable stores are still there: what somebody deleted by hand is a row of ``rollback status``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cli.health.status import UNTOLD, Running, reason
from cli.review.resources import of_state
from core.aws import account
from guard.command.auditing import seen
from guard.durable import durable as durable_type
from guard.inventory import Guarded, durable
from guard.losses import missing_remedy
from guard.recreated import restoring
from stacks.settings import StackSettings

ROW = "stores"


def row(settings: StackSettings, state: Mapping[str, Any], only: str | None = None) -> Running | None:
    """The row of the durable stores; None where there are none. ``only``: those of this system alone. Never raises."""
    systems = of_state(state)
    stores = {urn: store for urn, store in durable(state).items() if only in (None, systems.system(urn))}
    if not stores:
        return None
    try:
        sightings, unasked = seen(stores.values(), state, account(settings.region), settings.region)
    except Exception as error:  # whatever the stores run into must not hide the systems
        return _row(stores, f"{UNTOLD}: {reason(error)}", as_asked=False)
    gone = [store for urn, store in stores.items() if urn in sightings and not sightings[urn].there]
    notes = _untold(unasked)
    if not gone:
        return _row(stores, f"{len(sightings)} are there" if notes else "there", as_asked=True, notes=notes)
    drift = [f"{systems.system(each.urn)}: {_missing(each, settings)}" for each in gone]
    return _row(stores, f"{len(gone)} missing", as_asked=False, drift=drift, notes=notes)


def _missing(store: Guarded, settings: StackSettings) -> str:
    holds = durable_type(store.type)
    kind = holds.kind.value if holds else "store"
    restore = restoring(store, settings.project.recovery_bucket, settings.region)
    return f"the {kind} {store.name} isn't there any more, somebody deleted it: {missing_remedy(store, restore)}"


def _untold(why: Mapping[str, str]) -> list[str]:
    """Stores that nobody could be asked about, the first with the reason."""
    more = f" (and {len(why) - 1} more)" if len(why) > 1 else ""
    return [f"whether it is there isn't known: {next(iter(why.values()))}{more}"] if why else []


def _row(
    stores: Mapping[str, Guarded], runs: str, *, as_asked: bool, drift: list[str] | None = None, notes: Any = ()
) -> Running:
    return Running(
        system=ROW,
        pinned="",
        deployed=str(len(stores)),
        release=None,
        runs=runs,
        as_asked=as_asked,
        drift=tuple(drift or ()),
        moving=(),
        notes=tuple(notes),
        failures=(),
        addresses={},
        look="",
    )
