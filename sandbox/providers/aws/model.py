"""What a row of the table of resource types can say."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.providers.aws import schema, shapes
from sandbox.providers.aws.api import Api, AwsError, NotFoundError

Props = dict[str, Any]
DEFAULTED = "__defaults"
"""Lists the inputs that the provider filled in, as bridged providers do."""


@dataclass(frozen=True)
class Scope:
    """Where a hook works: the account, the service and region of the resource, its URN and its type."""

    api: Api
    service: str
    region: str
    urn: str = ""
    timeout_seconds: float = 900.0
    cancelled: Callable[[], bool] = bool

    def call(self, operation: str, service: str = "", **parameters: Any) -> dict[str, Any]:
        """An operation of the resource's own service, or of another one."""
        return self.api.call(service or self.service, operation, self.region, **parameters)

    @property
    def account(self) -> str:
        """The account's id."""
        return self.api.account

    def arn(self, tail: str, service: str = "") -> str:
        """The ARN of something in this region and account."""
        return f"arn:aws:{service or self.service}:{self.region}:{self.account}:{tail}"

    def wait(self, done: Callable[[], bool], what: str, every_seconds: float = 0.2) -> None:
        """Wait until `done`; raises `AwsError` after the scope's time limit or when the update is cancelled."""
        end = time.monotonic() + self.timeout_seconds
        while not done():
            if self.cancelled():
                raise AwsError(f"cancelled while {what} was under way")
            if time.monotonic() > end:
                raise AwsError(f"{what} took longer than {self.timeout_seconds:.0f} s")
            time.sleep(every_seconds)


@dataclass(frozen=True)
class Part:
    """Properties that have calls of their own beside the main ones, as tags or point-in-time recovery.

    `write` brings the resource to what is wanted (arguments: scope, the properties wanted, those before, empty at
    creation); `read` gives the live values. A part with `at_create=False` is covered by the create call.
    """

    keys: tuple[str, ...]
    write: Callable[[Scope, Props, Props], Any]
    read: Callable[[Scope, Props], Props] | None = None
    at_create: bool = True


@dataclass(frozen=True)
class Type:
    """One resource type.

    Calls: `create`, `read`, `update` (each is made when it takes a changed property) and `delete` are operations of
    `service`; the hooks `make`, `look`, `change` and `remove` do it by hand instead. `prepare` changes the properties
    before they become an operation's parameters; `tune` adds to or corrects what was read.

    Identity: the id joins the properties of `key` with `separator`, unless `identify` says otherwise; `parse` goes
    back. `parents` are properties that calls need and the id leaves out; an import gives ``parent/id``; `own_id` makes
    an import's id of another form the state's. `carry` names further properties that all calls need. `autoname` is the
    property that gets a name when none is given.

    Properties: `replace` forces a replacement, `defaults` are filled in, `rename` maps to API names, `inside` is the
    path to the resource in the read operation's answer, `outputs` are computed; `unread` is never read back;
    `computed` are chosen by the account when the program names none, so that dropping one changes nothing; `resets`
    says what to send when a property is dropped from the program; `volatile` says which outputs an update may change
    (all others stay known in a preview); `whole` makes updates send every property and not only the changed ones;
    `always` are sent with every update; `ordered` are lists whose order counts; `unchecked` are inputs whose values
    and conflicts aren't held to what their descriptions say.

    `ready` is polled after every change, and with `gone` a deletion waits until the resource can't be read any more.
    """

    token: str
    service: str
    create: str = ""
    read: str = ""
    update: tuple[str, ...] = ()
    delete: str = ""
    key: tuple[str, ...] = ("name",)
    separator: str = "/"
    carry: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    autoname: str = ""
    replace: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    inside: str = ""
    outputs: Mapping[str, str | Callable[[Scope, Props, Props], Any]] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    unread: tuple[str, ...] = ()
    computed: tuple[str, ...] = ()
    resets: Mapping[str, Any] = field(default_factory=dict)
    volatile: Callable[[set[str], Props], set[str]] | None = None
    whole: bool = False
    always: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    ordered: tuple[str, ...] = ()
    taggable: bool = True
    prepare: Callable[[Scope, str, Props], Props] | None = None
    identify: Callable[[Scope, Props, Props], str] | None = None
    parse: Callable[[str], Props] | None = None
    own_id: Callable[[str], str] | None = None
    tune: Callable[[Scope, Props, Props], Props] | None = None
    make: Callable[[Scope, Props], Props] | None = None
    look: Callable[[Scope, Props], Props] | None = None
    change: Callable[[Scope, Props, Props, set[str]], None] | None = None
    remove: Callable[[Scope, Props], None] | None = None
    check: Callable[[Props], Mapping[str, str]] | None = None
    suffix: Callable[[Props], str] | None = None
    ready: Callable[[Scope, Props], bool] | None = None
    gone: bool = False

    @property
    def unemulated(self) -> frozenset[str]:
        """Inputs that the plugin does nothing with, and refuses."""
        return schema.unemulated(self.token)

    @property
    def inputs(self) -> Mapping[str, Any]:
        """Input properties and their kinds."""
        return schema.of(self.token).inputs

    @property
    def properties(self) -> Mapping[str, Any]:
        """All properties and their kinds."""
        return schema.of(self.token).properties

    def keys_of(self, resource_id: str) -> Props:
        """The properties that an id stands for. Raises `AwsError` for an id of the wrong form."""
        if self.parse is not None:
            return self.parse(resource_id)
        if self.parents:
            return self._keys_below(resource_id)
        values = resource_id.split(self.separator, len(self.key) - 1)
        if len(values) != len(self.key):
            form = self.separator.join(f"<{name}>" for name in self.key)
            raise AwsError(f"the id {resource_id!r} has not the form {form}")
        return dict(zip(self.key, values, strict=True))

    def _keys_below(self, resource_id: str) -> Props:
        *parents, own = resource_id.split("/", len(self.parents))
        return {**dict(zip(self.parents, parents, strict=False)), self.key[0]: own}

    def final_id(self, resource_id: str) -> str:
        """The id as the state has it; an import may have been given parents with it."""
        if self.own_id is not None:
            return self.own_id(resource_id)
        return resource_id.split("/", len(self.parents))[-1] if self.parents else resource_id

    @property
    def identity(self) -> set[str]:
        """The properties that every call carries."""
        return {*self.key, *self.carry, *self.parents}

    def parameters(self, scope: Scope, operation: str, props: Props, only: set[str] | None = None) -> dict[str, Any]:
        """The parameters of an operation out of properties (of those in `only`, the key and what is always sent)."""
        shape, _ = scope.api.shapes(self.service, operation)
        known = set(self.inputs) | self.identity
        values = {name: value for name, value in props.items() if name in known and name != "region"}
        if only is not None:
            kept = only | self.identity | set(self.always)
            values = {name: value for name, value in values.items() if name in kept}
        if self.prepare is not None:
            values = self.prepare(scope, operation, values)
        return shapes.to_api(shape, values, self.rename) if shape is not None else {}

    def takes(self, scope: Scope, operation: str, names: set[str]) -> set[str]:
        """Which of these properties an operation takes."""
        shape, _ = scope.api.shapes(self.service, operation)
        skip = set(self.key) | {"tags"} | {name for part in self.parts for name in part.keys}
        return {name for name in names if name not in skip and shapes.member_of(shape, name, self.rename)}


def inside(answer: Any, shape: Any, path: str) -> tuple[Any, Any]:
    """What stands at a path as ``MetricAlarms.0`` in an answer, and its shape; `NotFoundError` if nothing does."""
    for step in filter(None, path.split(".")):
        if step.isdigit():
            if len(answer) <= int(step):
                raise NotFoundError("nothing of this name exists")
            answer, shape = answer[int(step)], shape.member
        else:
            answer, shape = answer.get(step) or {}, shape.members[step]
    return answer, shape


def tag_part(  # noqa: PLR0913 - one argument for each difference between the services
    read: str,
    write: str,
    remove: str,
    resource: str,
    source: str = "arn",
    *,
    at: str = "Tags",
    tags: str = "Tags",
    keys: str = "TagKeys",
    at_create: bool = False,
    service: str = "",
) -> Part:
    """The part that keeps a resource's tags: operations, the parameter naming the resource, the property it is in.

    Without a `read` operation the main answer has the tags. `at` is where the answer has them, `tags` and `keys` are
    the parameters of the write and the remove operation.
    """

    def put(scope: Scope, new: Props, old: Props) -> None:
        before, after = old.get("tags") or {}, new.get("tags") or {}
        dropped = sorted(set(before) - set(after))
        if dropped:
            scope.call(remove, service, **{resource: new[source], keys: dropped})
        if after:
            shape, _ = scope.api.shapes(service or scope.service, write)
            value = shapes.to_api(shape.members[tags], after, {})  # type: ignore[union-attr]
            scope.call(write, service, **{resource: new[source], tags: value})

    def get(scope: Scope, props: Props) -> Props:
        found: Any = scope.call(read, service, **{resource: props[source]})
        for step in at.split("."):
            found = found.get(step) or {}
        return live_tags(found)

    return Part(("tags",), put, get if read else None, at_create)


def live_tags(found: Any) -> Props:
    """The properties `tags` and `tagsAll` for tags as an API gives them; those of AWS itself are left out."""
    values = shapes.from_api(["map", "string"], found or {}, {})
    values = {key: value for key, value in sorted(values.items()) if not key.startswith("aws:")}
    return {"tags": values, "tagsAll": values}
