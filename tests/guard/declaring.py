"""Programs that declare resources under Pulumi's mocks, held against a state: what they change, without an engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime.mocks import MockResourceArgs

from guard.approvals import Action, Approval, add
from guard.changes import Changes
from guard.declared import Declared
from guard.in_place.hook import LossHook
from guard.previous import Previous, previous
from tests.components.mocked import Recorder, answer_with

NOW = datetime(2026, 11, 30, 3, tzinfo=UTC)
REGION = "us-east-1"


class Answers(Recorder):
    """Answers with the inputs, and the id that a resource of the state has."""

    def __init__(self, before: Previous) -> None:
        super().__init__()
        self.before = before

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        outputs = self.before.resources.get(urn(args.typ, args.name), {})
        return str(outputs.get("id", f"{args.name}-1a2b")), {**outputs, **args.inputs}


@dataclass(frozen=True)
class Program:
    """What a program changes of a state."""

    changes: Changes

    def told(self) -> list[str]:
        """What the plan says is lost and refused, one line each."""
        return [str(entry["refusal"]) for entry in self.changes.told() if entry["refusal"]]

    def hears(self, address: str, *, old: Mapping[str, Any] | None = None, new: Mapping[str, Any] | None = None) -> str:
        """What the hook says of a create (``new``), an update (both) or a delete (``old``); empty where it passes."""
        name, token = address.rpartition("::")[2], address.split("::")[2].rpartition("$")[2]
        identifier = str((old or {}).get("id", ""))
        args = pulumi.ResourceHookArgs(address, identifier, name, token, new, old, None, old)
        change = asyncio.get_event_loop().run_until_complete(self.changes.asked(args))
        return (self.changes.hook.refusal(change) or "") if change is not None else ""


def urn(token: str, name: str, above: str = "") -> str:
    return f"urn:pulumi:prod::p::{above}{token}::{name}"


def state(*resources: tuple[str, str, dict[str, Any]]) -> Previous:
    """What an update left: (type, name, outputs)."""
    found = {
        urn(token, name): {"type": token, "outputs": {"id": name, **outputs}} for token, name, outputs in resources
    }
    return previous(found)


def run(before: Previous, declare: Callable[[], object], folder: Path) -> Program:
    """Declare resources the way a program does, with the guard's eyes on them."""
    answer_with(Answers(before), project="p", stack="prod")
    pulumi.runtime.config.set_all_config({"aws:region": REGION}, [])
    declared = Declared()
    changes = Changes(before, declared, LossHook("prod", folder, lambda: NOW))

    def note(args: pulumi.ResourceTransformationArgs) -> None:
        declared.note(args.resource, args.type_, args.name, args.props, args.opts)

    def program() -> None:
        pulumi.runtime.register_stack_transformation(note)
        declare()

    pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
    return Program(changes)


def make(
    token: str, name: str, props: Mapping[str, Any], parent: pulumi.Resource | None = None, **options: Any
) -> pulumi.CustomResource:
    """A resource of any type, without its SDK."""
    return pulumi.CustomResource(token, name, dict(props), pulumi.ResourceOptions(parent=parent, **options))


def approve(folder: Path, store: str, action: Action = Action.LOSE, **more: Any) -> None:
    """An approval that holds."""
    given = {"by": "Ada", "reason": "it is meant to be so", "given": NOW, "expires": NOW + timedelta(hours=1), **more}
    add("prod", Approval(store=store, action=action, **given), folder)
