"""From moto's objects to one tree of plain values, whatever the service.

Every object is shown once, at its home: the shortest path that leads to it from a backend. Elsewhere stands a
reference to that path, so that a queue's dead-letter queue isn't a copy of the queue.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from enum import Enum
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from moto.core.base_backend import AccountSpecificBackend, BackendDict, BaseBackend

from sandbox.account.export import volatile

Path = tuple[str, ...]
Tree = Any

REFERENCE = "-> "
_NOT_SHOWN = (
    FunctionType,
    MethodType,
    BuiltinFunctionType,
    ModuleType,
    type,
    property,
    BackendDict,
    AccountSpecificBackend,
    BaseBackend,
)
_OURS = ("moto.", "sandbox.")


class Walker:
    """Turns backends into trees.

    Args:
        roots: the backends by path, such as ("lambda", "us-east-1").
    """

    def __init__(self, roots: Mapping[Path, BaseBackend]) -> None:
        self._roots = {id(backend): path for path, backend in roots.items()}
        self._homes: dict[int, Path] = {}
        self._alive: list[Any] = []
        self._open: set[int] = set()
        self.history: dict[Path, Tree] = {}
        self._find_homes(roots)

    def tree(self, path: Path, backend: BaseBackend) -> Tree:
        """Return the configuration below a backend."""
        return self._attributes(path, backend) or {}

    def _find_homes(self, roots: Mapping[Path, BaseBackend]) -> None:
        waiting: deque[tuple[Path, Any]] = deque(sorted(roots.items(), key=lambda item: item[0]))
        containers: set[int] = set()
        while waiting:
            path, thing = waiting.popleft()
            if _is_object(thing):
                if id(thing) in self._homes:
                    continue
                self._homes[id(thing)] = path
                self._alive.append(thing)
            elif id(thing) in containers:
                continue
            else:
                containers.add(id(thing))
                self._alive.append(thing)
            waiting.extend(((*path, label), child) for label, child in _children(thing) if _is_composite(child))

    def _value(self, path: Path, value: Any) -> Tree:  # noqa: PLR0911 - one case per kind of value
        if volatile.is_scalar(value):
            return scalar(path[-1] if path else "", value)
        if isinstance(value, _NOT_SHOWN):
            return None
        if isinstance(value, Mapping):
            return self._mapping(path, value)
        if isinstance(value, set | frozenset):
            items = [self._value((*path, str(item)), item) for item in value]
            return sorted(items, key=canonical)
        if isinstance(value, list | tuple | deque):
            return _ordered([self._value((*path, str(n)), item) for n, item in enumerate(value)])
        if _is_object(value):
            home = self._homes.get(id(value), path)
            if home != path and (_has_identity(value) or id(value) in self._open):
                return REFERENCE + "/".join(home)
            self._open.add(id(value))
            try:
                return self._attributes(path, value)
            finally:
                self._open.discard(id(value))
        return None

    def _mapping(self, path: Path, value: Mapping[Any, Any]) -> Tree:
        result = {}
        for key, item in list(value.items()):
            name = label(key)
            if volatile.is_clock(name, item):
                continue
            here = "/".join((*path, name))
            newest = isinstance(item, list) and item and volatile.NEWEST_COUNTS.fullmatch(here)
            child = self._newest((*path, name), item) if newest else self._value((*path, name), item)
            if _is_empty(child):
                continue
            if volatile.HISTORY_PATHS.fullmatch(here):
                self.history[(*path, name)] = child
            else:
                result[name] = child
        return result

    def _newest(self, path: Path, versions: list[Any]) -> Tree:
        """The last entry of a list; those before it are history."""
        *earlier, newest = [self._value((*path, str(number)), each) for number, each in enumerate(versions)]
        if earlier:
            self.history[path] = earlier
        return newest

    def _attributes(self, path: Path, thing: Any) -> Tree:
        owner = type(thing).__name__
        result = {}
        for attribute, item in sorted(vars(thing).items()):
            name = attribute.lstrip("_")
            if volatile.listed(volatile.LEFT_OUT, owner, name) or volatile.is_clock(name, item):
                continue
            child = self._value((*path, name), item)
            if _is_empty(child):
                continue
            if volatile.listed(volatile.HISTORY, owner, name):
                self.history[(*path, name)] = child
            else:
                result[name] = child
        return result


def _is_object(value: Any) -> bool:
    ours = hasattr(value, "__dict__") and type(value).__module__.startswith(_OURS)
    return ours and not isinstance(value, Mapping | list)


def _has_identity(value: Any) -> bool:
    """Return whether an object is a resource; what has no name of its own is part of whatever holds it."""
    return any(name.endswith(("arn", "name", "id")) for name in vars(value))


def _is_composite(value: Any) -> bool:
    if isinstance(value, _NOT_SHOWN):
        return False
    return isinstance(value, Mapping | list | tuple | set | frozenset | deque) or _is_object(value)


def _children(thing: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(thing, Mapping):
        pairs: Iterable[tuple[str, Any]] = [(label(key), value) for key, value in list(thing.items())]
    elif _is_object(thing):
        owner = type(thing).__name__
        pairs = [
            (name.lstrip("_"), value)
            for name, value in sorted(vars(thing).items())
            if not volatile.listed(volatile.LEFT_OUT, owner, name.lstrip("_"))
        ]
    else:
        pairs = [(str(number), value) for number, value in enumerate(list(thing))]
    yield from pairs


def label(key: Any) -> str:
    """Return a dict key as text."""
    if isinstance(key, tuple):
        return ",".join(label(part) for part in key)
    return str(key.value if isinstance(key, Enum) else key)


def scalar(name: str, value: Any) -> Tree:  # noqa: PLR0911 - one case per kind of value
    """Return a plain value; bytes and secrets as their checksum, JSON text as what it says."""
    if isinstance(value, Enum):
        return scalar(name, value.value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return "sha256:" + hashlib.sha256(value).hexdigest()
    if isinstance(value, str):
        if volatile.SECRET.search(name):
            return "sha256:" + hashlib.sha256(value.encode()).hexdigest()
        if value[:1] in {"{", "["}:
            try:
                return json.loads(value)
            except ValueError:
                return value
        return re.sub(r"0x[0-9a-f]{8,}", "0x", value) if " object at 0x" in value else value
    return value


def canonical(tree: Tree) -> str:
    """Return a tree as text that is equal for equal trees."""
    return json.dumps(tree, sort_keys=True, default=str)


def _ordered(items: list[Tree]) -> list[Tree]:
    """Sort a list whose entries have names (tags, statements, attributes); others keep their order."""
    for name in ("Key", "key", "Sid", "Name", "name", "Id", "id", "IndexName"):
        if items and all(isinstance(item, dict) and name in item for item in items):
            return sorted(items, key=canonical)
    return items


def _is_empty(tree: Tree) -> bool:
    return tree is None or tree in ({}, [], "")
