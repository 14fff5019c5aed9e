"""What a place whose value can't be told could hold, and a configuration with it filled in.

``policies.checkov.holes`` makes the places. A verdict stands only where it is the same for all that they could hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from words import Words  # type: ignore[import-not-found]

GONE = object()
"""Takes the argument away."""
SOMETHING = "arn:aws:service:eu-central-1:123456789012:kind/name"
EVERYONE = ("*", "0.0.0.0/0", "::/0")
HOSTILE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
}
HARMLESS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::123456789012:role/name"},
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::name/key",
        }
    ],
}
DOCUMENT = re.compile(r"(^|_)(policy|policies|document|definition|definitions|body|statement|inline_policy)$")
"""Arguments that take a JSON document as text."""
IDENTIFIER = re.compile(r"(^|_)(id|ids|arn|arns|key|role|bucket|topic|function|queue|vpc|subnet|subnets)$|_name$|kms")
"""Arguments that name one resource. Where the value comes from a resource, it is that one: there, and nobody else's."""
FEWEST, MOST = 2, 60


class Place:
    """One hole: see ``policies.checkov.holes.Hole``."""

    def __init__(self, name: str, told: dict[str, Any]) -> None:
        self.name = name
        self.path: list[str] = told["path"]
        self.shape: str = told["shape"]
        self.reference: str | None = told["reference"]
        self.text: str = told["text"]
        self.gap: str = told["gap"]
        self.secret: bool = told["secret"]
        self.whole: bool = told["whole"]
        self.is_document = self.shape == "json" or bool(self.path and DOCUMENT.search(self.path[-1]))

    @property
    def opaque(self) -> bool:
        """Whether the tables can't say all that it could hold."""
        return self.shape in ("block", "map") or (self.is_document and not self.text)

    def concerns(self, words: Words) -> bool:
        """Whether a check looks at it. Checks of Kubernetes are given a part of the object, such as a container."""
        return self.path[-1] in words.names if self.shape == "any" else words.mention(self.path)

    def usual(self) -> Any:
        """What is there in all likelihood."""
        return self._filled(self.reference or SOMETHING)

    def could_be(self, words: Words) -> list[Any]:
        """All that it could hold as far as a check can tell the difference, the usual first."""
        if self.shape == "boolean":
            found = [True, False, GONE]
        elif self.shape == "number":
            near = [each + step for each in words.numbers for step in (-1, 0, 1)]
            found = [1, 0, -1, 10**6, *near, GONE]
        elif self.shape in ("block", "map"):
            found = [{}, GONE, *self._objects(words)]
        elif self.is_document and not self.text:
            found = [HOSTILE, HARMLESS]
        else:
            found = list(self._texts(words))
        return found[:MOST]

    def _texts(self, words: Words) -> Iterator[Any]:
        yield self.usual()
        if self.reference and self.path and IDENTIFIER.search(self.path[-1]):
            return
        for each in (*EVERYONE, *words.texts):
            yield self._filled(each)
        if not self.text:
            # Some arguments take true and false as text, and the schema of Kubernetes isn't at hand.
            yield from (True, False)
        if self.shape == "any":
            yield from (0, *words.numbers)
        if not self.reference and not self.text:
            yield GONE

    def _objects(self, words: Words) -> Iterator[Any]:
        names = [each for each in words.names if re.fullmatch(r"[a-z]\w*", each)]
        for value in (True, False, 0, SOMETHING, *EVERYONE, *words.texts):
            yield {name: value if self.shape == "map" else [value] for name in names}

    def _filled(self, text: str) -> str:
        return self.text.replace(self.gap, text) if self.text else text


def parsed(value: Any) -> Any:
    """A document as the object that it says; all else as it is."""
    if not isinstance(value, str) or not value.lstrip().startswith("{"):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def places_in(value: Any, known: dict[str, Place]) -> list[Place]:
    """The holes that a configuration has, each once."""
    found: dict[str, Place] = {}
    _find(value, known, found)
    return list(found.values())


def _find(value: Any, known: dict[str, Place], found: dict[str, Place]) -> None:
    if isinstance(value, str):
        if value in known:
            found[value] = known[value]
    elif isinstance(value, dict):
        for key, each in value.items():
            if key in known:
                found[key] = known[key]
            else:
                _find(each, known, found)
    elif isinstance(value, list):
        for each in value:
            _find(each, known, found)


def filled(value: Any, by: dict[str, Any]) -> Any:
    """A copy with each hole replaced. checkov reads documents before its checks see them, so they are objects here."""
    if isinstance(value, str):
        return parsed(by[value]) if value in by else value
    if isinstance(value, dict):
        hole = next((key for key in value if key in by), None)
        if hole is not None:
            return by[hole]
        made = {key: filled(each, by) for key, each in value.items()}
        return {key: each for key, each in made.items() if each is not GONE}
    if isinstance(value, list):
        kept = [each for each in (filled(item, by) for item in value) if each is not GONE]
        return kept if kept or not value else GONE
    return value


def fillings(places: list[Place], words: Words) -> Iterator[dict[str, Any]]:
    """One assignment after the other: every place takes its turn with all that it could be, the usual first."""
    looked_at = {each.name: each.could_be(words) for each in places if each.concerns(words)}
    usual = {each.name: {} if each.shape in ("block", "map") else each.usual() for each in places}
    turns = max((len(each) for each in looked_at.values()), default=1)
    for turn in range(turns):
        yield {**usual, **{name: each[turn % len(each)] for name, each in looked_at.items()}}
    if not looked_at:
        yield {each.name: each.could_be(words)[-1] for each in places}
