"""What is drawn: the stores of a program, and the steps of a sequence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hypothesis import strategies as st

POOL = (
    ("table", "receipts"),
    ("table", "labels"),
    ("bucket", "documents"),
    ("queue", "jobs"),
    ("logs", "events"),
    ("table", "west"),
    ("parameter", "prompt"),
    ("topic", "news"),
)
"""Kind and name. Nobody has reviewed the parameter's type, as far as these programs know."""
KINDS = {name: kind for kind, name in POOL}
NAMES = tuple(KINDS)
NAMESAKES = {"west": "receipts"}
"""Stores that bear another one's physical name, in another region."""


@dataclass(frozen=True)
class Shape:
    """A store as one program of a sequence declares it."""

    renamed: bool = False
    aliased: bool = False
    key: str = "id"
    inside: str | None = None
    physical: str = ""
    """What is added to its physical name: another one is another store."""
    elsewhere: str = ""
    """Of a table: ``region`` or ``provider``, by which it lies in another region than it would."""
    read: bool = False
    """Of a table: the program only reads it (`get`)."""
    loses: str = ""
    """``expires`` or ``stops``: settings by which it loses data where it stands."""


@dataclass(frozen=True)
class Deed:
    """One step of a sequence."""

    verb: str
    """update, packed (with the policies), again, undone, targeted, back, refresh, destroy, destroy_one, unprotect,
    preview, approve or lose_copies."""
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    """The program of an update: the stores that it declares."""
    target: str | None = None
    """The store that is approved, with a recovery point or without; that of a targeted update or destroy."""
    action: str = "delete"
    copied: bool = False


SHAPES = st.builds(
    Shape,
    renamed=st.booleans(),
    aliased=st.booleans(),
    key=st.sampled_from(["id", "id", "other"]),
    inside=st.sampled_from([None, None, "part"]),
    physical=st.sampled_from(["", "", "", "-two"]),
    elsewhere=st.sampled_from(["", "", "", "region", "provider"]),
    read=st.sampled_from([False, False, False, True]),
    loses=st.sampled_from(["", "", "", "expires", "stops"]),
)
PROGRAMS = st.dictionaries(st.sampled_from(NAMES), SHAPES | st.just(Shape()), max_size=len(POOL))
TARGETS = st.sampled_from(NAMES)
DEEDS = st.one_of(
    st.builds(Deed, st.just("update"), PROGRAMS),
    st.builds(Deed, st.sampled_from(["update", "packed"]), PROGRAMS),
    st.builds(Deed, st.sampled_from(["back", "refresh", "destroy", "unprotect", "preview", "lose_copies", "again"])),
    st.builds(Deed, st.sampled_from(["undone", "targeted"]), PROGRAMS, TARGETS),
    st.builds(Deed, st.just("destroy_one"), target=TARGETS),
    st.builds(
        Deed,
        st.just("approve"),
        target=TARGETS,
        action=st.sampled_from(["delete", "replace", "lose"]),
        copied=st.booleans(),
    ),
)
WHOLE = {name: Shape() for name in NAMES}
SEQUENCES = st.lists(DEEDS, min_size=2, max_size=5)
"""After a first update that makes all stores."""
