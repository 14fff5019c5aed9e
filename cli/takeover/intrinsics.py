"""The values of a template's expressions, as far as names, conditions and parameters need them.

Source: AWS CloudFormation user guide, "Intrinsic function reference" and "Get values stored in other services using
dynamic references". What only a running stack knows (Fn::GetAtt, Fn::ImportValue, dynamic references) has no value
here, and neither has an expression that CloudFormation would refuse.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_VARIABLE = re.compile(r"\$\{(!?[^}]+)\}")
_DYNAMIC = re.compile(r"\{\{resolve:(?:ssm|ssm-secure|secretsmanager):")
NO_VALUE = "AWS::NoValue"


class UnknownValueError(LookupError):
    """An expression whose value can't be told without a running stack."""


@dataclass(frozen=True)
class Values:
    """What a template's expressions are worked out with."""

    parameters: Mapping[str, Any]
    """Parameters and pseudo parameters."""
    mappings: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    physical_ids: Mapping[str, str] = field(default_factory=dict)
    """Of resources, by logical id, where a stack tells them."""

    def text(self, value: Any) -> str | None:
        """The value as text; None where it is unknown, or isn't one text."""
        try:
            worked_out = self.resolve(value)
        except UnknownValueError:
            return None
        return None if worked_out is None or isinstance(worked_out, dict | list) else written(worked_out)

    def holds(self, condition: Any) -> bool:
        """Whether a condition of the template holds. Raises `UnknownValueError`."""
        if not isinstance(condition, str) or condition not in self.conditions:
            raise UnknownValueError(condition)
        return self._condition(self.conditions[condition])

    def resolve(self, value: Any) -> Any:
        """The value of an expression, whatever its form. Raises `UnknownValueError`."""
        if isinstance(value, list):
            return [each for each in map(self._part, value) if each is not _NOTHING]
        if isinstance(value, str) and _DYNAMIC.search(value):
            raise UnknownValueError("a dynamic reference")
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, given),) = value.items()
            if name in _FUNCTIONS:
                return self._called(name, given)
            if str(name).startswith("Fn::"):
                raise UnknownValueError(name)
        parts = {key: self._part(each) for key, each in value.items()}
        return {key: each for key, each in parts.items() if each is not _NOTHING}

    def _part(self, value: Any) -> Any:
        """The value of a member of a list or mapping; `_NOTHING` where the template leaves it out."""
        worked_out = self.resolve(value)
        return _NOTHING if worked_out is None and isinstance(value, dict) else worked_out

    def _called(self, name: str, given: Any) -> Any:
        try:
            return _FUNCTIONS[name](self, given)
        except (TypeError, ValueError, KeyError, AttributeError, IndexError):
            # What it was given has another shape than the function takes: CloudFormation would refuse the template.
            raise UnknownValueError(name) from None

    def _condition(self, rule: Any) -> bool:
        try:
            return self._rule(rule)
        except (TypeError, ValueError, KeyError, AttributeError, IndexError):
            raise UnknownValueError("a malformed condition") from None

    def _rule(self, rule: Any) -> bool:
        if isinstance(rule, bool):
            return rule
        ((name, given),) = rule.items()
        if name == "Condition":
            return self.holds(given)
        if name == "Fn::Equals":
            one, other = (self.resolve(each) for each in given)
            return written(one) == written(other)
        if name == "Fn::Not":
            return not self._condition(given[0])
        if name in ("Fn::And", "Fn::Or"):
            results = [self._condition(each) for each in given]
            return all(results) if name == "Fn::And" else any(results)
        raise UnknownValueError(name)


_NOTHING = object()


def written(value: Any) -> str:
    """A value as CloudFormation compares and shows it: every single value is a text there."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else str(value)


def _ref(values: Values, name: Any) -> Any:
    if name == NO_VALUE:
        return None
    if isinstance(name, dict):  # the language extensions allow an expression
        name = values.resolve(name)
    if name in values.parameters:
        return values.parameters[name]
    if name in values.physical_ids:
        return values.physical_ids[name]
    raise UnknownValueError(name)


def _sub(values: Values, given: Any) -> str:
    text, own = (given, {}) if isinstance(given, str) else given

    def value(match: re.Match[str]) -> str:
        name = match[1].strip()
        if name.startswith("!"):
            return f"${{{name[1:]}}}"
        worked_out = values.resolve(own[name]) if name in own else _ref(values, name)
        if worked_out is None or isinstance(worked_out, dict | list):
            raise UnknownValueError(name)
        return written(worked_out)

    return str(values.resolve(_VARIABLE.sub(value, text)))


def _if(values: Values, given: Any) -> Any:
    condition, yes, no = given
    return values.resolve(yes if values.holds(condition) else no)


def _select(values: Values, given: Any) -> Any:
    index, items = given
    return _items(values, items)[int(values.resolve(index))]


def _find_in_map(values: Values, given: Any) -> Any:
    name, first, second = (values.resolve(each) for each in given[:3])
    mapping: Any = values.mappings
    for key in (name, first, second):
        # YAML reads keys such as 123456789012 and true as no texts, which they are to CloudFormation.
        mapping = {written(own): each for own, each in mapping.items()}.get(written(key)) if mapping else None
    if mapping is not None:
        return values.resolve(mapping)
    if len(given) > 3 and "DefaultValue" in given[3]:
        return values.resolve(given[3]["DefaultValue"])
    raise UnknownValueError("Fn::FindInMap")


def _join(values: Values, given: Any) -> str:
    separator, items = given
    return written(separator).join(written(each) for each in _items(values, items))


def _items(values: Values, given: Any) -> list[Any]:
    found = values.resolve(given)
    if not isinstance(found, list):
        raise UnknownValueError("a list")
    return found


def _split(values: Values, given: Any) -> list[str]:
    separator, text = given
    return written(values.resolve(text)).split(separator)


def _length(values: Values, given: Any) -> int:
    return len(_items(values, given))


def _as_json(values: Values, given: Any) -> str:
    return json.dumps(values.resolve(given), separators=(",", ":"))


_FUNCTIONS: dict[str, Callable[[Values, Any], Any]] = {
    "Ref": _ref,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::If": _if,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::FindInMap": _find_in_map,
    "Fn::Length": _length,
    "Fn::ToJsonString": _as_json,
}
