"""The values of a template's expressions, as far as names, conditions and parameters need them.

Source: AWS CloudFormation user guide, "Intrinsic function reference". What only a running stack knows (Fn::GetAtt,
Fn::ImportValue) has no value here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_VARIABLE = re.compile(r"\$\{(!?[^}]+)\}")


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
        return None if worked_out is None or isinstance(worked_out, dict | list) else str(worked_out)

    def holds(self, condition: str) -> bool:
        """Whether a condition of the template holds. Raises `UnknownValueError`."""
        if condition not in self.conditions:
            raise UnknownValueError(condition)
        return self._condition(self.conditions[condition])

    def resolve(self, value: Any) -> Any:
        """The value of an expression, whatever its form. Raises `UnknownValueError`."""
        if isinstance(value, list):
            return [self.resolve(each) for each in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, given),) = value.items()
            if name in _FUNCTIONS:
                return _FUNCTIONS[name](self, given)
            if name.startswith("Fn::"):
                raise UnknownValueError(name)
        return {key: self.resolve(each) for key, each in value.items()}

    def _condition(self, rule: Any) -> bool:
        if isinstance(rule, bool):
            return rule
        ((name, given),) = rule.items()
        if name == "Condition":
            return self.holds(given)
        if name == "Fn::Equals":
            one, other = (self.resolve(each) for each in given)
            return str(one) == str(other)
        if name == "Fn::Not":
            return not self._condition(given[0])
        if name in ("Fn::And", "Fn::Or"):
            results = [self._condition(each) for each in given]
            return all(results) if name == "Fn::And" else any(results)
        raise UnknownValueError(name)


def _ref(values: Values, name: Any) -> Any:
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
        return str(values.resolve(own[name]) if name in own else _ref(values, name))

    return _VARIABLE.sub(value, text)


def _if(values: Values, given: Any) -> Any:
    condition, yes, no = given
    return values.resolve(yes if values.holds(condition) else no)


def _select(values: Values, given: Any) -> Any:
    index, items = (values.resolve(each) for each in given)
    try:
        return items[int(index)]
    except (IndexError, ValueError, TypeError):
        raise UnknownValueError("Fn::Select") from None


def _find_in_map(values: Values, given: Any) -> Any:
    name, first, second = (values.resolve(each) for each in given[:3])
    try:
        return values.mappings[name][str(first)][str(second)]
    except KeyError:
        raise UnknownValueError("Fn::FindInMap") from None


def _join(values: Values, given: Any) -> str:
    separator, items = given
    return str(separator).join(str(each) for each in values.resolve(items))


def _split(values: Values, given: Any) -> list[str]:
    separator, text = given
    return str(values.resolve(text)).split(separator)


_FUNCTIONS: dict[str, Callable[[Values, Any], Any]] = {
    "Ref": _ref,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::If": _if,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::FindInMap": _find_in_map,
}
