"""What an input of a Pulumi resource is, once secrets and values that aren't known yet are told apart.

The markers are the engine's own (pulumi/sdk, ``go/common/resource/plugin/rpc.go`` and ``resource/properties.go``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

SECRET_PLACEHOLDER = "pulumi-secret"  # noqa: S105 - what stands in place of one
"""What stands in place of the values of a Kubernetes Secret, which are text whatever they hold."""
ARCHIVE_PLACEHOLDER = "pulumi-archive"
"""What stands in place of files: their content is no part of a configuration."""
GAP = "\ue000"
"""Where a text isn't known; a character that Unicode keeps for private use."""


@dataclass(frozen=True)
class Unknown:
    """A value that can't be told: the engine learns it during the update only, or it is a secret of any type."""

    text: str = ""
    """The text around it, with ``GAP`` in its place, where it is a part of one."""
    secret: bool = False


UNKNOWN: Final = Unknown()
CONCEALED: Final = Unknown(secret=True)

UNKNOWN_MARKERS = (
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
    "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # text
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # list
    "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
    "e48ece36-62e2-4504-bad9-02848725956a",  # archive
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
)
SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key that marks a value of a kind that JSON doesn't have."""
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a marker
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
FILES = ("c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7")
MARKER = re.compile("|".join(map(re.escape, UNKNOWN_MARKERS)))
MASKED = "[secret]"
"""What ``pulumi preview --json`` writes for a secret."""

ENGINE_KEYS = frozenset({"__defaults", "__internal", "__meta", "__name", "__pulumi_raw_state_delta"})
"""Keys that providers keep for themselves among the inputs."""


def clean(value: Any) -> Any:
    """The value with every secret and every value that isn't known as ``Unknown``, and every file as a placeholder."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        if SIGNATURE in value:
            return _marked(value)
        return {str(key): clean(each) for key, each in value.items() if key not in ENGINE_KEYS}
    if isinstance(value, list | tuple):
        return [clean(each) for each in value]
    return value


def unknown_paths(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where a cleaned value isn't known: the keys that lead there; places in lists aren't counted."""
    if isinstance(value, Unknown):
        yield path
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from unknown_paths(each, (*path, key))
    elif isinstance(value, list):
        for each in value:
            yield from unknown_paths(each, path)


def _text(value: str) -> Any:
    """Text that holds a secret somewhere, such as a provider's nested configuration, is secret as a whole."""
    if value == MASKED or SECRET in value:
        return CONCEALED
    if MARKER.search(value) is None:
        return value
    return UNKNOWN if MARKER.fullmatch(value) else Unknown(text=MARKER.sub(GAP, value))


def _marked(value: Mapping[str, Any]) -> Any:
    """A secret, file or output. Anything else, such as a reference to a resource, is as good as unknown here."""
    kind = value[SIGNATURE]
    if kind == SECRET or value.get("secret") is True:
        return CONCEALED
    if kind in FILES:
        return ARCHIVE_PLACEHOLDER
    if kind == OUTPUT and "value" in value:
        return clean(value["value"])
    return UNKNOWN
