"""Runs inside the program, before it: tells the engine which resource is to be imported, and by which id.

A transform sees each resource when the engine does, with the outputs of those before it known: an API that is being
imported has an id by the time its methods are registered, also in a preview. So one preview answers for everything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pulumi

from cli.resources import LOOKUPS, Account, find
from cli.takeover.model import AdoptionDecision, AdoptionVerdict, Existing, choose
from guard.transforms import for_previews

ERROR = "error"

OWN = {
    "aws:apigateway/deployment:Deployment": "a snapshot that can't be compared; the stage moves to a new one",
    "aws:lambda/layerVersion:LayerVersion": "its content can't be compared; a new version is published",
}
"""Types that are made anew on purpose, and why: what forces their replacement can't be read back."""


@dataclass(frozen=True)
class AdoptionRequest:
    """What the transform needs to know, handed over in a file."""

    region: str
    existing: list[Existing]
    known: set[tuple[str, str]]
    """Type and name of what the stack's state has already: never imported again."""
    answers: Path
    """Where the decisions go, one JSON object a line."""

    def write(self, path: Path) -> None:
        """Write it to a file."""
        told = {
            "region": self.region,
            "existing": [asdict(each) for each in self.existing],
            "known": sorted(self.known),
            "answers": str(self.answers),
        }
        path.write_text(json.dumps(told), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> AdoptionRequest:
        """Read it from a file."""
        told = json.loads(path.read_text(encoding="utf-8"))
        existing = [Existing(**each) for each in told["existing"]]
        return cls(told["region"], existing, {(kind, name) for kind, name in told["known"]}, Path(told["answers"]))


def adopt(request: AdoptionRequest) -> None:
    """From now on, import what is the template's, and write down what becomes of each resource."""
    account = Account(request.region)

    def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if not args.custom or args.type_.startswith("pulumi:") or (args.type_, args.name) in request.known:
            return None
        try:
            decision = decide(args.type_, args.name, dict(args.props), request.existing, account)
        except Exception as error:
            _note(request, {ERROR: f"{args.type_} {args.name}: {' '.join(str(error).split())}"})
            raise
        _note(request, asdict(decision))
        if decision.verdict is not AdoptionVerdict.TAKEN:
            return None
        args.opts.import_ = decision.identifier
        return pulumi.ResourceTransformResult(args.props, args.opts)

    pulumi.runtime.register_resource_transform(for_previews(transform))


def decide(
    kind: str, name: str, inputs: Mapping[str, Any], existing: list[Existing], account: Account
) -> AdoptionDecision:
    """What becomes of a resource. Raises what boto3 raises for anything but an absence."""
    if kind in OWN:
        return AdoptionDecision(kind, name, AdoptionVerdict.OWN, note=OWN[kind])
    if kind not in LOOKUPS:
        return AdoptionDecision(kind, name, AdoptionVerdict.NEW, note="existing ones of this type aren't looked for")
    found = find(kind, inputs, account)
    verdict, chosen, owner = choose(found, existing)
    note = " or ".join(each.identifier for each in found) if verdict is AdoptionVerdict.AMBIGUOUS else ""
    identifier, logical_id = chosen.identifier if chosen else "", owner.logical_id if owner else ""
    return AdoptionDecision(kind, name, verdict, identifier, logical_id, note)


def answers(path: Path) -> list[AdoptionDecision]:
    """The decisions of a preview. Raises ``RuntimeError`` with the first error of a lookup."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    told = [json.loads(line) for line in lines]
    if failed := next((each[ERROR] for each in told if ERROR in each), None):
        raise RuntimeError(failed)
    decisions = [AdoptionDecision(**{**each, "verdict": AdoptionVerdict(each["verdict"])}) for each in told]
    return sorted(decisions, key=lambda each: (each.logical_id, each.kind, each.name))


def _note(request: AdoptionRequest, told: Mapping[str, Any]) -> None:
    with request.answers.open("a", encoding="utf-8") as file:
        file.write(json.dumps(told) + "\n")
