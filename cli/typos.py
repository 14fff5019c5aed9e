"""What a person meant who mistyped a command: the nearest word, the option that a word belongs to, where to read on."""

from __future__ import annotations

import re
import shlex
from typing import Any

from core.identifiers import VERSION_PATTERN
from core.model import ConfigurationError, nearest, one_of
from stacks.releases import load, versions
from stacks.settings import STACKS
from stacks.systems import SYSTEMS

CHOICE = re.compile(r"'(?P<given>.*)' is not one of (?P<choices>'.+')\.$")
EXTRA = re.compile(r"unexpected extra arguments?(?:\(s\))? \((?P<words>.*)\)")
LIBRARY = re.compile(r"^(Value error, |Input should be |Value should be )")
WORDS = {
    r"a valid integer.*": "a whole number",
    r"a valid number.*": "a number",
    "less than or equal to": "at most",
    "greater than or equal to": "at least",
}
"""Pydantic's words, of which Typer's messages are made, and plain ones."""


def explain(error: Any) -> str | None:
    """One line for a command that Typer doesn't take; None for any other error."""
    if not hasattr(error, "format_message"):
        return None
    said = _said(error).removeprefix("Invalid value: ").rstrip(".")
    path = getattr(getattr(error, "ctx", None), "command_path", "")
    return f"{said}{'' if said.endswith('?') else ';'} see `{path} -h`" if path else said


def system(name: str | None) -> None:
    """Refuse a name that no system has (``ConfigurationError``)."""
    if name is None or name in SYSTEMS:
        return
    if name in STACKS:
        raise ConfigurationError(f"{name} is a stack and no system: give it as `-s {name}`")
    if stack := next((each for each in STACKS if name.startswith(each)), None):
        raise ConfigurationError(f"unknown system {name!r}; valid: {one_of(SYSTEMS)}; a stack is given as `-s {stack}`")
    raise ConfigurationError(f"unknown system {name!r}{nearest(name, SYSTEMS)}; valid: {one_of(SYSTEMS)}")


def version(name: str) -> None:
    """Refuse what is no release, or one that can't be read (``ConfigurationError``)."""
    try:
        load(name)
    except ConfigurationError as error:
        if name in versions() or "did you mean" in str(error):
            raise
        belongs = None if VERSION_PATTERN.fullmatch(name) else _belongs(name)
        guess = f"; {belongs}" if belongs else nearest(name, versions())
        raise ConfigurationError(f"{error}{guess}") from None


def _said(error: Any) -> str:
    """The library's message, in plain words and with the nearest word."""
    option = _option(error)
    message = str(getattr(error, "message", ""))
    if option and (found := CHOICE.search(message)):
        choices = re.findall(r"'([^']*)'", found["choices"])
        guess = nearest(found["given"], choices)
        last = f" or {choices[-1]}" if len(choices) > 1 else choices[0]
        return f"{option} is {found['given']!r}{guess}; it has to be {', '.join(choices[:-1])}{last}"
    if found := EXTRA.search(message):
        words = found["words"].split()
        hints = [hint for word in words if (hint := _belongs(word))]
        return "; ".join([f"the command takes no argument {shlex.join(words)}", *hints])
    if (wrong := getattr(error, "option_name", None)) and message.startswith("No such option"):
        return f"there is no option {wrong}{nearest(str(wrong), getattr(error, 'possibilities', None) or ())}"
    if option and (bound := LIBRARY.match(message)):
        plain = message[bound.end() :]
        for words, ours in WORDS.items():
            plain = re.sub(words, ours, plain)
        return f"{option} has to be {plain}"
    return str(error.format_message())


def _option(error: Any) -> str | None:
    """The option or argument that an error is about, as it is typed."""
    names = list(getattr(getattr(error, "param", None), "opts", None) or ())
    return max(names, key=len) if names else None


def _belongs(word: str) -> str | None:
    """The option that a word without one belongs to."""
    if stack := next(
        (each for each in STACKS if word == each or (len(word) > len(each) and word.startswith(each))), None
    ):
        return f"{word} {'is' if word == stack else 'may mean'} a stack: give it as `-s {stack}`"
    if word in SYSTEMS:
        return f"{word} is a system: give it as `--system {word}`"
    if VERSION_PATTERN.fullmatch(word):
        return f"{word} is a release: `rollback deploy {word} -s STACK` deploys it"
    return None
