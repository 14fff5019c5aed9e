"""The ResourceProvider service of the emulated AWS provider."""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections.abc import Mapping
from typing import Any

from google.protobuf import empty_pb2

from sandbox.providers import plugin, wire
from sandbox.providers.aws import VERSION, functions, limits, resource, schema, shapes, types
from sandbox.providers.aws.api import Api, AwsError, NotFoundError
from sandbox.providers.aws.model import DEFAULTED, Props, Scope, Type
from sandbox.providers.protocol import provider_pb2 as messages


class AwsProvider(plugin.Plugin):
    """The provider's methods; see `plugin.Plugin` for those that every plugin has."""

    version = VERSION

    def __init__(self) -> None:
        super().__init__()
        self._api: Api | None = None
        self._default_tags: dict[str, str] = {}

    @property
    def api(self) -> Api:
        """The account. Raises `AwsError` before `Configure`."""
        if self._api is None:
            raise AwsError("the aws provider is not configured yet")
        return self._api

    # --- the provider itself

    @plugin.guarded
    def GetSchema(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """The package schema, for code that `pulumi import` writes."""
        return messages.GetSchemaResponse(schema=schema.package())

    @plugin.guarded
    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """Every configuration is taken as it is; `Configure` judges it."""
        return messages.CheckResponse(inputs=request.news)

    @plugin.guarded
    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """Another region replaces the provider and everything made with it, as in the real provider."""
        old, new = wire.decode(request.olds), wire.decode(request.news)
        replaces = ["region"] if old.get("region") and new.get("region") and old["region"] != new["region"] else []
        kind = messages.DiffResponse.DIFF_SOME if old != new else messages.DiffResponse.DIFF_NONE
        return messages.DiffResponse(changes=kind, replaces=replaces)

    @plugin.guarded
    def Configure(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """Read the provider's configuration; refuses endpoints off loopback and accounts that it must not touch."""
        config = {name: _structured(value) for name, value in wire.decode(request.args).items()}
        endpoints = config.get("endpoints") or []
        named = [url for entry in endpoints for url in entry.values() if url]
        endpoint = named[0] if named else os.environ.get("AWS_ENDPOINT_URL", "")
        region = config.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        for url in named:
            Api(url, "us-east-1")
        self._api = Api(endpoint, region or "us-east-1")
        self._default_tags = dict((config.get("defaultTags") or {}).get("tags") or {})
        self._judge_account(config)
        return messages.ConfigureResponse(
            acceptSecrets=False, supportsPreview=True, acceptResources=False, acceptOutputs=False
        )

    def _judge_account(self, config: Props) -> None:
        allowed, forbidden = config.get("allowedAccountIds") or [], config.get("forbiddenAccountIds") or []
        if not allowed and not forbidden:
            return
        account = self.api.account
        if allowed and account not in map(str, allowed):
            raise AwsError(f"account {account} is not among allowedAccountIds ({', '.join(map(str, allowed))})")
        if account in map(str, forbidden):
            raise AwsError(f"account {account} is among forbiddenAccountIds")

    # --- resources

    def _scope(self, kind: Type, urn: str, props: Mapping[str, Any], timeout: float = 0) -> Scope:
        region = props.get("region")
        region = region if isinstance(region, str) and region != wire.UNKNOWN else self.api.region
        return Scope(self.api, kind.service, region, urn, timeout or 900.0, self.cancelled.is_set)

    @plugin.guarded
    def Check(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """Fill in names, defaults and default tags; say what is missing."""
        kind = _type_of(request.urn)
        old, new = wire.decode(request.olds), wire.decode(request.news)
        new = {
            name: value
            for name, value in new.items()
            if not shapes.empty(value) or not isinstance(value, (str, type(None)))
        }
        defaulted = [name for name in kind.defaults if name not in new]
        new = {**kind.defaults, **new}
        if kind.autoname and kind.autoname not in new:
            new[kind.autoname] = _name(kind, request, old, new)
            defaulted.append(kind.autoname)
        if self._default_tags and "tags" in kind.inputs:
            new["tags"] = {**self._default_tags, **(new.get("tags") or {})}
        new[DEFAULTED] = sorted(defaulted)
        failures = {
            name: f"missing required property {name!r}"
            for name in (kind.required or schema.of(kind.token).required)
            if name not in new
        }
        failures.update(limits.broken(kind, {name: value for name, value in new.items() if name not in defaulted}))
        if kind.check is not None and not wire.has_unknown(new):
            failures.update(kind.check(new))
        return messages.CheckResponse(
            inputs=wire.encode(new),
            failures=[messages.CheckFailure(property=name, reason=text) for name, text in failures.items()],
        )

    @plugin.guarded
    def Diff(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """What changes, what of it replaces, and in which order.

        As Pulumi's bridged providers: create before delete, unless the name was given by the program and not by the
        provider (``nameRequiresDeleteBeforeReplace`` in pulumi-terraform-bridge).
        """
        kind = _type_of(request.urn)
        old = wire.decode(request.old_inputs) or wire.decode(request.olds)
        new = wire.decode(request.news)
        changed = resource.changed_keys(kind, old, new) - set(request.ignoreChanges)
        region = self.api.region
        if "region" in changed and (old.get("region") or region) == (new.get("region") or region):
            changed.discard("region")
        replaces = sorted(changed & ({*kind.replace, "region"}))
        named = (
            bool(kind.autoname) and kind.autoname in new and kind.autoname not in new.get(DEFAULTED, [kind.autoname])
        )
        answer = messages.DiffResponse(
            changes=messages.DiffResponse.DIFF_SOME if changed else messages.DiffResponse.DIFF_NONE,
            diffs=sorted(changed),
            replaces=replaces,
            deleteBeforeReplace=bool(replaces) and named,
            hasDetailedDiff=True,
        )
        for name in sorted(changed):
            step = messages.PropertyDiff.ADD if name not in old else messages.PropertyDiff.UPDATE
            step = messages.PropertyDiff.DELETE if name not in new else step
            # each kind of step is followed by its replacing form in the protocol's enumeration
            answer.detailedDiff[name].CopyFrom(
                messages.PropertyDiff(kind=step + (1 if name in replaces else 0), inputDiff=True)
            )
        return answer

    @plugin.guarded
    def Create(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """Make a resource, or say what its preview knows."""
        kind, inputs = _type_of(request.urn), wire.decode(request.properties)
        if request.preview:
            return messages.CreateResponse(properties=wire.encode(resource.preview_create(kind, inputs)))
        scope = self._scope(kind, request.urn, inputs, request.timeout)
        try:
            resource_id, state = resource.create(kind, scope, inputs)
        except resource.HalfDoneError as error:
            raise _init_failed(error, kind) from error
        return messages.CreateResponse(id=resource_id, properties=wire.encode(state))

    @plugin.guarded
    def Update(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """Bring a resource to new inputs, or say what its preview knows."""
        kind = _type_of(request.urn)
        old, old_inputs = wire.decode(request.olds), wire.decode(request.old_inputs)
        new = wire.decode(request.news)
        for name in set(request.ignoreChanges) & set(old_inputs):
            new[name] = old_inputs[name]
        if request.preview:
            return messages.UpdateResponse(properties=wire.encode(resource.preview_update(kind, old, old_inputs, new)))
        scope = self._scope(kind, request.urn, old, request.timeout)
        try:
            state = resource.update(kind, scope, request.id, old, old_inputs, new)
        except resource.HalfDoneError as error:
            raise _init_failed(error, kind) from error
        except NotFoundError as error:
            raise AwsError(
                f"{error}; if it was deleted by hand, pulumi refresh makes the next update create it anew"
            ) from error
        return messages.UpdateResponse(properties=wire.encode(state))

    @plugin.guarded
    def Read(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """The resource as it is now; an empty answer when it is gone."""
        kind = _type_of(request.urn)
        old, inputs = wire.decode(request.properties), wire.decode(request.inputs)
        scope = self._scope(kind, request.urn, {**inputs, **old})
        try:
            state, now = resource.read(kind, scope, request.id, old, inputs)
        except NotFoundError:
            return messages.ReadResponse()
        return messages.ReadResponse(
            id=kind.final_id(request.id), properties=wire.encode(state), inputs=wire.encode(now)
        )

    @plugin.guarded
    def Delete(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """Delete a resource; one that is gone already counts as deleted."""
        kind, old = _type_of(request.urn), wire.decode(request.properties)
        old = {**wire.decode(request.old_inputs), **old}
        resource.delete(kind, self._scope(kind, request.urn, old, request.timeout), request.id, old)
        return empty_pb2.Empty()

    @plugin.guarded
    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """A function of the provider, as ``aws.get_caller_identity``."""
        result = functions.invoke(self.api, request.tok, wire.decode(request.args))
        return messages.InvokeResponse(**{"return": wire.encode(result)})


def _structured(value: Any) -> Any:
    """Nested provider configuration arrives as JSON text."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _type_of(urn: str) -> Type:
    return types.find(urn.split("::")[2].rsplit("$", 1)[-1])


def _name(kind: Type, request: Any, old: Props, new: Props) -> str:
    """The old automatic name, or the resource's name with seven random digits (the engine's seed decides them)."""
    if old.get(kind.autoname) and kind.autoname in old.get(DEFAULTED, []):
        return str(old[kind.autoname])
    seed = request.randomSeed or hashlib.sha256(request.urn.encode()).digest()
    digits = random.Random(seed).randbytes(4).hex()[:7]  # noqa: S311 - a name, no secret
    prefix = new.get(f"{kind.autoname}Prefix") or new.get("namePrefix")
    base = prefix if isinstance(prefix, str) and prefix != wire.UNKNOWN else f"{request.urn.rsplit('::', 1)[-1]}-"
    return f"{base}{digits}{kind.suffix(new) if kind.suffix else ''}"


def _init_failed(error: resource.HalfDoneError, kind: Type) -> Exception:
    what = f"{kind.token.rsplit(':', 1)[-1]} {error.resource_id}"
    text = f"{what} exists, but a step failed: {error}; the next update tries again"
    return plugin.init_failed(error.resource_id, error.state, [text], error.inputs)
