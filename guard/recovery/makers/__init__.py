"""How each kind of store is counted, copied, read back and restored: one file a kind, behind one protocol."""

from __future__ import annotations

from guard.durable import Kind
from guard.recovery.maker import Maker
from guard.recovery.makers.bucket import Buckets
from guard.recovery.makers.database import Databases
from guard.recovery.makers.logs import Logs
from guard.recovery.makers.other import Others
from guard.recovery.makers.queue import Queues
from guard.recovery.makers.table import Tables

QUEUES = Queues()
MAKERS: dict[Kind, Maker] = {
    Kind.TABLE: Tables(),
    Kind.BUCKET: Buckets(),
    Kind.DATABASE: Databases(),
    Kind.QUEUE: QUEUES,
    Kind.LOGS: Logs(),
}
"""The kinds that can be copied here; ``guard.recovery.judgement.ELSEWHERE`` names what copies the others."""

_OTHERS = Others()


def maker(kind: Kind) -> Maker:
    """The maker of a kind; of a kind that can't be copied here, one that says what copies it."""
    return MAKERS.get(kind, _OTHERS)
