"""A Lambda function whose releases are published versions behind the alias ``live``.

Going back to a release must point the alias at the version that was published for it, not publish the same code
again (AWS compares a publish with the newest version only, so v1 -> v2 -> v1 would otherwise end in version 3).
The program therefore remembers, in its own stack output, which version each fingerprint (code and configuration)
got: a fingerprint that is known is pointed at, a new one is published. Lambda API: PublishVersion, Aliases.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.parts.context import Context
from stacks.artifacts import Artifact
from stacks.function import FunctionSize

RUNTIME = "python3.11"
HANDLER = "handler.handler"
ALIAS = "live"
ASSUME_LAMBDA = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


@dataclass(frozen=True)
class Layer:
    """A layer version that a function runs with."""

    arn: pulumi.Input[str]
    sha256: str
    """Of its content: what tells one published version of the function from another."""


@dataclass(frozen=True)
class Shift:
    """The alias moves through CodeDeploy."""

    hook: pulumi.ResourceHook
    after: Sequence[pulumi.Resource]
    """What has to be there before the alias moves: deployment group, alarms, hook functions."""


@dataclass(frozen=True)
class FunctionSpec:
    """What one function is made of."""

    system: str
    name: str
    """The seed's name of the function; the physical one is prefixed."""
    physical_name: str
    artifact: Artifact
    size: FunctionSize
    environment: Mapping[str, pulumi.Input[str]]
    statements: pulumi.Input[Sequence[Mapping[str, Any]]]
    """IAM statements beside its own logs; each names its actions and its resources."""
    logs: aws.cloudwatch.LogGroup
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    republish: bool = False
    layers: tuple[Layer, ...] = ()
    shift: Shift | None = None
    """How the alias moves; at once where there is none."""


@dataclass(frozen=True)
class Publication:
    """Whether this update publishes, and which version the alias points at when it doesn't."""

    publish: bool
    version: str | None


def fingerprint(code: str, configuration: Mapping[str, Any]) -> str:
    """What tells one published version from another: SHA-256 over the code's hash and the configuration (hex)."""
    text = json.dumps({"code": code, "configuration": configuration}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def decide(memory: Mapping[str, Any] | None, wanted: str, republish: bool = False) -> Publication:
    """Publish a fingerprint that was never published; point at the version of one that was.

    ``memory`` is this function's part of the last update's ``published`` output: ``versions`` (fingerprint -> version
    number), ``current`` (the fingerprint of that update) and ``publish`` (whether it published). An update that
    changes nothing must ask for the same thing again, or it would show a change.
    """
    if memory is None or republish:
        return Publication(True, None)
    version = memory["versions"].get(wanted)
    if version is None:
        return Publication(True, None)
    return Publication(bool(memory["publish"]) if memory["current"] == wanted else False, version)


def remember(memory: Mapping[str, Any] | None, wanted: str, publication: Publication, version: str) -> dict[str, Any]:
    """This function's part of the ``published`` output after an update."""
    known = dict(memory["versions"]) if memory else {}
    known[wanted] = version
    return {"versions": known, "current": wanted, "publish": publication.publish}


class VersionedFunction(pulumi.ComponentResource):
    """Role, function and the alias ``live``."""

    def __init__(self, spec: FunctionSpec, context: Context, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rollback:parts:VersionedFunction", f"{spec.system}-{spec.name}", None, opts)
        self.spec = spec
        tags = context.tags(spec.system)
        self.role, self.policy = self._identity(tags)
        environment = pulumi.Output.all(**spec.environment)
        memory = context.published.get(spec.physical_name)
        wanted = environment.apply(lambda values: fingerprint(spec.artifact.sha256, self._configuration(values)))
        publication = wanted.apply(lambda fingerprint: decide(memory, fingerprint, spec.republish))
        self.function = self._function(context, tags, environment, publication.apply(lambda chosen: chosen.publish))
        version = pulumi.Output.all(publication, self.function.version).apply(
            lambda both: both[0].version if both[0].version is not None else both[1]
        )
        self.alias = aws.lambda_.Alias(
            f"{spec.system}-{spec.name}-live",
            name=ALIAS,
            function_name=self.function.name,
            function_version=version,
            opts=pulumi.ResourceOptions.merge(
                pulumi.ResourceOptions(parent=self, delete_before_replace=True), _through(spec.shift)
            ),
        )
        self.arn: pulumi.Output[str] = self.alias.arn
        self.invoke_arn: pulumi.Output[str] = self.alias.invoke_arn
        self.memory = pulumi.Output.all(wanted, publication, version).apply(lambda parts: remember(memory, *parts))
        self.register_outputs({"arn": self.arn, "version": version})

    def _configuration(self, environment: Mapping[str, str]) -> dict[str, Any]:
        spec = self.spec
        return {
            "runtime": RUNTIME,
            "handler": HANDLER,
            "memory": spec.size.memory,
            "timeout": spec.size.timeout,
            "environment": dict(environment),
            "subnets": spec.subnets,
            "securityGroups": spec.security_groups,
            # Only where there are some, so that functions without keep the fingerprints they were published under.
            **({"layers": [layer.sha256 for layer in spec.layers]} if spec.layers else {}),
        }

    def _identity(self, tags: Mapping[str, str]) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        spec = self.spec
        role = aws.iam.Role(
            f"{spec.system}-{spec.name}-role",
            name=spec.physical_name,
            assume_role_policy=ASSUME_LAMBDA,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        own_logs = spec.logs.arn.apply(
            lambda arn: {
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": f"{arn.removesuffix(':*')}:*",
            }
        )
        network = {
            "Effect": "Allow",
            "Action": [
                "ec2:CreateNetworkInterface",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DeleteNetworkInterface",
            ],
            "Resource": "*",
        }
        document = pulumi.Output.all(own_logs, spec.statements).apply(
            lambda parts: json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [parts[0], *parts[1], *([network] if spec.subnets else [])],
                },
                sort_keys=True,
            )
        )
        policy = aws.iam.RolePolicy(
            f"{spec.system}-{spec.name}-policy",
            name="own-resources",
            role=role.name,
            policy=document,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return role, policy

    def _function(
        self,
        context: Context,
        tags: Mapping[str, str],
        environment: pulumi.Output[Mapping[str, str]],
        publish: pulumi.Output[bool],
    ) -> aws.lambda_.Function:
        spec = self.spec
        vpc = (
            aws.lambda_.FunctionVpcConfigArgs(subnet_ids=spec.subnets, security_group_ids=spec.security_groups)
            if spec.subnets
            else None
        )
        return aws.lambda_.Function(
            f"{spec.system}-{spec.name}",
            name=spec.physical_name,
            role=self.role.arn,
            runtime=RUNTIME,
            handler=HANDLER,
            s3_bucket=context.settings.project.artifact_bucket,
            s3_key=artifact_key(spec.system, spec.name, spec.artifact),
            source_code_hash=base64.b64encode(bytes.fromhex(spec.artifact.sha256)).decode(),
            memory_size=spec.size.memory,
            timeout=spec.size.timeout,
            environment=aws.lambda_.FunctionEnvironmentArgs(variables=environment),
            vpc_config=vpc,
            layers=[layer.arn for layer in spec.layers] or None,
            publish=publish,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.policy, spec.logs]),
        )


def _through(shift: Shift | None) -> pulumi.ResourceOptions | None:
    if shift is None:
        return None
    hooks = pulumi.ResourceHookBinding(before_update=[shift.hook])
    return pulumi.ResourceOptions(hooks=hooks, depends_on=list(shift.after))


def artifact_key(system: str, function: str, artifact: Artifact) -> str:
    """Where a function's zip lies in the artifact bucket: by content, so that no release can overwrite another's."""
    return f"functions/{system}/{function}/{artifact.version}/{artifact.sha256}.zip"
