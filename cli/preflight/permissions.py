"""Rows about rights: what each step needs, simulated for the principal whose credentials are in use.

IAM API reference, SimulatePrincipalPolicy: it takes users and roles, so a session of a role is asked about as its role;
permissions boundaries and the organization's policies are part of the answer, policies of resources aren't. What may
not be simulated is unknown, never fine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from cli.preflight.facts import PreflightContext
from cli.preflight.rows import CheckResult, UntoldError, denied, fine, line, missing, unknown
from cli.rights.document import narrowed, steps
from cli.rights.model import Grant, Place
from core.state import live_resources_of

SIDE_BY_SIDE = 12
NAMED = 5
"""Actions that a row names; the others are counted."""
SAMPLES = 10
"""Deployed resources of one pattern that a simulation is asked about."""
PRINT = "attach what `rollback preflight -s {stack} --policy` prints to {principal}"
Pair = tuple[str, str]
"""An action and the ARN that it is asked about."""


class UnsimulatedError(RuntimeError):
    """Nobody can say what the caller may do. The message is one line."""


@dataclass(frozen=True)
class Question:
    """Actions that are simulated by one call."""

    actions: tuple[str, ...]
    on: tuple[str, ...]
    context: tuple[tuple[str, str], ...] = ()
    """Condition keys that the real call has, and their values."""


@dataclass(frozen=True)
class Answers:
    """What simulations said: the refused pairs, and those that lack something to be judged by."""

    refused: frozenset[Pair]
    unsure: frozenset[Pair]


def step(name: str) -> Callable[[PreflightContext], CheckResult]:
    """The row of one step."""

    def look(facts: PreflightContext) -> CheckResult:
        caller = facts.known_caller()
        if caller.arn.endswith(":root"):
            return fine("the account's root may do everything; a role of its own is safer")
        return _judged(facts, name)

    return look


def _judged(facts: PreflightContext, name: str) -> CheckResult:
    principal = facts.once("principal", lambda: principal_of(facts.caller.arn, facts.client("iam")))
    if principal is None:
        return unknown(f"{facts.caller.arn} is neither a user nor a role, and can't be simulated")
    asked = list(questions(steps()[name], facts.place, _deployed(facts)))
    try:
        facts.once("may simulate", lambda: _simulate(facts, principal, Question(("sts:GetCallerIdentity",), ("*",))))
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            found = list(pool.map(lambda each: facts.once(f"{each}", lambda: _simulate(facts, principal, each)), asked))
    except Exception as error:
        return _unsimulated(facts, principal, error)
    refused = sorted({action for each in found for action, _ in each.refused})
    unsure = sorted({action for each in found for action, _ in each.unsure} - set(refused))
    count = len({word for each in asked for word in each.actions})
    if refused:
        words = ", ".join(refused[:NAMED]) + (f" and {len(refused) - NAMED} more" if len(refused) > NAMED else "")
        remedy = PRINT.format(stack=facts.stack, principal=principal)
        return missing(f"{len(refused)} of {count} actions are refused: {words}", remedy)
    if unsure:
        return unknown(f"depends on conditions that a simulation doesn't know: {', '.join(unsure[:NAMED])}")
    return fine(f"all {count} actions are allowed to {principal}")


def _unsimulated(facts: PreflightContext, principal: str, error: Exception) -> CheckResult:
    if denied(error):
        return unknown(
            f"{principal} may not simulate its own rights (iam:SimulatePrincipalPolicy)",
            PRINT.format(stack=facts.stack, principal=principal),
        )
    return unknown(f"rights can't be simulated: {line(error)}", PRINT.format(stack=facts.stack, principal=principal))


def principal_of(arn: str, iam: Any) -> str | None:
    """The ARN that can be simulated for a caller: a user's own, or of the role of a session; None for others.

    A session's ARN leaves out its role's path, which the role itself tells; where it may not be asked, there is none.
    """
    head, _, rest = arn.partition("::")
    partition = head.split(":")[1]
    if re.fullmatch(r"arn:[^:]+:iam", head) and rest.partition(":")[2].startswith(("user/", "role/")):
        return arn
    account, _, name = rest.partition(":")
    if not name.startswith("assumed-role/"):
        return None
    role = name.split("/")[1]
    try:
        return str(iam.get_role(RoleName=role)["Role"]["Arn"])
    except Exception:  # not allowed to ask, or not answered: most roles have no path
        return f"arn:{partition}:iam::{account}:role/{role}"


def questions(grants: Sequence[Grant], place: Place, deployed: Sequence[str]) -> Iterator[Question]:
    """What to simulate for grants: on the ARNs of the state, or on a name that fits where nothing is deployed yet."""
    gathered: dict[tuple[tuple[str, ...], tuple[tuple[str, str], ...]], set[str]] = {}
    for grant in grants:
        for each in narrowed(grant):
            on = tuple(sorted({arn for pattern in each.on for arn in _asked(place.arn(pattern), deployed)}))
            gathered.setdefault((on, _context(each)), set()).update(each.words)
    for (on, context), words in gathered.items():
        yield Question(tuple(sorted(words)), on, context)


def _asked(pattern: str, deployed: Sequence[str]) -> list[str]:
    if pattern == "*":
        return ["*"]
    found = [arn for arn in deployed if fnmatchcase(arn, pattern)]
    return found[:SAMPLES] or [pattern.replace("*", "preflight")]


def _context(grant: Grant) -> tuple[tuple[str, str], ...]:
    return tuple(
        (key, value if isinstance(value, str) else value[0])
        for keys in grant.only_if.values()
        for key, value in keys.items()
    )


def _deployed(facts: PreflightContext) -> list[str]:
    """The ARNs of the state; none where it can't be read: then names that fit are asked about."""
    try:
        state: Mapping[str, Any] = facts.known_state()
    except UntoldError:
        return []
    found = {str((each.get("outputs") or {}).get("arn") or "") for each in live_resources_of(state)}
    return sorted(arn for arn in found if arn.startswith("arn:"))


def _simulate(facts: PreflightContext, principal: str, question: Question) -> Answers:
    """Ask IAM. Raises what boto3 raises."""
    context = [
        {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
        for key, value in question.context
    ]
    pages = facts.client("iam").get_paginator("simulate_principal_policy")
    given = {"PolicySourceArn": principal, "ActionNames": list(question.actions), "ResourceArns": list(question.on)}
    results = [
        result for page in pages.paginate(**given, ContextEntries=context) for result in page["EvaluationResults"]
    ]
    told = {result["EvalActionName"] for result in results}
    if lacking := set(question.actions) - told:
        raise UnsimulatedError(f"IAM left out {', '.join(sorted(lacking))}")
    refused: set[Pair] = set()
    unsure: set[Pair] = set()
    for result in results:
        for pair, known in _pairs(result):
            (refused if known else unsure).add(pair)
    return Answers(frozenset(refused), frozenset(unsure))


def _pairs(result: Mapping[str, Any]) -> Iterator[tuple[Pair, bool]]:
    """What one result refuses, and whether it had all that it needed to be judged by."""
    action = str(result["EvalActionName"])
    by_resource = result.get("ResourceSpecificResults") or [{**result, "EvalResourceDecision": result["EvalDecision"]}]
    for each in by_resource:
        if each["EvalResourceDecision"] == "allowed":
            continue
        lacks = each.get("MissingContextValues") or result.get("MissingContextValues")
        explicit = each["EvalResourceDecision"] == "explicitDeny"
        yield (action, str(each.get("EvalResourceName", "*"))), explicit or not lacks
