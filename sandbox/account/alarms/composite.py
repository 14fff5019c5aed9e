"""Composite alarms: an alarm rule over the states of other alarms.

Source: CloudWatch API reference, PutCompositeAlarm, AlarmRule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_TOKEN = re.compile(
    r"""\s*(?:
        ([()])
        | (AND|OR|NOT|TRUE|FALSE)\b
        | (ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*("[^"]*"|'[^']*'|[^")\s]+)\s*\)
    )""",
    re.VERBOSE,
)


class RuleError(ValueError):
    """The alarm rule doesn't parse."""


def holds(rule: str, state_of: Callable[[str], str | None]) -> bool:
    """Return whether a rule such as 'ALARM("a") AND NOT OK(b)' is true.

    Args:
        rule: the AlarmRule; alarms may be named by name or ARN.
        state_of: the state of the alarm with a name, None where there's no such alarm.

    Raises:
        RuleError: the rule doesn't parse.
    """
    tokens = list(_tokens(rule))
    result, rest = _any_of(tokens, 0, state_of)
    if rest != len(tokens):
        raise RuleError(f"the alarm rule {rule!r} has something after its end")
    return result


def names(rule: str) -> list[str]:
    """Return the names of the alarms that a rule looks at.

    Raises:
        RuleError: the rule doesn't parse.
    """
    return [token[1] for token in _tokens(rule) if len(token) == 2]


def _tokens(rule: str) -> Iterator[tuple[str, ...]]:
    at = 0
    text = rule.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise RuleError(f"the alarm rule doesn't parse at {text[at : at + 40]!r}")
        bracket, word, state, name = match.groups()
        if state:
            yield state, name.strip("\"'").rpartition(":alarm:")[2]
        else:
            yield (bracket or word,)
        at = match.end()


_Step = tuple[bool, int]


def _any_of(tokens: list[tuple[str, ...]], at: int, state_of: Callable[[str], str | None]) -> _Step:
    result, at = _all_of(tokens, at, state_of)
    while at < len(tokens) and tokens[at] == ("OR",):
        other, at = _all_of(tokens, at + 1, state_of)
        result = result or other
    return result, at


def _all_of(tokens: list[tuple[str, ...]], at: int, state_of: Callable[[str], str | None]) -> _Step:
    result, at = _one(tokens, at, state_of)
    while at < len(tokens) and tokens[at] == ("AND",):
        other, at = _one(tokens, at + 1, state_of)
        result = result and other
    return result, at


def _one(tokens: list[tuple[str, ...]], at: int, state_of: Callable[[str], str | None]) -> _Step:
    if at >= len(tokens):
        raise RuleError("the alarm rule ends too early")
    match tokens[at]:
        case ("NOT",):
            result, rest = _one(tokens, at + 1, state_of)
            return not result, rest
        case ("(",):
            result, rest = _any_of(tokens, at + 1, state_of)
            if rest >= len(tokens) or tokens[rest] != (")",):
                raise RuleError("a bracket of the alarm rule isn't closed")
            return result, rest + 1
        case ("TRUE",) | ("FALSE",) as constant:
            return constant == ("TRUE",), at + 1
        case (state, name):
            return state_of(name) == state, at + 1
    raise RuleError(f"the alarm rule has {tokens[at][0]!r} where an alarm should stand")
