"""The transform ``AWS::LanguageExtensions``, as far as it decides which resources there are: loops.

Source: AWS CloudFormation user guide, "Fn::ForEach" and "AWS::LanguageExtensions transform". The transform's other
functions are expressions, which ``intrinsics`` works out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cli.takeover.intrinsics import UnknownValueError, Values, written
from cli.takeover.model import TakeoverError
from cli.takeover.shape import LOOP

EXTENSIONS = "AWS::LanguageExtensions"
_NOT_OF_A_NAME = re.compile(r"[^A-Za-z0-9]")


def unrolled(name: str, body: Mapping[str, Any], values: Values) -> dict[str, Any]:
    """The template with what each loop stands for in the loop's place.

    ``name``: of the template's file. Raises `TakeoverError` where a loop is malformed, or what it goes through is
    only known to a running stack.
    """
    done = _walk(name, dict(body), {}, values)
    assert isinstance(done, dict)
    return done


def _walk(name: str, part: Any, items: Mapping[str, str], values: Values) -> Any:
    """A part of the template, with the items of the loops around it put in."""
    if isinstance(part, list):
        return [_walk(name, each, items, values) for each in part]
    if isinstance(part, str):
        return _put_in(part, items)
    if not isinstance(part, dict):
        return part
    if len(part) == 1 and isinstance(named := part.get("Ref"), str) and named in items:
        return items[named]
    done: dict[Any, Any] = {}
    for key, each in part.items():
        if isinstance(key, str) and key.startswith(LOOP):
            found = _loop(name, key, each, items, values)
        else:
            found = {_put_in(key, items) if isinstance(key, str) else key: _walk(name, each, items, values)}
        if twice := sorted(str(each) for each in done.keys() & found.keys()):
            raise TakeoverError(f"{name}: {twice[0]} is there twice once the loops are done")
        done |= found
    return done


def _loop(name: str, key: str, loop: Any, items: Mapping[str, str], values: Values) -> dict[Any, Any]:
    """What one loop stands for."""
    if not (
        isinstance(loop, list) and len(loop) == 3 and isinstance(loop[0], str) and isinstance(loop[2], dict) and loop[0]
    ):
        raise TakeoverError(
            f"{name}: {key} wants a list of three: the item's name, the items, and what is made of each"
        )
    own, collection, made = loop
    done: dict[Any, Any] = {}
    for item in _items(name, key, _walk(name, collection, items, values), values):
        found = _walk(name, made, {**items, own: item}, values)
        if twice := sorted(str(each) for each in done.keys() & found.keys()):
            raise TakeoverError(f"{name}: {key} makes {twice[0]} twice")
        done |= found
    return done


def _items(name: str, key: str, collection: Any, values: Values) -> list[str]:
    try:
        found = values.resolve(collection)
    except UnknownValueError as error:
        raise TakeoverError(
            f"{name}: what {key} goes through can't be told ({error}): name the running stack, or give the parameter"
        ) from None
    if not isinstance(found, list) or not all(isinstance(each, str | int | float) for each in found):
        raise TakeoverError(f"{name}: {key} wants a list of texts to go through")
    return [written(each) for each in found]


def _put_in(text: str, items: Mapping[str, str]) -> str:
    """A text with items put in: ``${Name}`` as they are, ``&{Name}`` without what a logical id can't have."""
    for own, item in items.items():
        text = text.replace(f"${{{own}}}", item).replace(f"&{{{own}}}", _NOT_OF_A_NAME.sub("", item))
    return text
