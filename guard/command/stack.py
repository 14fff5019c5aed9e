"""One stack as the commands about its stores know it, whoever runs the engine and reads the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import typer

from core.state import pending_operations_of, stack_outputs_of


@dataclass(frozen=True)
class Snapshot:
    """What an update left behind: the state, and the engine's history with the newest update first."""

    state: Mapping[str, Any]
    history: Sequence[Mapping[str, Any]]
    locked: bool = False
    """Whether an engine holds the stack, or held it when it was killed. Told of a backend of files alone."""
    settled: bool = False
    """Whether what it left unfinished was put right since, so that the state is another one now."""

    @property
    def unfinished(self) -> bool:
        """Whether an update is under way or was killed: it is in the state then, but not in the history."""
        return self.locked or bool(pending_operations_of(self.state))

    @property
    def outputs(self) -> dict[str, Any]:
        """The stack's outputs; a secret one is its ciphertext. Empty before the first update."""
        return dict(stack_outputs_of(self.state))

    @property
    def changes(self) -> dict[str, int]:
        """How many resources the last update created, updated, deleted and so on; ``same`` is left out."""
        counts = self.history[0].get("resourceChanges") or {} if self.history else {}
        return {kind: count for kind, count in counts.items() if kind != "same" and count}

    @property
    def unchanged(self) -> int:
        """How many resources the last update left as they were."""
        return int((self.history[0].get("resourceChanges") or {}).get("same") or 0) if self.history else 0


class Engine(Protocol):
    """What the commands ask Pulumi."""

    def state(self) -> Mapping[str, Any]:
        """The whole state, secrets encrypted."""

    def snapshot(self) -> Snapshot:
        """The state and the history."""


@dataclass(frozen=True)
class Watched:
    """A stack whose durable stores the guard watches over."""

    stack: str
    region: str
    """The stack's own; the recovery bucket lies there."""
    bucket: str
    """That of the recovery points and of the ledger."""
    engine: Engine
    confirm: Callable[[bool], None]
    """Say which account is about to be touched; with True, ask. Raises ``typer.Abort`` where somebody says no."""
    default_bucket: str = ""
    """The bucket where no settings name another; empty where there is none."""
    systems: tuple[str, ...] = ()
    """The systems whose blast radius can be approved; empty: any."""
    version: str | None = None
    """The release that the stack pins, where the project has releases."""


Opener = Callable[[str | None, bool], Watched]
"""The stack of a name; of None the one that commands mean where nobody names one. With True the command changes
something, and an opener may want its stack to be named."""


def watched(context: typer.Context, stack: str | None, *, changes: bool = False) -> Watched:
    """The stack that a command is about."""
    opener: Opener = context.obj
    return opener(stack, changes)


def group(
    name: str, words: str, opener: Opener, commands: Mapping[str, tuple[Callable[..., None], str]], summary: str
) -> typer.Typer:
    """A group of commands.

    ``words``: what people type before a command's name (``rollback guard``); ``commands``: by name, the function and an
    example of what follows the name; ``opener``: what stacks they are about.
    """
    app = typer.Typer(
        name=name,
        help=summary,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "obj": opener},
    )
    for each, (function, example) in commands.items():
        app.command(each, epilog=f"Example: {words} {each} {example}")(function)
    return app
