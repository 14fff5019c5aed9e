"""Small previews and states as the engine writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cli.review.model import Review, Risk, Verdict, Way
from cli.review.preview import Preview, read
from policies.checkov.findings import Report

ROOT = "urn:pulumi:prod::rollback-stack::pulumi:pulumi:Stack::rollback-stack-prod"
PLAN = "urn:pulumi:prod::rollback-stack::rollback:guard:Plan::rollback-plan"
TABLE, BUCKET, FUNCTION = "aws:dynamodb/table:Table", "aws:s3/bucket:Bucket", "aws:lambda/function:Function"
NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)


def urn(name: str, token: str, system: str = "async-rag") -> str:
    """The URN of a resource that a system holds."""
    return f"urn:pulumi:prod::rollback-stack::rollback:systems:{system.title()}${token}::{name}"


def system_urn(system: str) -> str:
    return f"urn:pulumi:prod::rollback-stack::rollback:systems:{system.title()}::{system}"


def step(op: str, name: str, token: str, system: str = "async-rag", **more: Any) -> dict[str, Any]:
    """A step of a preview; ``line``: where the program declares it."""
    line = more.pop("line", 12)
    inputs = more.pop("inputs", {"name": name})
    state = {
        "urn": urn(name, token, system),
        "type": token,
        "custom": True,
        "parent": system_urn(system),
        "inputs": inputs,
        "sourcePosition": f"project:///components/stores.py#{line}",
    }
    states = {"oldState": state} if op == "delete" else {"newState": state}
    return {"op": op, "urn": state["urn"], **states, **more}


def holder(system: str = "async-rag") -> dict[str, Any]:
    """The step of a system's own component."""
    address = system_urn(system)
    state = {"urn": address, "type": address.split("::")[2], "parent": ROOT}
    return {"op": "same", "urn": address, "newState": state}


def plan(op: str = "update", **inputs: Any) -> dict[str, Any]:
    """The step of the guard's plan."""
    content = {"stack": "prod", "removals": [], "replacements": [], "systems": {}, "durable": 2, **inputs}
    state = {"urn": PLAN, "type": "rollback:guard:Plan", "parent": ROOT, "inputs": content}
    return {"op": op, "urn": PLAN, "newState": state}


def entry(name: str, refusal: str | None, *, token: str = TABLE, **more: Any) -> dict[str, Any]:
    """A store that the plan tells of."""
    evidence: Mapping[str, Any] = {"recoveryPoint": None, "approval": None}
    if refusal is None:
        evidence = {"recoveryPoint": {"id": "20261126t020000000z-0a1b2c3d"}, "approval": {"by": "Ada Byron"}}
    kind = "bucket" if token == BUCKET else "table"
    address = urn(name, token)
    told = {"urn": address, "type": token, "kind": kind, "name": f"{name}-prod", "system": "async-rag"}
    return {**told, "evidence": evidence, "refusal": refusal, **more}


def error(message: str, address: str | None = None) -> dict[str, Any]:
    return {"message": f"error: {message}\n", "severity": "error", **({"urn": address} if address else {})}


def violation(policy: str, level: str = "mandatory", address: str = PLAN, text: str = "it is wrong") -> dict[str, Any]:
    """An event of the engine's log."""
    return {
        "policyEvent": {
            "resourceUrn": address,
            "message": f"What the policy is about.\n{text}\nWhat to do.\n",
            "policyName": policy,
            "policyPackName": "rollback-stack",
            "enforcementLevel": level,
            "severity": "high",
        }
    }


def preview(
    *steps: Mapping[str, Any], errors: Sequence[Mapping[str, Any]] = (), events: Sequence[Mapping[str, Any]] = ()
) -> Preview:
    """A preview with these steps, errors and events."""
    failed = bool(errors) or any(each["policyEvent"]["enforcementLevel"] == "mandatory" for each in events)
    diagnostics = [*errors, *([error("preview failed")] if failed else [])]
    return read({"steps": list(steps), "diagnostics": diagnostics, "changeSummary": {}}, events, failed=failed)


def report(**more: Any) -> Report:
    """A scan that found nothing."""
    empty: dict[str, Any] = dict.fromkeys(("findings", "skipped", "undecided", "not_bridged", "stale", "expired"), ())
    counts = {"resources": 3, "partly_known": 0, "checks_run": 12, "seconds": 1.0, "checkov": "3.3.30"}
    return Report(**{**empty, **counts, **more})


def way(version: str = "v1.2.2", **more: Any) -> Way:
    """An open way."""
    given: dict[str, Any] = {
        "version": version,
        "faulty": False,
        "here": False,
        "open": True,
        "reason": None,
        "closed_here": False,
        "waived": None,
        "moves": (),
        "counts": {"update": 4},
        "stores": (),
        "unsecured": 0,
        "seconds": 40.0,
        "basis": "by 3 updates back",
        **more,
    }
    return Way(**given)


def risk(name: str = "jobs-prod", refusal: str | None = "no recovery point\nrollback recovery make jobs-prod") -> Risk:
    return Risk(
        name=name,
        kind="table",
        system="async-rag",
        urn=urn(name, TABLE),
        outcome="deleted",
        changed=(),
        refusal=refusal,
        recovery_point=None if refusal else "20261126t020000000z-0a1b2c3d",
        approved_by=None if refusal else "Ada Byron",
        source=None,
    )


def verdict(policy: str = "queue-redrive", enforcement: str = "mandatory") -> Verdict:
    return Verdict(
        policy=policy,
        enforcement=enforcement,
        severity="high",
        urn=urn("vdr", "aws:sqs/queue:Queue"),
        resource="vdr",
        text="vdr has no redrivePolicy",
        remediation_steps="Set redrivePolicy.",
        source=None,
    )


def review(**more: Any) -> Review:
    """A review that passes."""
    given: dict[str, Any] = {
        "stack": "prod",
        "pinned": "v1.2.3",
        "deployed": "v1.2.3",
        "failures": (),
        "systems": (),
        "stopped": (),
        "verdicts": (),
        "policies_kept": 40,
        "policies_not_asked": 0,
        "checkov": report(),
        "whole": True,
        "risks": (),
        "secured": (),
        "secured_unknown": None,
        "ways": (way(),),
        "pins": {},
        "base": None,
        "timings": (),
        **more,
    }
    return Review(**given)
