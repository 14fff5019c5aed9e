"""A Lambda function whose releases are published versions behind the alias ``live``.

Going back to a release must point the alias at the version that was published for it, not publish the same code
again (AWS compares a publish with the newest version only, so v1 -> v2 -> v1 would otherwise end in version 3).
The program therefore remembers, in its own stack output, which version each fingerprint (code and configuration)
got, and asks the account whether that version still holds it (``components.common.versions``). What this update doesn't
touch (``pulumi up --target``) is remembered as it was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.common.context import Context
from components.common.invokes import look_up
from components.common.versions import Choice, Settled, Wanted, choose, settle
from stacks.artifact_objects import FUNCTION
from stacks.artifacts import Artifact, function_key
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
    """The runbook's name of the function; the physical one is prefixed."""
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


class VersionedFunction(pulumi.ComponentResource):
    """Role, function and the alias ``live``."""

    def __init__(self, spec: FunctionSpec, context: Context, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("rollback:parts:VersionedFunction", f"{spec.system}-{spec.name}", None, opts)
        self.spec = spec
        tags = context.tags(spec.system)
        self.role, self.policy = self._identity(tags)
        environment = pulumi.Output.all(**spec.environment)
        self._memory = context.published.get(spec.physical_name)
        self._state = context.memory.resource(FUNCTION, f"{spec.system}-{spec.name}")
        wanted = pulumi.Output.all(environment, [layer.arn for layer in spec.layers]).apply(self._wanted)
        choice: pulumi.Output[Choice] = wanted.apply(self._choose)
        self.function = self._function(context, tags, environment, choice)
        bucket = context.settings.project.artifact_bucket
        origin = f"s3://{bucket}/{function_key(spec.system, spec.name, spec.artifact)}"
        self.touched = self._touched(wanted)
        """Whether this update brought the function to what is wanted, or found it there."""
        settled: pulumi.Output[Settled] = pulumi.Output.all(wanted, choice, self.touched).apply(
            lambda parts: self._settle(parts[0], parts[1], parts[2], origin)
        )
        version = settled.apply(lambda end: end.version)
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
        self.memory = settled.apply(lambda end: end.memory)
        self.register_outputs({"arn": self.arn, "version": version})

    def _wanted(self, parts: Sequence[Any]) -> Wanted:
        spec, (environment, layers) = self.spec, parts
        return Wanted(
            code=spec.artifact.sha256,
            runtime=RUNTIME,
            handler=HANDLER,
            memory=spec.size.memory,
            timeout=spec.size.timeout,
            environment=environment,
            layers=tuple(layers),
            layer_hashes=tuple(layer.sha256 for layer in spec.layers),
            subnets=spec.subnets,
            security_groups=spec.security_groups,
        )

    async def _ask(self, version: str | None) -> Mapping[str, Any] | None:
        """One published version by its number, or the newest one."""
        qualifier = {"qualifier": version} if version is not None else {}
        arguments = {"functionName": self.spec.physical_name, **qualifier}
        return await look_up("aws:lambda/getFunction:getFunction", arguments, pulumi.InvokeOptions(parent=self))

    async def _choose(self, wanted: Wanted) -> Choice:
        spec = self.spec
        chosen = await choose(spec.physical_name, wanted, self._memory, self._state, self._ask, spec.republish)
        if chosen.reason is not None:
            pulumi.log.warn(chosen.reason)
        return chosen

    def _touched(self, wanted: pulumi.Output[Wanted]) -> pulumi.Output[bool]:
        """Whether the function's own outputs say that it was brought to what is wanted.

        A targeted update hands out the state of what it doesn't touch, whatever the program asked for.
        """
        if pulumi.runtime.is_dry_run():
            # Outputs that a function doesn't have are unknown in previews, and nothing is remembered there.
            return pulumi.Output.from_input(True)
        function = self.function
        outputs = pulumi.Output.all(
            sourceCodeHash=function.source_code_hash,
            runtime=function.runtime,
            handler=function.handler,
            memorySize=function.memory_size,
            timeout=function.timeout,
            environment=function.environment.apply(lambda value: {"variables": value.variables} if value else None),
            layers=function.layers,
            vpcConfig=function.vpc_config.apply(
                lambda value: (
                    {"subnetIds": value.subnet_ids, "securityGroupIds": value.security_group_ids} if value else None
                )
            ),
        )
        return pulumi.Output.all(wanted, outputs).apply(lambda both: not both[0].differences(both[1], "sourceCodeHash"))

    def _settle(self, wanted: Wanted, choice: Choice, touched: bool, origin: str) -> pulumi.Output[Settled]:
        name = self.spec.physical_name

        async def settled(parts: Sequence[Any]) -> Settled:
            newest, published = parts
            if pulumi.runtime.is_dry_run():
                return Settled(newest, {})
            done = touched and bool(published)
            return await settle(name, wanted, self._memory, choice, done, newest, self._ask, origin)

        if choice.version is not None:  # then a preview knows it as well, whatever it knows of the function
            end = settle(name, wanted, self._memory, choice, touched, None, self._ask, origin)
            return pulumi.Output.from_input(end)
        return pulumi.Output.all(self.function.version, self.function.publish).apply(settled)

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
        choice: pulumi.Output[Choice],
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
            s3_key=function_key(spec.system, spec.name, spec.artifact),
            source_code_hash=choice.apply(lambda chosen: chosen.source_code_hash(spec.artifact.sha256)),
            description=choice.apply(lambda chosen: chosen.description),
            memory_size=spec.size.memory,
            timeout=spec.size.timeout,
            environment=aws.lambda_.FunctionEnvironmentArgs(variables=environment),
            vpc_config=vpc,
            layers=[layer.arn for layer in spec.layers] or None,
            publish=choice.apply(lambda chosen: chosen.publish),
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.policy, spec.logs]),
        )


def _through(shift: Shift | None) -> pulumi.ResourceOptions | None:
    if shift is None:
        return None
    hooks = pulumi.ResourceHookBinding(before_update=[shift.hook])
    return pulumi.ResourceOptions(hooks=hooks, depends_on=list(shift.after))
