"""Label selectors, in three values: it selects, it doesn't, or that can't be told yet.

Source: Kubernetes, "Labels and Selectors"; API reference, LabelSelector.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from policies.subject import UNKNOWN, dig, items


def selects(selector: object, labels: object, *, empty_is_all: bool = True) -> bool | None:
    """Whether a selector selects pods with these labels; None where that can't be told.

    No selector selects nothing. ``empty_is_all``: what an empty one selects, everything or nothing.
    """
    if selector is UNKNOWN or labels is UNKNOWN:
        return None
    if not isinstance(selector, Mapping) or not isinstance(labels, Mapping):
        return False
    wanted, expressions = dig(selector, "matchLabels"), items(dig(selector, "matchExpressions"))
    if not wanted and not expressions:
        return empty_is_all
    return _every([*_equal(wanted, labels), *(_expressed(each, labels) for each in expressions)])


def _every(answers: Iterable[bool | None]) -> bool | None:
    found = list(answers)
    return False if False in found else None if None in found else True


def _equal(wanted: object, labels: Mapping[str, object]) -> Iterator[bool | None]:
    if wanted is UNKNOWN:
        yield None
    elif isinstance(wanted, Mapping):
        for name, value in wanted.items():
            unknown = value is UNKNOWN or labels.get(name) is UNKNOWN
            yield None if unknown else labels.get(name) == value


def _expressed(expression: object, labels: Mapping[str, object]) -> bool | None:
    """One requirement: In, NotIn (also true without the label), Exists, DoesNotExist."""
    name, operator, values = (dig(expression, part) for part in ("key", "operator", "values"))
    if not isinstance(name, str) or not isinstance(operator, str):
        return None
    there, value = name in labels, labels.get(name)
    if operator in ("Exists", "DoesNotExist"):
        return there is (operator == "Exists")
    if operator not in ("In", "NotIn"):
        return None
    if not there:
        return operator == "NotIn"
    listed = items(values)
    if value is UNKNOWN or any(each is UNKNOWN for each in listed):
        return None
    return (value in listed) is (operator == "In")
