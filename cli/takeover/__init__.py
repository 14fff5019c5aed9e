"""Taking over what SAM or CloudFormation made: into a stack's state, without making anything anew.

In this order, each step read-only but the last: the template and the running stack say what exists; a preview of the
program with ``adoption``'s transform says which of it the program describes, by which id, and what the update after
the import would do; whatever would be replaced or deleted ends it here. Then `pulumi import --file` writes the state,
and a second preview, of the plain program, has to agree; if it doesn't, the state is put back.

Nothing in the account is changed, and nothing in CloudFormation.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from cli.takeover import afterwards, cloudformation, guard
from cli.takeover.adoption import AdoptionRequest, answers
from cli.takeover.importing import fill
from cli.takeover.model import AdoptionDecision, AdoptionVerdict, Existing, PlannedChange, TakeoverError, TakeoverPlan
from cli.takeover.project import HERE, Project
from cli.takeover.template import load
from core.state import resources_of
from core.urn import name_of

__all__ = ["Plan", "TakeoverError", "run"]


def run(
    template: Path,
    stack_name: str,
    stack: str,
    parameters: Mapping[str, str],
    region: str,
    *,
    plan_only: bool = False,
    folder: Path = HERE,
    into: Path | None = None,
) -> TakeoverPlan:
    """Take a CloudFormation stack's resources over into a Pulumi stack.

    ``folder`` is the Pulumi project's, ``into`` where the import file, the state as it was and the template that
    retains everything are written (``takeover-<stack name>`` in the current folder). With ``plan_only`` nothing is
    written anywhere, and a plan that would have to be refused is returned (``guard.refusal`` says why).
    Raises `TakeoverError`, and what boto3 raises.
    """
    deployed = cloudformation.look(stack_name, region)
    loaded = load(template, parameters, deployed.parameters, region, deployed.processed)
    existing = cloudformation.existing(loaded, deployed, region, _account(region))
    project = Project(folder, stack)
    with contextlib.ExitStack() as undo:
        undo.callback(project.ensure())
        decisions, changes = _ask(project, existing, region)
        retained = afterwards.retained(deployed.processed or loaded.body, stack)
        plan = TakeoverPlan(stack_name, stack, deployed.status, existing, decisions, changes, retained)
        if plan_only:
            return plan
        _refuse(plan, template)
        place = into or Path(f"takeover-{stack_name}")
        _bring_in(project, plan, place)
        undo.pop_all()
    return dataclasses.replace(plan, done=True, folder=place)


def _account(region: str) -> str:
    import boto3

    return str(boto3.client("sts", region_name=region).get_caller_identity()["Account"])


def _ask(project: Project, existing: list[Existing], region: str) -> tuple[list[AdoptionDecision], list[PlannedChange]]:
    """What becomes of each resource of the program, and what the update after the import would do."""
    known = {(each["type"], name_of(each["urn"])) for each in resources_of(project.state())}
    with tempfile.TemporaryDirectory() as name:
        told = Path(name, "answers")
        AdoptionRequest(region, existing, known, told).write(Path(name, "request"))
        with project.wrapped(Path(name, "request")) as folder:
            preview = project.preview(folder)
        try:
            decisions = answers(told)
        except RuntimeError as error:
            raise TakeoverError(f"the account couldn't be looked at: {error}") from None
    return _unique(decisions), guard.changes(preview)


def _unique(decisions: list[AdoptionDecision]) -> list[AdoptionDecision]:
    """The same, with those left alone that can't be told apart: by type and name, or by what they would take over."""
    names = Counter(each.key for each in decisions)
    things = Counter((each.kind, each.identifier) for each in decisions if each.verdict is AdoptionVerdict.TAKEN)

    def judged(each: AdoptionDecision) -> AdoptionDecision:
        if names[each.key] > 1:
            note = "the program declares two of this type and name"
        elif things[each.kind, each.identifier] > 1:
            note = f"the program declares {each.identifier} twice"
        else:
            return each
        return dataclasses.replace(each, verdict=AdoptionVerdict.AMBIGUOUS, note=note)

    return [judged(each) for each in decisions]


def _refuse(plan: TakeoverPlan, template: Path) -> None:
    """Raise `TakeoverError` for a plan that would do harm, or nothing."""
    if reason := guard.refusal(plan.changes):
        raise TakeoverError(reason)
    if not plan.of(AdoptionVerdict.TAKEN):
        raise TakeoverError(
            f"nothing in {template.name} is to be taken over by {plan.stack}: it has it already, or names differ "
            "(--plan-only shows both sides)"
        )


def _bring_in(project: Project, plan: TakeoverPlan, folder: Path) -> None:
    """Write the state, and put it back where the preview after that isn't as it was foreseen."""
    wanted = fill(project.skeleton(), plan.of(AdoptionVerdict.TAKEN))
    before = project.state()
    files = {afterwards.IMPORT_FILE: wanted, afterwards.BEFORE: before, afterwards.RETAINED: plan.retained}
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    try:
        project.bring_in(wanted)
        if reason := guard.refusal(guard.changes(project.preview())):
            raise TakeoverError(f"{reason}. The stack's state is as it was")
    except BaseException:
        project.restore(before)
        raise
