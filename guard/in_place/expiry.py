"""Rules by which a service deletes what it holds: S3's lifecycle, ECR's lifecycle policy, OpenSearch Serverless's.

Each document is read as a set of expiries: what is deleted, and when. A new document loses something where one of its
expiries isn't covered by an old one that deletes at least as much, at least as soon.
Source: Amazon S3 API, PutBucketLifecycleConfiguration; Amazon ECR user guide, "Lifecycle policy parameters"; Amazon
OpenSearch Serverless developer guide, "Data lifecycle policies".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from guard.in_place.checks import INFINITE, is_on
from guard.in_place.row import Check, Part
from guard.in_place.values import ABSENT, UNKNOWN, at, document, holds_unknown, listed, member, number, shown


@dataclass(frozen=True)
class Expiry:
    """One thing that a document deletes."""

    kind: str
    """What is deleted, and what is counted: expiries of different kinds don't cover each other."""
    after: float
    """Days, or a day, or how many stay: fewer deletes more."""
    text: str
    """In one sentence."""
    prefix: str = ""
    labels: frozenset[str] = frozenset()
    """Tags that all have to be there."""
    above: float = -1.0
    below: float = INFINITE
    """Sizes in bytes."""
    keep: float = 0.0
    """How many newer versions stay in any case."""

    def covers(self, other: Expiry) -> bool:
        """Whether all that the other deletes is deleted by this one already, at least as soon."""
        return (
            self.kind == other.kind
            and self.after <= other.after
            and self.keep <= other.keep
            and other.prefix.startswith(self.prefix)
            and all(any(_matches(label, each) for each in other.labels) for label in self.labels)
            and self.above <= other.above
            and self.below >= other.below
        )


def _matches(label: str, other: str) -> bool:
    return label == other or (label.endswith("*") and other.startswith(label[:-1]))


def expires_more(read: Callable[[Any], Iterator[Expiry]]) -> Check:
    """A document that deletes what the old one let be. ``read``: its expiries."""

    def check(before: Any, after: Any) -> Iterator[Part]:
        if after is UNKNOWN or (isinstance(after, str | Mapping) and holds_unknown(document(after))):
            yield Part(before, UNKNOWN, unknown=True)
            return
        old = list(read(before))
        for expiry in read(after):
            if not any(each.covers(expiry) for each in old):
                same = [each for each in old if each.kind == expiry.kind]
                yield Part("; ".join(each.text for each in same) or "nothing is deleted", expiry.text, text=expiry.text)

    return check


def lifecycle(before: Any, after: Any) -> Iterator[Part]:
    """S3's rules, of a bucket itself or of a companion. A rule that isn't known counts unless it is known to be off."""
    rules = after if after is UNKNOWN else listed(after)
    if rules is UNKNOWN or any(_status(rule) is not False and _unclear(rule) for rule in rules):
        yield Part(before, UNKNOWN, unknown=True)
    else:
        yield from expires_more(_bucket)(before, after)


def _unclear(rule: Any) -> bool:
    parts = ("status", "enabled", "filter", "prefix", "tags", "expiration", "noncurrentVersionExpiration")
    return rule is None or any(holds_unknown(found) for part in parts if (found := member(rule, part)) is not ABSENT)


def _status(rule: Any) -> bool | None:
    told = [found for name in ("status", "enabled") if (found := member(rule, name)) is not ABSENT]
    return None if UNKNOWN in told else any(is_on(each) for each in told)


def _bucket(rules: Any) -> Iterator[Expiry]:
    for rule in listed(rules):
        if not _status(rule):
            continue
        scope, where = _scope(rule)
        current = member(rule, "expiration")
        if (days := number(at(current, "days"))) is not None and days > 0:
            yield Expiry("current", days, f"{where} are deleted {shown(days, 'days')} after they were written", **scope)
        elif isinstance(on := at(current, "date"), str) and on:
            yield Expiry("current on a day", _day(on), f"{where} are deleted on {on}", **scope)
        old = member(rule, "noncurrentVersionExpiration")
        days = next((found for key in ("noncurrentDays", "days") if (found := number(at(old, key))) is not None), None)
        if days is not None and days > 0:
            newer = number(at(old, "newerNoncurrentVersions")) or 0.0
            spared = f", but for the newest {shown(newer)}" if newer else ""
            text = f"replaced and deleted versions of {where} are deleted {shown(days, 'days')} later{spared}"
            yield Expiry("noncurrent", days, text, keep=newer, **scope)


def _scope(rule: Any) -> tuple[dict[str, Any], str]:
    """What a rule is about: the whole bucket where nothing narrows it."""
    places = (rule, member(rule, "filter"), at(rule, "filter.and"))
    prefix = next((text for place in places if isinstance(text := at(place, "prefix"), str) and text), "")
    labels = {f"{key}={value}" for place in places for key, value in _tags(at(place, "tags"))}
    labels |= {
        f"{at(tag, 'key')}={at(tag, 'value')}" for place in places if (tag := at(place, "tag")) not in (ABSENT, {})
    }
    above = max(number(at(place, "objectSizeGreaterThan")) or -1.0 for place in places)
    below = min(number(at(place, "objectSizeLessThan")) or INFINITE for place in places)
    where = f"objects under {prefix}" if prefix else "objects"
    return {"prefix": prefix, "labels": frozenset(labels), "above": above, "below": below}, where + (
        f" with the tags {', '.join(sorted(labels))}" if labels else ""
    )


def _tags(found: Any) -> list[tuple[Any, Any]]:
    return list(found.items()) if isinstance(found, dict) else []


def _day(text: str) -> float:
    try:
        return float(date.fromisoformat(text[:10]).toordinal())
    except ValueError:
        return 0.0


def images(policy: Any) -> Iterator[Expiry]:
    """The expiries of an ECR lifecycle policy: releases pin images by digest, so tagged or not, one of them may go."""
    for rule in listed(at(document(policy), "rules")):
        selection = member(rule, "selection")
        kind, status = str(at(selection, "countType")), str(at(selection, "tagStatus"))
        count = number(at(selection, "countNumber")) or 0.0
        wanted = [
            *(f"{text}*" for text in listed(at(selection, "tagPrefixList"))),
            *(str(text) for text in listed(at(selection, "tagPatternList"))),
        ]
        # Every tag is matched by the pattern *, and an image without one has the mark of its own.
        labels = frozenset({"untagged"} if status == "untagged" else {each for each in wanted if each != "*"})
        if status == "tagged":
            labels |= {"tagged"}
        which = {"untagged": "untagged images", "any": "images"}.get(status, f"images tagged {', '.join(wanted)}")
        text = (
            f"{which} beyond the newest {shown(count)} are deleted"
            if kind == "imageCountMoreThan"
            else f"{which} are deleted {shown(count, 'days')} after they were {_counted(kind)}"
        )
        yield Expiry(kind, count, f"{text}; a release that pins one has no way back", labels=labels)


def _counted(kind: str) -> str:
    return {"sinceImagePushed": "pushed", "sinceImagePulled": "pulled last"}.get(kind, kind)


def indexes(policy: Any) -> Iterator[Expiry]:
    """The expiries of a lifecycle policy of OpenSearch Serverless; an index without an end is none."""
    for rule in listed(at(document(policy), "Rules")):
        least = str(at(rule, "MinIndexRetention"))
        figure = number(least[:-1])
        if figure is None:
            continue
        days = figure / 24 if least.endswith("h") else figure
        for resource in listed(at(rule, "Resource")):
            name = str(resource)
            yield Expiry("index", days, f"documents of {name} are deleted after {least}", prefix=name.rstrip("*"))


def archive(before: Any, after: Any) -> Iterator[Part]:
    """The days for which a FIFO topic archives its messages."""
    old, new = (number(at(document(side), "MessageRetentionPeriod")) or 0.0 for side in (before, after))
    if old and (after is UNKNOWN or new < old):
        yield Part(old, UNKNOWN if after is UNKNOWN else new, "days", unknown=after is UNKNOWN)
