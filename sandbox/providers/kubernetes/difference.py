"""What changed between two sets of inputs, path by path, in Pulumi's notation for property paths."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sandbox.providers.kubernetes.quantities import same
from sandbox.providers.kubernetes.shape import Path, builtin, identity, merge_keys

Change = Literal["add", "delete", "update"]

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_PART = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[([0-9]+|\*)\]|([^.\[\]]+)')


@dataclass(frozen=True)
class Difference:
    """One place where the new inputs say something else."""

    path: Path
    change: Change

    @property
    def text(self) -> str:
        """The path in Pulumi's notation."""
        return path_text(self.path)


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """The differences between old and new inputs; what only looks different (quantities, order of keys) is none."""
    native = builtin(str(new.get("apiVersion") or old.get("apiVersion") or ""))
    return list(_compare(_plain(old), _plain(new), (), native))


def _plain(value: Any) -> Any:
    # Nothing, an empty map and an empty list in a map are the same as leaving the field out.
    if isinstance(value, Mapping):
        return {key: item for key, part in value.items() if (item := _plain(part)) is not None}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _compare(old: Any, new: Any, path: Path, native: bool) -> Iterable[Difference]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*old, *(key for key in new if key not in old)]:
            here = (*path, key)
            if key not in new:
                yield Difference(here, "delete")
            elif key not in old:
                yield Difference(here, "add")
            else:
                yield from _compare(old[key], new[key], here, native)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _compare_lists(old, new, path, native)
    elif not same(old, new, path):
        yield Difference(path, "update")


def _compare_lists(old: list[Any], new: list[Any], path: Path, native: bool) -> Iterable[Difference]:
    keys = merge_keys(path, [*old, *new], native)
    if keys is not None:
        before = {identity(item, keys): index for index, item in enumerate(old)}
        after = {identity(item, keys): index for index, item in enumerate(new)}
        if [key for key in before if key in after] == [key for key in after if key in before]:
            for key, index in before.items():
                if key not in after:
                    yield Difference((*path, index), "delete")
            for key, index in after.items():
                if key not in before:
                    yield Difference((*path, index), "add")
                else:
                    yield from _compare(old[before[key]], new[index], (*path, index), native)
            return
    for index in range(max(len(old), len(new))):
        if index >= len(new):
            yield Difference((*path, index), "delete")
        elif index >= len(old):
            yield Difference((*path, index), "add")
        else:
            yield from _compare(old[index], new[index], (*path, index), native)


def path_text(path: Path) -> str:
    """A path in Pulumi's notation: ``spec.containers[0].image``, ``metadata.labels["app.kubernetes.io/name"]``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN.fullmatch(part):
            text += f".{part}" if text else part
        else:
            escaped = part.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{escaped}"]'
    return text


def parse_path(text: str) -> tuple[str | int, ...]:
    """The parts of a path in Pulumi's notation; ``*`` stays a part of its own."""
    parts: list[str | int] = []
    for quoted, index, name in _PART.findall(text):
        if index:
            parts.append(int(index) if index != "*" else "*")
        else:
            parts.append(name or re.sub(r"\\(.)", r"\1", quoted))
    return tuple(parts)


def covers(pattern: Path, path: Path) -> bool:
    """Whether a path lies at or below a pattern, in which ``*`` stands for any part."""
    return len(path) >= len(pattern) and all(
        one in {"*", other} for one, other in zip(pattern, path[: len(pattern)], strict=True)
    )
