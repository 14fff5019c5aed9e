"""The life of a resource of any type: create, read, update, delete, and what a refresh or an import finds.

A state holds what was read after the last change, so that a refresh reports drift only where the account has changed
since; an input that can't be read back stands in the state as it was given.
"""

from __future__ import annotations

from typing import Any

from sandbox.providers import wire
from sandbox.providers.aws import shapes
from sandbox.providers.aws.api import AwsError, NotFoundError, UnreachableError
from sandbox.providers.aws.model import DEFAULTED, Props, Scope, Type, inside


class HalfDoneError(Exception):
    """The resource exists but a step failed; carries id, state and the inputs that did arrive."""

    def __init__(self, text: str, resource_id: str, state: Props, inputs: Props) -> None:
        super().__init__(text)
        self.resource_id = resource_id
        self.state = state
        self.inputs = inputs


def changed_keys(kind: Type, old: Props, new: Props) -> set[str]:
    """The input properties whose values mean something else than before.

    A default that older inputs don't have is what the account had all along.
    """
    filled = {name for name in new.get(DEFAULTED, ()) if name not in old}
    names = {name for name in {**old, **new} if not name.startswith("__")} - filled
    dropped = {name for name in names if name not in new and not shapes.empty(old[name])} - set(kind.computed)
    return dropped | {
        name for name in names if name in new and not shapes.same(old.get(name), new[name], name in kind.ordered)
    }


# --- create -------------------------------------------------------------------------------------------------------


def create(kind: Type, scope: Scope, inputs: Props) -> tuple[str, Props]:
    """Make the resource; its id and state. Raises `AwsError`, or `HalfDoneError` when a step after creation failed."""
    try:
        answer = kind.make(scope, dict(inputs)) if kind.make else _create(kind, scope, inputs)
    except AwsError as error:
        if error.taken:
            name = ", ".join(str(inputs[key]) for key in kind.key if key in inputs) or inputs.get(kind.autoname, "it")
            raise AwsError(
                f"{name} already exists and is not this stack's: choose another name, or adopt it with "
                f"pulumi import {kind.token} NAME ID ({error})",
                error.code,
            ) from error
        raise
    resource_id = kind.identify(scope, inputs, answer) if kind.identify else _joined(kind, inputs)
    return resource_id, _finish(kind, scope, resource_id, inputs, set(inputs), {}, at_create=True)


def _create(kind: Type, scope: Scope, inputs: Props) -> Props:
    return scope.call(kind.create, **kind.parameters(scope, kind.create, inputs))


def _joined(kind: Type, props: Props) -> str:
    return kind.separator.join(str(props[name]) for name in kind.key)


def _finish(
    kind: Type, scope: Scope, resource_id: str, inputs: Props, changed: set[str], old: Props, at_create: bool
) -> Props:
    """Wait for the resource, write the parts that changed, read the state."""
    done = dict(inputs)
    known: Props = {}
    try:
        _await_ready(kind, scope, {**old, **inputs, **kind.keys_of(resource_id), "id": resource_id})
        if kind.parts:
            known = {**old, **_live(kind, scope, resource_id, {**old, **inputs}, with_parts=False)}
        for part in kind.parts:
            touched = [name for name in part.keys if name in changed]
            if touched and (part.at_create or not at_create):
                before = {name: value for name, value in known.items() if name in part.keys} if at_create else old
                done = {name: value for name, value in done.items() if name not in touched}
                part.write(scope, {**known, **inputs, **kind.keys_of(resource_id), "id": resource_id}, before)
                done.update({name: inputs[name] for name in touched if name in inputs})
        return state_of(kind, scope, resource_id, inputs, _live(kind, scope, resource_id, {**old, **inputs}))
    except AwsError as error:
        state = {**known, **wire.normalise_assets(done), "id": resource_id}
        raise HalfDoneError(str(error), resource_id, state, done) from error


def _await_ready(kind: Type, scope: Scope, props: Props) -> None:
    if kind.ready is not None:
        ready = kind.ready
        scope.wait(lambda: ready(scope, props), f"{kind.token} {props['id']} getting ready")


# --- read ---------------------------------------------------------------------------------------------------------


def _live(kind: Type, scope: Scope, resource_id: str, props: Props, with_parts: bool = True) -> Props:
    """What the account has, as Pulumi properties; None marks a property that could be read but isn't set."""
    props = {**props, **kind.keys_of(resource_id), "id": resource_id}
    live: Props = {}
    if kind.look is not None:
        live = kind.look(scope, props)
    elif kind.read:
        live = _read(kind, scope, props)
    if with_parts:
        for part in kind.parts:
            if part.read is not None:
                live.update(part.read(scope, {**props, **_set(live)}))
    return {name: value for name, value in live.items() if name not in kind.unread}


def _set(live: Props) -> Props:
    return {name: value for name, value in live.items() if value is not None}


def _read(kind: Type, scope: Scope, props: Props) -> Props:
    chosen = {name: value for name, value in props.items() if name in kind.identity}
    parameters = kind.parameters(scope, kind.read, chosen)
    answer = scope.call(kind.read, **parameters)
    _, shape = scope.api.shapes(kind.service, kind.read)
    found, shape = inside(answer, shape, kind.inside)
    if not found:
        raise NotFoundError(f"{kind.token} {props['id']} is gone")
    live: Props = {}
    for name, wanted in kind.properties.items():
        member = shapes.member_of(shape, name, kind.rename)
        if member is not None and name != "region":
            live[name] = shapes.from_api(wanted, found.get(member), kind.rename, name)
    if kind.tune is not None:
        live.update(kind.tune(scope, found, {**props, **_set(live)}))
    for name, source in kind.outputs.items():
        live[name] = source(scope, found, {**props, **_set(live)}) if callable(source) else found.get(source)
        live[name] = shapes.from_api(kind.properties.get(name, "any"), live[name], kind.rename, name)
    if "tags" in live:
        live["tagsAll"] = live["tags"]
    return live


def state_of(kind: Type, scope: Scope, resource_id: str, inputs: Props, live: Props) -> Props:
    """The state for inputs and what was read: live values, in the words of the input where both mean the same."""
    state: Props = {}
    for name, value in inputs.items():
        if name.startswith("__"):
            continue
        if name not in live or shapes.same(value, live[name], name in kind.ordered):
            state[name] = wire.normalise_assets(value)
        elif live[name] is not None:
            state[name] = live[name]
    state.update({name: value for name, value in live.items() if name not in inputs and value is not None})
    state.update({name: value for name, value in kind.keys_of(resource_id).items() if name in kind.properties})
    if "region" in kind.properties:
        state["region"] = scope.region
    state["id"] = kind.final_id(resource_id)
    return state


def read(kind: Type, scope: Scope, resource_id: str, old: Props, inputs: Props) -> tuple[Props, Props]:
    """State and inputs as they are now; without inputs, those that an import should get. Raises `NotFoundError`."""
    live = _live(kind, scope, resource_id, {**inputs, **old})
    if not inputs and not old:
        found = _imported(kind, resource_id, live)
        return state_of(kind, scope, resource_id, found, live), found
    now = dict(inputs)
    for name in kind.inputs:
        if name in live and not shapes.same(live[name], old.get(name), name in kind.ordered):
            if shapes.empty(live[name]) and name not in kind.defaults and not isinstance(live[name], (bool, int)):
                now.pop(name, None)
            else:
                now[name] = _like(live[name], inputs.get(name), old.get(name))
    return state_of(kind, scope, resource_id, now, live), now


def _like(live: Any, given: Any, old: Any) -> Any:
    """A live value without the entries that the account added by itself: not given, and as they were."""
    if isinstance(live, dict) and isinstance(given, dict):
        before = old if isinstance(old, dict) else {}
        return {
            key: _like(value, given.get(key), before.get(key))
            for key, value in live.items()
            if key in given or not shapes.same(value, before.get(key))
        }
    return live


def _imported(kind: Type, resource_id: str, live: Props) -> Props:
    required = kind.required or ()
    inputs: Props = {}
    for name in kind.inputs:
        value = live.get(name)
        default = kind.defaults.get(name)
        if name in kind.defaults:
            inputs[name] = default if value is None else value
        elif value is not None and (name in required or not shapes.empty(value)):
            inputs[name] = value
    keys = {name: value for name, value in kind.keys_of(resource_id).items() if name in kind.inputs}
    return {**inputs, **keys}


# --- update -------------------------------------------------------------------------------------------------------


def update(kind: Type, scope: Scope, resource_id: str, old: Props, old_inputs: Props, inputs: Props) -> Props:
    """Bring the resource to new inputs; the new state. Raises `AwsError`, or `HalfDoneError` after a first step."""
    changed = changed_keys(kind, old_inputs, inputs)
    wanted = {**inputs, **{name: value for name, value in kind.resets.items() if name in changed - set(inputs)}}
    props = {**old, **{name: None for name in changed if name not in wanted}, **wanted}
    props.update(kind.keys_of(resource_id), id=resource_id)
    props = {name: value for name, value in props.items() if value is not None}
    if kind.change is not None:
        kind.change(scope, props, old, changed)
    begun = False
    for operation in kind.update:
        mine = kind.takes(scope, operation, changed)
        if not mine:
            continue
        try:
            parameters = kind.parameters(scope, operation, props, None if kind.whole else mine)
            scope.call(operation, **parameters)
            begun = True
        except AwsError as error:
            if begun and not isinstance(error, UnreachableError):
                raise HalfDoneError(str(error), resource_id, old, old_inputs) from error
            raise
    before = {name: value for name, value in old.items() if name not in inputs or name in old_inputs}
    return _finish(kind, scope, resource_id, inputs, changed, before, at_create=False)


def preview_update(kind: Type, old: Props, old_inputs: Props, inputs: Props) -> Props:
    """The state that an update will bring as far as it is known: new inputs, and outputs that it leaves alone."""
    changed = changed_keys(kind, old_inputs, inputs)
    loose = kind.volatile(changed, inputs) if kind.volatile else set()
    kept = {name: value for name, value in old.items() if name not in changed}
    state = {**kept, **wire.normalise_assets({n: v for n, v in inputs.items() if not n.startswith("__")})}
    if "tags" in changed:
        state["tagsAll"] = inputs.get("tags") or {}
    state.update(dict.fromkeys(loose, wire.UNKNOWN))
    return state


def preview_create(kind: Type, inputs: Props) -> Props:
    """The state that a creation will bring as far as it is known: the inputs; everything computed is unknown."""
    state = {name: value for name, value in inputs.items() if not name.startswith("__")}
    return {**dict.fromkeys(set(kind.properties) - set(kind.inputs), wire.UNKNOWN), **wire.normalise_assets(state)}


# --- delete -------------------------------------------------------------------------------------------------------


def delete(kind: Type, scope: Scope, resource_id: str, old: Props) -> None:
    """Delete the resource; one that isn't there any more counts as deleted. Raises `AwsError`."""
    props = {**old, **kind.keys_of(resource_id), "id": resource_id}
    try:
        if kind.remove is not None:
            kind.remove(scope, props)
        elif kind.delete:
            chosen = {name: value for name, value in props.items() if name in kind.identity}
            scope.call(kind.delete, **kind.parameters(scope, kind.delete, chosen))
        if kind.gone:
            scope.wait(lambda: not _exists(kind, scope, resource_id, props), f"deleting {kind.token} {resource_id}")
    except NotFoundError:
        return
    except AwsError as error:
        # some services answer the second delete with an error of their own
        if (
            isinstance(error, UnreachableError)
            or not (kind.read or kind.look)
            or _exists(kind, scope, resource_id, props)
        ):
            raise


def _exists(kind: Type, scope: Scope, resource_id: str, props: Props) -> bool:
    try:
        _live(kind, scope, resource_id, props, with_parts=False)
    except NotFoundError:
        return False
    return True
