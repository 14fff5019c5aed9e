"""Made-up ids in a tree, put into words: a resource that is made again gets a new id, but keeps its place.

An id is made up where it looks random and stands either as the key of a resource or in one of its id fields. It's
replaced, wherever it occurs, by the resource's name in pointed brackets; a resource without a name is told apart by
the checksum of its content.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from sandbox.account.export.walk import canonical

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_RANDOM = re.compile(
    rf"{_UUID}"
    r"|(?:[a-z]{1,12}-){1,4}[0-9a-f]{8,32}"  # vpc-0123456789abcdef0
    r"|[A-Z]{4}[A-Z0-9]{12,24}"  # AROA...
    r"|(?=[a-z]*\d)(?=\d*[a-z])[a-z0-9]{10}"  # an API's id
    r"|[0-9a-f]{32}"
)
_ANY_UUID = re.compile(_UUID)
_SHORT = re.compile(r"[a-z0-9]{6,12}")
_UUID_ENDING = re.compile(rf"{_UUID}$")
_ID_FIELD = re.compile(r"(^|_)(id|uuid|Id|ID)$|^[a-z]+Id$")
_NAMES = (
    "name",
    "Name",
    "function_name",
    "table_name",
    "title",
    "path_part",
    "route_key",
    "integration_uri",
    "endpoint",
    "description",
    "hash",
)


def in_words(trees: list[Any]) -> list[Any]:
    """Return the trees with made-up ids replaced, in all of them alike."""
    labels: dict[str, str] = {}
    for tree in trees:
        for identity, node, key in _identities(tree):
            if identity not in labels:
                labels[identity] = _label(identity, node, key)
    _tell_apart(labels, trees)
    replace = _replacer(labels)
    return [_renamed(tree, replace) for tree in trees]


def _identities(tree: Any, key: str = "") -> Iterator[tuple[str, Any, str]]:
    """Yield every made-up id with the resource it belongs to and the key that the resource stands under."""
    if isinstance(tree, dict):
        if _RANDOM.fullmatch(key) or _is_own_id(key, tree):
            yield key, tree, ""
        elif ending := _UUID_ENDING.search(key):
            yield ending[0], tree, ""
        for name, value in tree.items():
            if isinstance(value, str) and _ID_FIELD.search(name) and _RANDOM.fullmatch(value):
                yield value, tree, "" if value == key else key
            yield from _identities(value, name)
    elif isinstance(tree, list):
        for item in tree:
            yield from _identities(item)


def _is_own_id(key: str, node: dict[str, Any]) -> bool:
    """Return whether a resource stands under an id of its own that isn't its name, such as an API's."""
    if not _SHORT.fullmatch(key) or node.get("name") == key:
        return False
    return any(value == key and _ID_FIELD.search(name) for name, value in node.items())


def _label(identity: str, node: dict[str, Any], key: str) -> str:
    name = key or next((str(node[field]) for field in _NAMES if isinstance(node.get(field), str)), "")
    name = _ANY_UUID.sub("", name.rpartition(":")[2] if name.startswith("arn:") else name)
    if name and name != identity and not _RANDOM.fullmatch(name):
        return name
    return _checksum(node, identity)[:10]


def _checksum(node: Any, identity: str) -> str:
    """Of a resource's content without made-up ids. Some are too short to be known by their looks: its own is given."""
    content = canonical(node).replace(json.dumps(identity), '"?"')
    return hashlib.sha256(_RANDOM.sub("?", content).encode()).hexdigest()


def _tell_apart(labels: dict[str, str], trees: list[Any]) -> None:
    """Where several ids got one label, add a checksum of what each belongs to."""
    taken: dict[str, list[str]] = {}
    for identity, label in labels.items():
        taken.setdefault(label, []).append(identity)
    shared = {identity for group in taken.values() if len(group) > 1 for identity in group}
    if not shared:
        return
    content: dict[str, str] = {}
    for tree in trees:
        for identity, node, _ in _identities(tree):
            if identity in shared:
                content.setdefault(identity, _checksum(node, identity)[:6])
    for identity in shared:
        labels[identity] = f"{labels[identity]}~{content[identity]}"


def _replacer(labels: dict[str, str]) -> Callable[[str], str]:
    if not labels:
        return lambda text: _ANY_UUID.sub("<id>", text)
    longest_first = sorted(labels, key=lambda identity: (-len(identity), identity))
    known = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(map(re.escape, longest_first))})(?![A-Za-z0-9])")

    def replace(text: str) -> str:
        return _ANY_UUID.sub("<id>", known.sub(lambda match: f"<{labels[match[0]]}>", text))

    return replace


def _renamed(tree: Any, replace: Callable[[str], str]) -> Any:
    if isinstance(tree, dict):
        renamed: dict[str, Any] = {}
        for key in sorted(tree):
            name = replace(key)
            while name in renamed:
                name += "'"
            renamed[name] = _renamed(tree[key], replace)
        return renamed
    if isinstance(tree, list):
        return [_renamed(item, replace) for item in tree]
    return replace(tree) if isinstance(tree, str) else tree
