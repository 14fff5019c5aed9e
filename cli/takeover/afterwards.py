"""What is left to do when the state has everything: making CloudFormation forget the stack without deleting it.

Source: AWS CloudFormation user guide, "DeletionPolicy attribute". A change of that attribute alone is no update, so
each resource's metadata changes with it.
"""

from __future__ import annotations

import copy
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli.takeover.model import AdoptionVerdict, TakeoverPlan

IMPORT_FILE = "import.json"
BEFORE = "state-before.json"
RETAINED = "retain.template.json"
_CAPABILITIES = "CAPABILITY_IAM CAPABILITY_NAMED_IAM"


def retained(body: Mapping[str, Any], stack: str) -> dict[str, Any]:
    """A template, transforms done, in which everything outlives its stack and nothing else differs."""
    kept = copy.deepcopy({key: value for key, value in body.items() if key != "Transform"})
    for resource in kept["Resources"].values():
        resource["DeletionPolicy"] = resource["UpdateReplacePolicy"] = "Retain"
        resource["Metadata"] = {**(resource.get("Metadata") or {}), "TakenOverBy": f"pulumi stack {stack}"}
    return kept


def steps(plan: TakeoverPlan) -> list[str]:
    """What a person does next, in order: commands, each with what it is for in brackets."""
    name, folder = shlex.quote(plan.stack_name), plan.folder or Path()
    given = "".join(f" ParameterKey={each},UsePreviousValue=true" for each in plan.retained.get("Parameters") or {})
    taken, new = len(plan.of(AdoptionVerdict.TAKEN)), len(plan.of(AdoptionVerdict.NEW, AdoptionVerdict.OWN))
    stop = f"stop deploying {plan.stack_name} with SAM or CloudFormation: switch its pipeline off"
    update = f"rollback up -s {plan.stack}   (brings {taken} resources to the pinned release, makes {new} beside them)"
    undo = f"or undo it, only before that update: pulumi stack import -s {plan.stack} --file {folder / BEFORE}"
    if plan.status is None:
        return [stop, update, undo]
    return [
        stop,
        f"aws cloudformation update-stack --stack-name {name} --template-body file://{folder / RETAINED} "
        f"--capabilities {_CAPABILITIES}{f' --parameters{given}' if given else ''}"
        "   (from now on everything outlives the stack; nothing else changes)",
        f"aws cloudformation wait stack-update-complete --stack-name {name}",
        update,
        f"aws cloudformation delete-stack --stack-name {name}   (CloudFormation forgets the stack; all of it stays)",
        "delete by hand, of what 'stays where it is', that which nothing uses any more: old roles, permissions",
        undo,
    ]
