"""What the provider refuses before it calls anything.

Values and combinations that its documentation rules out, and inputs that the sandbox can't do: taken in silence, a
bucket's `versioning` would be a promise that nothing keeps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.providers import wire
from sandbox.providers.aws import schema, shapes
from sandbox.providers.aws.model import Props, Type


def broken(kind: Type, props: Props) -> dict[str, str]:
    """The properties that break a rule, with one sentence each; what isn't known yet breaks none."""
    said = schema.of(kind.token).said
    odd = sorted(name for name in kind.unemulated & set(props) if not shapes.empty(props[name]))
    found = {
        name: f"the sandbox's aws provider doesn't emulate {name} of {kind.token}: leave it out in the sandbox"
        for name in odd
    }
    for name in sorted(set(props) & set(said) - set(kind.unchecked)):
        text = _conflict(name, said[name], props) or _value(name, said[name], props[name])
        if text:
            found[name] = text
    return found


def _conflict(name: str, said: Mapping[str, Any], props: Props) -> str:
    if shapes.empty(props[name]):
        return ""
    others = [other for other in said.get("conflicts", ()) if other in props and not shapes.empty(props[other])]
    return f"{name} conflicts with {' and '.join(others)}: set one of them" if others else ""


def _value(name: str, said: Mapping[str, Any], given: Any) -> str:
    valid = said.get("values", ())
    wrong = [value for value in _texts(given) if valid and value not in valid]
    return f"expected {name} to be one of {', '.join(valid)}, got {wrong[0]}" if wrong else ""


def _texts(value: Any) -> Iterator[str]:
    """The single values of a property; a block has none that its description could list."""
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, (str, int, float)) and value != wire.UNKNOWN:
        yield shapes.text_of(int(value) if isinstance(value, float) and value.is_integer() else value)
