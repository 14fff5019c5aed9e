"""``docs/commands.md``: every command of ``rollback``, from the command line's own definitions."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import typer

from cli.rollback import app

HEAD = """# Commands

Every command of `rollback`, written by the command line itself (`make reference`); `rollback COMMAND --help` says the
same. `make shell` has the command on its path; without it, it is `scripts/bin/rollback`.
"""
EXIT_CODES = """## Exit codes

| code | meaning |
|---|---|
| 0 | done; a command that looks found nothing wrong |
| 1 | `error: …` says what happened and what to do; or `status`, `audit`, `preflight` or `review` found something |
| 2 | the command line is wrong: an unknown command, option or argument, or one that is missing |
| 130 | stopped by Ctrl-C, or at a question |
| other | from `up` and `deploy`: what the Pulumi engine itself ended with |

Where a command means something else by a code, it says so below. Results go to standard output, errors to standard
error.
"""
NUMBERS: dict[Any, str] = {int: "whole number", float: "number"}


def page() -> str:
    """The page's text."""
    found = list(shown())
    rows = [f"| [`{' '.join(words)}`](#{_anchor(words)}) | {_first(command)} |" for words, command in found]
    table = "\n".join(["| command | what it does |", "|---|---|", *rows])
    return "\n".join([HEAD, table, "", EXIT_CODES, *(_section(words, command) for words, command in found)])


def shown() -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with the words that call it."""
    yield from _commands(typer.main.get_command(app), ("rollback",))


def parameters(command: Any) -> list[Any]:
    """The arguments and options of a command, ``--help`` left out."""
    return [each for each in command.params if not getattr(each, "hidden", False) and "--help" not in each.opts]


def _commands(command: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The commands that do something; those that only hold others are left out."""
    inside = getattr(command, "commands", None)
    if inside is None:
        yield words, command
        return
    for name, each in inside.items():
        if not each.hidden:
            yield from _commands(each, (*words, name))


def _section(words: tuple[str, ...], command: Any) -> str:
    given = parameters(command)
    usage = [*words, *(_usage(each) for each in given if each.param_type_name == "argument")]
    parts = [f"## {' '.join(words)}", "", _prose(command.help), "", f"    {' '.join(usage)}{_options(given)}", ""]
    if given:
        parts += ["| argument or option | value | default | meaning |", "|---|---|---|---|"]
        parts += [_row(each) for each in given]
        parts.append("")
    if command.epilog:
        name, _, example = command.epilog.partition(": ")
        parts += [f"{name}: `{example}`", ""]
    return "\n".join(parts)


def _first(command: Any) -> str:
    return _prose(command.help).partition("\n\n")[0].replace("\n", " ")


def _prose(text: str | None) -> str:
    """A docstring as Markdown; what Typer reads up to a form feed alone."""
    whole = inspect.cleandoc((text or "").partition("\f")[0]).replace("``", "`")
    return re.sub(r"(?<!\n)\n(?!\n)", "\n", whole)


def _usage(argument: Any) -> str:
    name = argument.name.upper().replace("_", "-")
    many = "..." if argument.nargs != 1 or getattr(argument, "multiple", False) else ""
    return f"{name}{many}" if argument.required else f"[{name}{many}]"


def _options(given: list[Any]) -> str:
    return " [OPTIONS]" if any(each.param_type_name == "option" for each in given) else ""


def _row(each: Any) -> str:
    if each.param_type_name == "argument":
        name = f"`{_usage(each)}`"
    else:
        name = ", ".join(f"`{option}`" for option in (*each.opts, *each.secondary_opts))
    cells = [name, _value(each), _default(each), " ".join((each.help or "").split()).replace("``", "`")]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _value(each: Any) -> str:
    if getattr(each, "is_flag", False):
        return "flag"
    kind = each.type_descriptor.annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        said = ", ".join(f"`{choice.value}`" for choice in kind)
    elif kind in (int, float):
        said = _range(each.min, each.max) or NUMBERS[kind]
    else:
        said = "path" if kind is Path else "text"
    return f"{said}, any number of times" if each.multiple else said


def _range(low: float | None, high: float | None) -> str:
    if low is None:
        return "" if high is None else f"at most {high}"
    return f"at least {low}" if high is None else f"{low} to {high}"


def _default(each: Any) -> str:
    if each.required:
        return "has to be given"
    default = each.default() if callable(each.default) else each.default
    if default in (None, (), [], "") or getattr(each, "is_flag", False):
        return ""
    return f"`{default.value if isinstance(default, Enum) else default}`"


def _anchor(words: tuple[str, ...]) -> str:
    return "-".join(words)
