"""The resources of a preview (``pulumi preview --json --show-sames``) or of a state (``pulumi stack export``)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

from pydantic import Field

from core.model import Model
from core.urn import name_of
from policies.checkov.errors import CheckovError
from policies.checkov.values import clean

GONE = frozenset({"delete", "delete-replaced", "discard", "discard-replaced", "read-discard", "remove-pending-replace"})
"""Operations that leave nothing behind to judge."""
LIBRARIES = re.compile(r"(^|/)(site-packages|dist-packages|node_modules|\.venv|venv)/")


class Source(Model):
    """A line of the program, counted from 1; ``file`` is relative to the project where it lies in the project."""

    file: str
    line: Annotated[int, Field(ge=1)]
    column: Annotated[int, Field(ge=1)] | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Resource:
    """A resource as the program wants it."""

    urn: str
    type: str
    inputs: Mapping[str, Any]
    """Cleaned: see ``policies.checkov.values``."""
    depends: Mapping[str, Sequence[str]]
    """Property -> the URNs of the resources that its value comes from."""
    operation: str
    external: bool
    """Only read, not managed by this program."""
    trace: tuple[Source, ...]
    """The project's own lines that declare it, innermost first."""
    provider: str = ""
    """The provider that manages it, as the engine refers to it; empty where none is named."""
    protect: bool = False
    ignored: tuple[str, ...] = ()
    """The paths of properties whose changes the program ignores."""
    deleted_first: bool | None = None
    """Whether a replacement begins with the deletion; None where nobody says."""

    @property
    def name(self) -> str:
        """The name that the program gave it."""
        return name_of(self.urn)

    @property
    def module(self) -> str:
        """``s3`` of ``aws:s3/bucket:Bucket``."""
        return self.type.split(":")[1].partition("/")[0] if self.type.count(":") == 2 else ""

    @property
    def package(self) -> str:
        """``aws`` of ``aws:s3/bucket:Bucket``."""
        return self.type.partition(":")[0]


def read(document: Mapping[str, Any], update_plan: Mapping[str, Any] | None = None) -> list[Resource]:
    """The custom resources that will exist, providers included. Components hold nothing of their own.

    ``update_plan``: what ``pulumi preview --save-plan`` wrote beside the preview. Raises ``CheckovError`` where the
    document is neither kind, or a preview that failed or leaves resources out, and where the plan is none.
    """
    goals = None if update_plan is None else _goals(update_plan)
    found: dict[str, Resource] = {}
    for operation, state in _states(document):
        if state.get("custom") and not state.get("delete") and state.get("type") != "pulumi:pulumi:Stack":
            resource = _resource(operation, state)
            if goals is not None and resource.urn in goals:
                resource = replace(resource, deleted_first=_deleted_first(goals[resource.urn], state))
            found[resource.urn] = resource
    return list(found.values())


def is_state(document: Mapping[str, Any]) -> bool:
    """Whether it is a state, not a preview."""
    return isinstance(document.get("deployment"), Mapping)


def _states(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if is_state(document):
        return ((_unchanged(each), each) for each in document["deployment"].get("resources") or [])
    steps = document.get("steps")
    if steps is None and "changeSummary" not in document:
        raise CheckovError(
            "neither a preview (`pulumi preview --json --show-sames`) nor a state (`pulumi stack export`)"
        )
    _complete(document, steps or [])
    return (
        (str(step["op"]), step["newState"])
        for step in steps or []
        if step.get("op") not in GONE and isinstance(step.get("newState"), Mapping)
    )


def _goals(update_plan: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """URN -> what the program asks for (pulumi/sdk, ``go/common/apitype/plan.go``)."""
    plans = update_plan.get("resourcePlans")
    if not isinstance(plans, Mapping):
        raise CheckovError("not an update plan; make it with `pulumi preview --save-plan FILE`")
    return {urn: each["goal"] for urn, each in plans.items() if isinstance(each, Mapping) and each.get("goal")}


def _deleted_first(goal: Mapping[str, Any], state: Mapping[str, Any]) -> bool:
    """The option ``deleteBeforeReplace``, and without it what the engine does.

    It creates first, unless the provider asks for the other way round: it does where a resource has a name of the
    program's own, which two can't have at once (pulumi-terraform-bridge, ``nameRequiresDeleteBeforeReplace``).
    """
    if (told := goal.get("deleteBeforeReplace")) is not None:
        return bool(told)
    inputs = state.get("inputs") or {}
    return "name" in inputs and "name" not in (inputs.get("__defaults") or ())


def _unchanged(state: Mapping[str, Any]) -> str:
    return "read" if state.get("external") else "same"


def _complete(document: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> None:
    """A check on how resources connect needs all of them, those that stay as they are as well."""
    for each in document.get("diagnostics") or []:
        if each.get("severity") == "error":
            raise CheckovError(f"the preview failed: {each.get('message', '')}")
    same = (document.get("changeSummary") or {}).get("same", 0)
    shown = sum(1 for step in steps if step.get("op") == "same")
    if shown < same:
        raise CheckovError(
            f"the preview leaves out {same - shown} unchanged resources: "
            "make it with `pulumi preview --json --show-sames`"
        )


def _resource(operation: str, state: Mapping[str, Any]) -> Resource:
    inputs = clean(state.get("inputs") or {})
    frames = [state.get("sourcePosition"), *(each.get("sourcePosition") for each in state.get("stackTrace") or [])]
    own = [source for frame in frames if frame and (source := position(frame))]
    return Resource(
        urn=str(state["urn"]),
        type=str(state["type"]),
        inputs=inputs if isinstance(inputs, Mapping) else {},
        depends={key: tuple(urns) for key, urns in (state.get("propertyDependencies") or {}).items() if urns},
        operation=operation,
        external=bool(state.get("external")) or operation in ("read", "read-replacement"),
        trace=tuple(dict.fromkeys(own)),
        provider=str(state.get("provider") or ""),
        protect=bool(state.get("protect")),
        ignored=tuple(state.get("ignoreChanges") or ()),
    )


def position(uri: str) -> Source | None:
    """A source position as the engine writes it (``project:///stores.py#12,5``); None outside of the project.

    What lies in a library isn't a line that anybody can fix.
    """
    parts = urlsplit(uri)
    path = unquote(parts.path).removeprefix("/") if parts.scheme == "project" else unquote(parts.path)
    line, _, column = parts.fragment.partition(",")
    if not path or not line.isdigit() or int(line) < 1 or path.startswith("../") or LIBRARIES.search(path):
        return None
    return Source(file=path, line=int(line), column=int(column) if column.isdigit() and int(column) > 0 else None)
