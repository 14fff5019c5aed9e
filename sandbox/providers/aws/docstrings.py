"""What the descriptions of an SDK's properties promise: defaults, allowed values, conflicts, replacements.

A bridged SDK has no schema of these: its classes carry the provider's documentation as prose. What is read here are
the few forms of sentence that the provider's authors use; a sentence with a condition in it says nothing that holds
always, and gives nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

FORCES = re.compile(
    r"forces? (?:a |the |terraform )?(?:new|resource replacement|replacement|re-?creation|creation|to create)"
    r"|(?:will|would) (?:create a new|re-?create|trigger (?:a )?(?:resource )?replacement)"
    r"|creates a new resource|requires creating a new|triggers? (?:a )?(?:resource )?replacement",
    re.IGNORECASE,
)
"""A change of the property makes the provider replace the resource."""
FIXED = re.compile(
    r"(?:can't|cannot|can not|can never) be changed|you cannot change this|trigger a redeployment", re.IGNORECASE
)
"""Nothing changes the property of a resource that exists, so a change replaces it."""
ONLY_SOMETIMES = re.compile(r"from `|to an? |between|unless|higher|lower|for Multi-AZ|downgrading", re.IGNORECASE)

_SENTENCE = re.compile(r"(?<=[.;])\s+(?!e\.g|i\.e)|(?<=[.])(?=Defaults? )|\n+")
_LITERAL = (
    r"(?:\"?`\"?(?P<code>[^`\"]*)\"?`\"?|\"(?P<quoted>[^\"]*)\"|'(?P<single>[^']*)'"
    r"|(?P<plain>true|false|-?\d+(?:,\d{3})*\b))(?! endpoint)"
)
_DEFAULT = re.compile(
    rf"(?:^default|\bdefaults?(?: values?)?(?: for this attribute)?(?: is| to| of))(?: [A-Z]\w+ \w+ \w+)? {_LITERAL}",
    re.IGNORECASE,
)
_MARKED = re.compile(r"`\"?(?P<code>[^`\"]*)\"?` \((?:the )?default\b")
_CONDITION = re.compile(
    r"\bif `|\bif (?:using|getting)|\bunless\b|\bduring\b|\bfor (?!this|backwards|all\b)\w+|\bfrom\b"
    r"|\bwhen (?:`|working)",
    re.IGNORECASE,
)
_VALUES = re.compile(
    r"\b(?:valid|possible|allowed|supported) (?:values?|types|tiers)\b[^`\"\[\d]*(?P<list>.*)", re.IGNORECASE
)
_OPEN = re.compile(
    r"multiple of|between|also|such as|as follows|increment|e\.g|\d`? to `?\d|values for |types for |\[\"",
    re.IGNORECASE,
)
_ITEM = re.compile(r"\"?`\"?([^`\"]+)\"?`\"?|\"([^\"]+)\"")
_CONFLICT = re.compile(r"\b(?:conflicts with|cannot be set with) (?P<list>[^.]*)", re.IGNORECASE)


@dataclass(frozen=True)
class Said:
    """What a description says of a property: its default, its values, what it excludes, whether it is for life.

    `default` is the literal as it is written (``"false"``, ``"30"``), None where none is named. `conflicts` are names
    as the description has them, in snake case.
    """

    default: str | None = None
    values: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    forces: bool = False


def read(description: str) -> Said:
    """What one property's description says."""
    default: str | None = None
    values: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    forces = False
    for sentence in filter(None, (each.strip() for each in _SENTENCE.split(description))):
        default = default if default is not None else _default(sentence)
        values = values or _values(sentence)
        conflicts = conflicts or _conflicts(sentence)
        forces = forces or replaces(sentence)
    return Said(default, values, conflicts, forces)


def replaces(sentence: str) -> bool:
    """Whether a sentence says that every change of the property replaces the resource."""
    return bool((FORCES.search(sentence) or FIXED.search(sentence)) and not ONLY_SOMETIMES.search(sentence))


def _default(sentence: str) -> str | None:
    marked = _MARKED.search(sentence)
    found = marked or _DEFAULT.search(sentence)
    if found is None or (not marked and _CONDITION.search(sentence)):
        return None
    value = next(value for value in found.groupdict().values() if value is not None)
    return value.replace(",", "") if found.groupdict().get("plain") else value


def _values(sentence: str) -> tuple[str, ...]:
    found = _VALUES.search(sentence)
    if found is None or _OPEN.search(found.group()):
        return ()
    bare = re.sub(r"\([^)]*\)", "", found["list"])
    named = [one or other for one, other in _ITEM.findall(bare)]
    return tuple(named or re.findall(r"\b\d+\b", bare))


def _conflicts(sentence: str) -> tuple[str, ...]:
    found = _CONFLICT.search(sentence)
    return tuple(re.findall(r"`(\w+)`", found["list"])) if found else ()
