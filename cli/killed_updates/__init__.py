"""What an update that was killed left behind: resources that may exist without the state knowing them.

The engine notes a creation before it starts and can't tell, after a kill, whether it was done. The next update would
then run into names that are taken, or make a second thing where names may repeat. So each noted creation is looked up
by what its inputs say: what exists is taken into the state, what doesn't is forgotten, and the next update goes on from
there. Nothing is deleted.
"""

from __future__ import annotations

from cli.killed_updates.finders import FINDERS, IDEMPOTENT_CREATES, NON_UNIQUE
from cli.killed_updates.search import existing, find
from cli.killed_updates.state import pending_creations, place, settled, unread

__all__ = [
    "FINDERS",
    "IDEMPOTENT_CREATES",
    "NON_UNIQUE",
    "existing",
    "find",
    "pending_creations",
    "place",
    "settled",
    "unread",
]
