"""The same rules behind pulumi-policy's own server: what the pack's answers are held against.

pulumi-policy converts a resource anew for each policy, and a stack for each stack policy, before it asks for the type.
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
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.policy import _PolicyAnalyzerServicer
from pulumi_policy.proxy import _DictProxy, _ListProxy

from core.model import Model
from policies.engine import PACK, VERSION
from policies.pack import ConfiguredRule
from policies.rule import PolicyContext, ResourceRule, StackRule, judge, judge_stack, schema
from policies.subject import UNKNOWN, Resource, Stack
from policies.wire import SENTINELS

Report = Callable[..., None]


def servicer(armed: Iterable[ConfiguredRule], facts: PolicyContext) -> Any:
    """What ``pulumi_policy.PolicyPack`` serves."""
    return _PolicyAnalyzerServicer(PACK, VERSION, policies(armed, facts), EnforcementLevel.ADVISORY)


def policies(armed: Iterable[ConfiguredRule], facts: PolicyContext) -> list[Policy]:
    """What ``pulumi_policy.PolicyPack`` takes."""
    return [_policy(each, facts) for each in armed]


def _policy(armed: ConfiguredRule, facts: PolicyContext) -> Policy:
    rule = armed.rule
    properties = schema(rule.config, armed.config)
    about: dict[str, Any] = {
        "name": rule.name,
        "description": rule.description,
        "enforcement_level": EnforcementLevel(armed.enforcement),
        "severity": Severity(rule.severity),
        "remediation_steps": rule.remediation_steps,
        "config_schema": PolicyConfigSchema(properties) if properties else None,
    }
    if isinstance(rule, ResourceRule):
        return ResourceValidationPolicy(validate=_of_resource(rule, armed.config, facts), **about)
    assert isinstance(rule, StackRule)
    return StackValidationPolicy(validate=_of_stack(rule, armed.config, facts), **about)


def _of_resource(
    rule: ResourceRule, config: Model, facts: PolicyContext
) -> Callable[[ResourceValidationArgs, Report], None]:
    def validate(args: ResourceValidationArgs, report: Report) -> None:
        for finding in judge(rule, _resource(args), _configured(config, args), facts):
            report(f"{finding.text}\n{rule.remediation_steps}")

    return validate


def _of_stack(rule: StackRule, config: Model, facts: PolicyContext) -> Callable[[StackValidationArgs, Report], None]:
    def validate(args: StackValidationArgs, report: Report) -> None:
        stack = Stack(_resource(each) for each in args.resources)
        for finding in judge_stack(rule, stack, _configured(config, args), facts):
            report(f"{finding.text}\n{rule.remediation_steps}", finding.resource.urn if finding.resource else None)

    return validate


def _configured(config: Model, args: ResourceValidationArgs | StackValidationArgs) -> Model:
    given = args.get_config()
    return type(config).model_validate({**config.model_dump(by_alias=True), **given}) if given else config


def _resource(args: Any) -> Resource:
    return Resource(
        type=args.resource_type,
        name=args.name,
        urn=args.urn,
        given=plain(args.props),
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


def plain(value: Any) -> Any:
    """A property without the proxies that raise when an unknown value is touched."""
    if isinstance(value, _DictProxy | _ListProxy):
        value = value["__target"]
    if isinstance(value, str):
        return UNKNOWN if value in SENTINELS else value
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, Sequence):
        return [plain(each) for each in value]
    return value
