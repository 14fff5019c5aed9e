from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.recovery.digest import Content, Digest

items = st.lists(st.binary(max_size=20), max_size=30)


def content(found: list[bytes]) -> Content:
    digest = Digest()
    for item in found:
        digest.add(item)
    return digest.content()


@given(items, st.randoms(use_true_random=False))
def test_the_order_of_items_does_not_matter(found: list[bytes], random: object) -> None:
    other = list(found)
    random.shuffle(other)  # type: ignore[attr-defined]
    assert content(other) == content(found)


@given(items, st.binary(max_size=20), st.data())
def test_an_item_more_less_or_changed_is_another_content(found: list[bytes], item: bytes, data: st.DataObject) -> None:
    whole = content(found)
    assert content([*found, item]).checksum != whole.checksum
    if found:
        place = data.draw(st.integers(0, len(found) - 1))
        changed = [*found[:place], found[place] + b"x", *found[place + 1 :]]
        assert content(changed).checksum != whole.checksum
        assert content(changed).items == whole.items
        assert content([*found, found[place]]).checksum != whole.checksum, "one that is there twice counts twice"


def test_a_difference_is_named() -> None:
    one = Content(3, 9, "a", {"public.documents": 3})
    assert one.difference(one) is None
    assert one.difference(Content(2, 9, "b", {"public.documents": 2})) == (
        "public.documents: 3 items recorded, 2 items found"
    )
    assert one.difference(Content(0, 0, "b")) == "public.documents: 3 items recorded, none found"
    assert Content(3, 9, "a").difference(Content(4, 9, "b")) == "3 items recorded, 4 found"
    assert Content(3, 9, "a").difference(Content(3, 9, "b")) == "the content of some items differs"


@pytest.mark.parametrize("size", [0, 1, 1 << 40])
def test_sizes_add_up(size: int) -> None:
    digest = Digest()
    digest.add_hash(b"\xff" * 32, size)
    digest.add_hash(b"\xff" * 32, size)
    assert (digest.content().items, digest.content().bytes) == (2, 2 * size)
