"""YAML that people write, read strictly: what a parser would take in silence for something else is refused."""

from __future__ import annotations

import stat
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from core.model import ConfigurationError

LARGEST = 1 << 20
"""Bytes of a file that a person wrote; more is a mistake, and would be parsed for minutes."""
BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


class StrictLoader(yaml.SafeLoader):
    """PyYAML's safe loader, but a key that stands twice in one mapping is an error: the last would win silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """The mapping of a node. Raises ``yaml.constructor.ConstructorError``."""
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            # Keys that are no scalars are the base class's to refuse; merge keys (<<) may stand more than once.
            if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                continue
            if (key.tag, key.value) in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} is given twice", key.start_mark)
            seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)


class PlainLoader(StrictLoader):
    """The same, and nothing that says one thing to the program and another to whoever reviews the text: no aliases,
    no merge keys, no tags (``!!binary`` alone makes any word of ``ZGVsZXRl``)."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """The node of the next event. Raises ``yaml.composer.ComposerError``."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        what = "an alias (*name)" if isinstance(event, yaml.AliasEvent) else "a tag (!name)"
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None) is not None:
            raise yaml.composer.ComposerError(None, None, f"{what} isn't read here: write it out", event.start_mark)
        return super().compose_node(parent, index)

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Takes no merge keys in. Raises ``yaml.constructor.ConstructorError``."""
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(
                    None, None, "a merge key (<<) isn't read here: write it out", key.start_mark
                )


def read_yaml(path: Path, where: str, *, plain: bool = False) -> Any:
    """What a YAML file holds; None where it is empty.

    ``where`` begins the message; ``plain``: the file is a decision that people review as text, so that it has to lie
    where it is (``PlainLoader``; no link). Raises ``FileNotFoundError`` where there is no file, and
    ``ConfigurationError``, one line, for one that can't be read, isn't plain UTF-8, is too large, gives a key twice or
    isn't valid YAML.
    """
    if plain and path.is_symlink():
        raise ConfigurationError(f"{where}: {path.name} is a link: what it says has to stand in the file itself")
    try:
        status = path.stat()
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
            raise ConfigurationError(f"{where}: {path.name} is no file")
        content = path.read_bytes() if status.st_size <= LARGEST else None
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigurationError(f"{where}: {error.strerror or error}") from None
    if content is None:
        raise ConfigurationError(f"{where}: the file is larger than {LARGEST >> 20} MiB")
    if content.startswith(BYTE_ORDER_MARKS):
        raise ConfigurationError(f"{where}: the file begins with a byte order mark: save it as UTF-8 without one")
    try:
        return yaml.load(content.decode("utf-8"), PlainLoader if plain else StrictLoader)  # noqa: S506 - SafeLoaders
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{where}: line {line} isn't UTF-8: save the file as UTF-8") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{where}: {_said(error)}") from None
    except (ValueError, OverflowError, RecursionError) as error:
        raise ConfigurationError(f"{where}: a value can't be read: {error}") from None


def _said(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.reader.ReaderError):
        return f"the character #x{error.character:04x} isn't allowed in YAML"
    mark = getattr(error, "problem_mark", None)
    place = f"line {mark.line + 1}: " if mark is not None else ""
    return f"{place}{getattr(error, 'problem', None) or error}"
