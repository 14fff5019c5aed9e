"""The rules as the engine knows them: ``pulumi_policy``'s resource and stack policies.

Source: pulumi-policy 1.21.0, policy.py and proxy.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy import Severity as Level
from pulumi_policy.proxy import (
    UNKNOWN_ARCHIVE_VALUE,
    UNKNOWN_ARRAY_VALUE,
    UNKNOWN_ASSET_VALUE,
    UNKNOWN_BOOLEAN_VALUE,
    UNKNOWN_NUMBER_VALUE,
    UNKNOWN_OBJECT_VALUE,
    UNKNOWN_STRING_VALUE,
    _DictProxy,
    _ListProxy,
)

from policies.pack import Armed
from policies.rule import Facts, ResourceRule, StackRule, judge, judge_stack, schema
from policies.subject import UNKNOWN, Resource, Stack
from stacks.model import Model

Report = Callable[..., None]
UNKNOWNS = frozenset(
    {
        UNKNOWN_ARCHIVE_VALUE,
        UNKNOWN_ARRAY_VALUE,
        UNKNOWN_ASSET_VALUE,
        UNKNOWN_BOOLEAN_VALUE,
        UNKNOWN_NUMBER_VALUE,
        UNKNOWN_OBJECT_VALUE,
        UNKNOWN_STRING_VALUE,
    }
)


def policies(armed: Iterable[Armed], facts: Facts) -> list[Policy]:
    """What ``pulumi_policy.PolicyPack`` takes."""
    return [_policy(each, facts) for each in armed]


def plain(value: Any) -> Any:
    """A property without the proxies that raise when an unknown value is touched; unknown ones are ``UNKNOWN``."""
    if isinstance(value, _DictProxy | _ListProxy):
        value = value["__target"]
    if isinstance(value, str):
        return UNKNOWN if value in UNKNOWNS else value
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, Sequence):
        return [plain(each) for each in value]
    return value


def _policy(armed: Armed, facts: Facts) -> Policy:
    rule = armed.rule
    properties = schema(rule.config, armed.config)
    told: dict[str, Any] = {
        "name": rule.name,
        "description": rule.description,
        "enforcement_level": EnforcementLevel(armed.enforcement),
        "severity": Level(rule.severity),
        "remediation_steps": rule.remediation,
        "config_schema": PolicyConfigSchema(properties) if properties else None,
    }
    if isinstance(rule, ResourceRule):
        return ResourceValidationPolicy(validate=_of_resource(rule, armed.config, facts), **told)
    assert isinstance(rule, StackRule)
    return StackValidationPolicy(validate=_of_stack(rule, armed.config, facts), **told)


def _of_resource(rule: ResourceRule, config: Model, facts: Facts) -> Callable[[ResourceValidationArgs, Report], None]:
    def validate(args: ResourceValidationArgs, report: Report) -> None:
        if args.resource_type not in rule.types:
            return
        for finding in judge(rule, _resource(args), _given(config, args), facts):
            report(f"{finding.text}\n{rule.remediation}")

    return validate


def _of_stack(rule: StackRule, config: Model, facts: Facts) -> Callable[[StackValidationArgs, Report], None]:
    def validate(args: StackValidationArgs, report: Report) -> None:
        stack = Stack(_resource(each) for each in args.resources)
        for finding in judge_stack(rule, stack, _given(config, args), facts):
            report(f"{finding.text}\n{rule.remediation}", finding.resource.urn if finding.resource else None)

    return validate


def _given(config: Model, args: ResourceValidationArgs | StackValidationArgs) -> Model:
    """The configuration: what the command line says (``--policy-pack-config``) over what the stack's settings say."""
    given = args.get_config()
    return type(config).model_validate({**config.model_dump(by_alias=True), **given}) if given else config


def _resource(args: Any) -> Resource:
    """A resource out of ``ResourceValidationArgs`` or ``PolicyResource``."""
    return Resource(
        type=args.resource_type,
        name=args.name,
        urn=args.urn,
        given=args.props,
        read=plain,
        protect=args.opts.protect,
        delete_before_replace=args.opts.delete_before_replace,
        ignore_changes=tuple(args.opts.ignore_changes or ()),
        parent=args.opts.parent,
        custom=args.provider is not None or args.resource_type.startswith(("aws:", "kubernetes:")),
        dependencies=tuple(each.urn for each in getattr(args, "dependencies", ())),
        sources={
            path: tuple(each.urn for each in found)
            for path, found in getattr(args, "property_dependencies", {}).items()
        },
    )
