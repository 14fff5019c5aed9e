"""The pack as the engine asks it: Pulumi's Analyzer protocol (pulumi/analyzer.proto), answered by the rules.

A resource goes to the policies of its type alone, and is converted once for all of them; so is a stack. Answers are
those of pulumi-policy 1.21.0, except that a policy which breaks is a finding of its own and hides no other
(docs/decisions/0021).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, plugin_pb2
from pydantic import ValidationError

from core.model import ConfigurationError, Model, explain
from core.policy_settings import Enforcement
from policies import wire
from policies.failures import explanation
from policies.pack import ConfiguredRule
from policies.rule import (
    PolicyContext,
    PolicyViolation,
    ResourceRule,
    Rule,
    Severity,
    StackRule,
    judge,
    judge_stack,
    schema,
)
from policies.subject import Resource

PACK: Final = "rollback-stack"
VERSION: Final = "0.0.1"
"""The engine shows the version in PulumiPolicy.yaml instead."""
LEVELS: Mapping[Enforcement, analyzer_pb2.EnforcementLevel.ValueType] = {
    "advisory": analyzer_pb2.ADVISORY,
    "mandatory": analyzer_pb2.MANDATORY,
    "disabled": analyzer_pb2.DISABLED,
}
ENFORCEMENTS: Mapping[analyzer_pb2.EnforcementLevel.ValueType, Enforcement] = {
    **{level: name for name, level in LEVELS.items()},
    analyzer_pb2.REMEDIATE: "mandatory",  # what pulumi-policy makes of it where nothing was remediated
}
SEVERITIES: Mapping[Severity, analyzer_pb2.PolicySeverity.ValueType] = {
    Severity.LOW: analyzer_pb2.POLICY_SEVERITY_LOW,
    Severity.MEDIUM: analyzer_pb2.POLICY_SEVERITY_MEDIUM,
    Severity.HIGH: analyzer_pb2.POLICY_SEVERITY_HIGH,
    Severity.CRITICAL: analyzer_pb2.POLICY_SEVERITY_CRITICAL,
}


@dataclass(frozen=True)
class Selection:
    """The policies that are on, and which of them look at a type."""

    armed: tuple[ConfiguredRule, ...]
    _by_type: dict[str, tuple[tuple[ResourceRule, ConfiguredRule], ...]] = field(default_factory=dict)

    def of_type(self, kind: str) -> tuple[tuple[ResourceRule, ConfiguredRule], ...]:
        """The resource policies for a type. Each type is looked up once: a rule may describe its types by a pattern."""
        if kind not in self._by_type:
            rules = ((each.rule, each) for each in self.armed)
            self._by_type[kind] = tuple(
                (rule, each) for rule, each in rules if isinstance(rule, ResourceRule) and kind in rule.types
            )
        return self._by_type[kind]

    def of_stack(self) -> Iterator[tuple[StackRule, ConfiguredRule]]:
        """The stack policies."""
        for each in self.armed:
            if isinstance(each.rule, StackRule):
                yield each.rule, each


class Analyzer(analyzer_pb2_grpc.AnalyzerServicer):
    """The rules behind the protocol.

    armed: every rule with what the stack's settings say; ``Configure`` puts what the command line says
    (``--policy-pack-config``) over it.
    """

    def __init__(self, armed: Iterable[ConfiguredRule], facts: PolicyContext) -> None:
        self._armed = {each.rule.name: each for each in armed}
        self._facts = facts
        self._remediating: frozenset[str] = frozenset()
        self._selection = self._select()

    def _select(self) -> Selection:
        return Selection(tuple(each for each in self._armed.values() if each.enforcement != "disabled"))

    def Analyze(
        self, request: analyzer_pb2.AnalyzeRequest, _context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzeResponse:
        """What is wrong with a resource that the engine is about to create, update or leave as it is."""
        answer = analyzer_pb2.AnalyzeResponse()
        if policies := self._selection.of_type(request.type):
            resource = wire.resource(request)
            for rule, armed in policies:
                findings = judge(rule, resource, armed.config, self._facts)
                answer.diagnostics.extend(_diagnostics(armed, findings, resource))
        return answer

    def AnalyzeStack(
        self, request: analyzer_pb2.AnalyzeStackRequest, _context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzeResponse:
        """What is wrong with a stack as a whole, at the end of a preview or an update."""
        answer = analyzer_pb2.AnalyzeResponse()
        stack = wire.stack(request)
        for rule, armed in self._selection.of_stack():
            answer.diagnostics.extend(_diagnostics(armed, judge_stack(rule, stack, armed.config, self._facts)))
        return answer

    def Remediate(
        self, _request: analyzer_pb2.AnalyzeRequest, _context: grpc.ServicerContext
    ) -> analyzer_pb2.RemediateResponse:
        """Nothing: no policy changes a resource. Those that are asked to say that they don't."""
        return analyzer_pb2.RemediateResponse(
            not_applicable=[
                analyzer_pb2.PolicyNotApplicable(policy_name=name, reason="Policy does not implement remediate")
                for name in self._armed
                if name in self._remediating
            ]
        )

    def GetAnalyzerInfo(self, _request: empty_pb2.Empty, _context: grpc.ServicerContext) -> analyzer_pb2.AnalyzerInfo:
        """The pack, and each policy with its level, its severity and its configuration's schema."""
        policies = [_policy_info(each) for each in self._armed.values()]
        return analyzer_pb2.AnalyzerInfo(name=PACK, version=VERSION, supportsConfig=True, policies=policies)

    def GetPluginInfo(self, _request: empty_pb2.Empty, _context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """The version."""
        return plugin_pb2.PluginInfo(version=VERSION)

    def Handshake(
        self, _request: analyzer_pb2.AnalyzerHandshakeRequest, _context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzerHandshakeResponse:
        """The pack needs nothing of the engine."""
        return analyzer_pb2.AnalyzerHandshakeResponse()

    def ConfigureStack(
        self, _request: analyzer_pb2.AnalyzerStackConfigureRequest, _context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzerStackConfigureResponse:
        """The language host has put the stack and its settings into the environment before it started the pack."""
        return analyzer_pb2.AnalyzerStackConfigureResponse()

    def Configure(
        self, request: analyzer_pb2.ConfigureAnalyzerRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """Levels and configurations from the command line; a wrong one stops the pack with one line."""
        try:
            configured = {name: _configured(self._armed[name], given) for name, given in self._known(request)}
        except ConfigurationError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        self._armed |= configured
        self._remediating = frozenset(
            name
            for name, given in self._known(request)
            if given.enforcementLevel == analyzer_pb2.REMEDIATE and isinstance(self._armed[name].rule, ResourceRule)
        )
        self._selection = self._select()
        return empty_pb2.Empty()

    def Cancel(self, _request: empty_pb2.Empty, _context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Nothing to end: a check takes milliseconds."""
        return empty_pb2.Empty()

    def _known(self, request: analyzer_pb2.ConfigureAnalyzerRequest) -> Iterator[tuple[str, analyzer_pb2.PolicyConfig]]:
        return ((name, given) for name, given in request.policyConfig.items() if name in self._armed)


def _configured(armed: ConfiguredRule, given: analyzer_pb2.PolicyConfig) -> ConfiguredRule:
    """A policy with what the command line says over what the stack's settings say. ``ConfigurationError``."""
    values = wire.properties(given.properties)
    config: Model = armed.config
    if values:
        try:
            config = type(config).model_validate({**config.model_dump(by_alias=True), **values})
        except ValidationError as error:
            raise explain(error, f"--policy-pack-config: {armed.rule.name}", type(config)) from None
    return replace(armed, enforcement=ENFORCEMENTS[given.enforcementLevel], config=config)


def _diagnostics(
    armed: ConfiguredRule, findings: Iterator[PolicyViolation], resource: Resource | None = None
) -> Iterator[analyzer_pb2.AnalyzeDiagnostic]:
    """Findings as the engine takes them, and the policy's own failure as one more."""
    rule = armed.rule
    try:
        for finding in findings:
            urn = finding.resource.urn if resource is None and finding.resource is not None else ""
            yield _diagnostic(rule, LEVELS[armed.enforcement], f"{finding.text}\n{rule.remediation_steps}", urn)
    except Exception as error:
        text, urn = explanation(rule, error, resource)
        yield _diagnostic(rule, analyzer_pb2.MANDATORY, text, urn if resource is None else "")


def _diagnostic(
    rule: Rule, level: analyzer_pb2.EnforcementLevel.ValueType, text: str, urn: str
) -> analyzer_pb2.AnalyzeDiagnostic:
    return analyzer_pb2.AnalyzeDiagnostic(
        policyName=rule.name,
        policyPackName=PACK,
        policyPackVersion=VERSION,
        description=rule.description,
        message=f"{rule.description}\n{text}",
        enforcementLevel=level,
        urn=urn,
        severity=SEVERITIES[rule.severity],
    )


def _policy_info(armed: ConfiguredRule) -> analyzer_pb2.PolicyInfo:
    rule = armed.rule
    info = analyzer_pb2.PolicyInfo(
        name=rule.name,
        description=rule.description,
        enforcementLevel=LEVELS[armed.enforcement],
        severity=SEVERITIES[rule.severity],
        remediation_steps=rule.remediation_steps,
        policy_type=(
            analyzer_pb2.POLICY_TYPE_RESOURCE if isinstance(rule, ResourceRule) else analyzer_pb2.POLICY_TYPE_STACK
        ),
    )
    if properties := schema(rule.config, armed.config):
        info.configSchema.properties.update(properties)
    return info
