"""What a check speaks of: the names and values that stand in its code or definition.

A value that isn't known could be any of those that the check compares with, so these are what is put in its place.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache
from types import CodeType, FunctionType
from typing import Any

SEPARATORS = re.compile(r"[/.\[\]*\"']+")
GENERIC = re.compile(r"^(Base|ABC$|object$)")
"""Classes that hold no words of a check's own."""
PLAIN = (str, int, float)
TEXT = re.compile(r"(?!aws_|resource_type$)[^ ]{1,100}")
"""What could be a value: neither prose nor the name of a type."""
DEEPEST = 3


class Words:
    """The words of one check."""

    def __init__(self, values: Iterator[Any]) -> None:
        found = dict.fromkeys(each for value in values for each in _plain(value))
        self.texts = [each for each in found if isinstance(each, str) and TEXT.fullmatch(each)]
        self.numbers = [each for each in found if isinstance(each, int | float) and not isinstance(each, bool)]
        self.names = {part for each in self.texts for part in SEPARATORS.split(each)}

    def mention(self, path: list[str]) -> bool:
        """Whether the check looks at an argument: it names the outermost and the innermost block that lead there."""
        return bool(path) and path[0] in self.names and (path[-1] in self.names or len(path) > 2)


@cache
def follows_connections(kind: type) -> bool:
    """Whether a check written in Python looks at other resources as well: its code reads checkov's graph."""
    own = (each for base in kind.__mro__ if not GENERIC.match(base.__name__) for each in vars(base).values())
    functions = (getattr(each, "__func__", each) for each in own)
    codes = (code for each in functions if isinstance(each, FunctionType) for code in _codes(each.__code__))
    return any("graph" in code.co_names for code in codes)


def _codes(code: CodeType) -> Iterator[CodeType]:
    """A function's code and that of those inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


@cache
def of_class(kind: Any) -> Words:
    """The words of a check written in Python, with those of its bases and of the functions it calls."""
    return Words(_of_class(kind))


def of_check(check: Any) -> Words:
    """The words of a check: of its class, or of its definition where it is a policy in YAML."""
    kind: Any = type(check)
    return Words(_of_policy(check)) if hasattr(check, "sub_checks") else of_class(kind)


def _of_class(kind: type) -> Iterator[Any]:
    for each in kind.__mro__:
        if GENERIC.match(each.__name__):
            continue
        space = vars(sys.modules[each.__module__])
        for member in vars(each).values():
            function = getattr(member, "__func__", member)
            if isinstance(function, FunctionType):
                yield from _of_code(function.__code__, space, 0)
            else:
                yield member


def _of_code(code: CodeType, space: dict[str, Any], depth: int) -> Iterator[Any]:
    """Constants of a function, of those inside it, and of what it reads from its module."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _of_code(constant, space, depth)
        else:
            yield constant
    for name in code.co_names:
        found = space.get(name)
        if isinstance(found, FunctionType) and found.__module__.startswith("checkov.terraform") and depth < DEEPEST:
            yield from _of_code(found.__code__, vars(sys.modules[found.__module__]), depth + 1)
        elif isinstance(found, (*PLAIN, list, tuple, set, frozenset, dict)):
            yield found


def _of_policy(check: Any) -> Iterator[Any]:
    # A path with a condition in it (``origin[?(@.port != 80)].name``) speaks of all arguments that it names.
    yield re.findall(r"[A-Za-z_][\w-]*", str(check.attribute or ""))
    yield check.attribute
    yield check.attribute_value
    for each in check.sub_checks:
        yield from _of_policy(each)


def _plain(value: Any) -> Iterator[Any]:
    if isinstance(value, PLAIN):
        yield value
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from _plain(each)
    elif isinstance(value, dict):
        for item in value.items():
            yield from _plain(item)
