"""Metric math: the expressions of an alarm's Metrics list, evaluated over Python's own syntax tree.

Source: CloudWatch user guide, "Using math expressions with CloudWatch metrics". A series has one value per period,
None where there's no data; what touches a missing value, or divides by zero, is missing.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

Series = list[float | None]
Value = float | Series | list[Any]

_ARITHMETIC: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.BitXor: operator.pow,
}
_LOGIC: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Gt: lambda a, b: float(a > b),
    ast.GtE: lambda a, b: float(a >= b),
    ast.Lt: lambda a, b: float(a < b),
    ast.LtE: lambda a, b: float(a <= b),
    ast.Eq: lambda a, b: float(a == b),
    ast.NotEq: lambda a, b: float(a != b),
    ast.And: lambda a, b: float(bool(a) and bool(b)),
    ast.Or: lambda a, b: float(bool(a) or bool(b)),
}
_ACROSS: dict[str, Callable[[Sequence[float]], float]] = {
    "SUM": sum,
    "AVG": lambda values: sum(values) / len(values),
    "MIN": min,
    "MAX": max,
}
_EACH: dict[str, Callable[[float], float]] = {"ABS": abs, "CEIL": math.ceil, "FLOOR": math.floor}


class ExpressionError(ValueError):
    """The expression uses something that isn't supported, or doesn't parse."""


def identifiers(expression: str) -> list[str]:
    """Return the words in an expression that may be the ids of metrics or of other expressions."""
    return re.findall(r"[a-z][A-Za-z0-9_]*", expression)


def evaluate(expression: str, series: Mapping[str, Series], length: int, period: float) -> Series:
    """Return the values of a metric math expression, one per period.

    Args:
        expression: such as "IF(calls > 0, errors / calls * 100, 0)".
        series: the values of the ids that the expression may use.
        length: number of periods; a constant is repeated as often.
        period: length of a period in emulated seconds (for RATE and PERIOD).

    Raises:
        ExpressionError: the expression doesn't parse or uses an unknown id or function.
    """
    text = re.sub(r"&&", " and ", re.sub(r"\|\|", " or ", expression.strip()))
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError as error:
        raise ExpressionError(f"the expression {expression!r} doesn't parse: {error.msg}") from error
    value = _Evaluator(series, length, period).of(tree.body)
    if isinstance(value, list):
        if value and isinstance(value[0], list):
            raise ExpressionError(f"the expression {expression!r} gives several series; an alarm needs one")
        return value
    return [float(value)] * length


class _Evaluator:
    def __init__(self, series: Mapping[str, Series], length: int, period: float) -> None:
        self.series = series
        self.length = length
        self.period = period

    def of(self, node: ast.expr) -> Any:  # noqa: PLR0911 - one case per kind of node
        """Return the value of a node: a number, a series, or a list of series."""
        match node:
            case ast.Constant(value=int() | float() | str() as value):
                return value
            case ast.Name(id=name):
                return self._named(name)
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                return [self._stretched(self.of(element)) for element in elements]
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return self._pairwise(_ARITHMETIC[type(op)], self.of(left), self.of(right))
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _LOGIC:
                return self._pairwise(_LOGIC[type(op)], self.of(left), self.of(right))
            case ast.BoolOp(op=op, values=values):
                result = self.of(values[0])
                for other in values[1:]:
                    result = self._pairwise(_LOGIC[type(op)], result, self.of(other))
                return result
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._pairwise(operator.mul, -1.0, self.of(operand))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(name.upper(), arguments)
        raise ExpressionError(f"{ast.unparse(node)!r} isn't supported in a metric math expression")

    def _named(self, name: str) -> Any:
        if name in self.series:
            return self.series[name]
        if name in {"REPEAT", "LINEAR"}:
            return name
        raise ExpressionError(f"{name!r} isn't the id of one of the alarm's metrics")

    def _call(self, name: str, arguments: list[ast.expr]) -> Any:  # noqa: PLR0911 - one case per function
        if name == "METRICS":
            return [self.series[key] for key in sorted(self.series)]
        values = [self.of(argument) for argument in arguments]
        if name in _ACROSS and len(values) == 1:
            return self._across(_ACROSS[name], values[0])
        if name in _EACH and len(values) == 1:
            return self._pairwise(lambda value, _: _EACH[name](value), values[0], 0.0)
        if name == "IF" and len(values) in {2, 3}:
            return self._choose(*values)
        if name == "FILL" and len(values) == 2:
            return _fill(self._stretched(values[0]), values[1])
        if name in {"RATE", "DIFF"} and len(values) == 1:
            return _change(self._stretched(values[0]), self.period if name == "RATE" else 1.0)
        if name == "PERIOD":
            return self.period
        raise ExpressionError(f"the function {name} with {len(values)} arguments isn't supported")

    def _stretched(self, value: Any) -> Any:
        return value if isinstance(value, list) else [float(value)] * self.length

    def _pairwise(self, apply: Callable[[float, float], float], left: Any, right: Any) -> Any:
        if not isinstance(left, list) and not isinstance(right, list):
            return _or_missing(apply, left, right)
        pairs = zip(self._stretched(left), self._stretched(right), strict=True)
        return [None if a is None or b is None else _or_missing(apply, a, b) for a, b in pairs]

    def _choose(self, condition: Any, yes: Any, no: Any = None) -> Series:
        rows = zip(
            self._stretched(condition),
            self._stretched(yes),
            [None] * self.length if no is None else self._stretched(no),
            strict=True,
        )
        return [None if test is None else (one if test else other) for test, one, other in rows]

    @staticmethod
    def _across(apply: Callable[[Sequence[float]], float], value: Any) -> Any:
        """Over a list of series: period by period. Over one series: one number for all of its periods."""
        if isinstance(value, list) and value and isinstance(value[0], list):
            columns = [[x for x in column if x is not None] for column in zip(*value, strict=True)]
            return [apply(column) if column else None for column in columns]
        present = [x for x in value if x is not None] if isinstance(value, list) else [value]
        return apply(present) if present else [None] * len(value)


def _or_missing(apply: Callable[[float, float], float], left: float, right: float) -> float | None:
    try:
        return float(apply(left, right))
    except (ZeroDivisionError, OverflowError):
        return None


def _fill(series: Series, by: Any) -> Series:
    if by == "LINEAR":
        raise ExpressionError("FILL with LINEAR isn't supported; use REPEAT or a number")
    result: Series = []
    for value in series:
        previous = result[-1] if result else None
        result.append(value if value is not None else previous if by == "REPEAT" else float(by))
    return result


def _change(series: Series, per: float) -> Series:
    changes: Series = [None]
    for before, after in pairwise(series):
        changes.append(None if before is None or after is None else (after - before) / per)
    return changes
