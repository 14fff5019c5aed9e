"""What the policy pack costs: the preview of a program made up of so many resources, with the pack and without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import Figures, interleaved
from tests.support.project import ROOT, Project

SIZES = (100, 1_000, 5_000)
GROWTH_BOUND = 1.25
"""What a resource may cost more at 5,000 than at 1,000: the same, and room for noise."""
PROGRAM = """
import json
import os

import pulumi

QUEUE, TABLE, ALARM = "aws:sqs/queue:Queue", "aws:dynamodb/table:Table", "aws:cloudwatch/metricAlarm:MetricAlarm"
FUNCTION, ROLE = "aws:lambda/function:Function", "aws:iam/rolePolicy:RolePolicy"
GROUP = "aws:cloudwatch/logGroup:LogGroup"


def made(kind, name, number, props, **more):
    opts = pulumi.ResourceOptions(protect=True, delete_before_replace=True, **more)
    return pulumi.ComponentResource(kind, f"{name}-{number}", props, opts)


def one(number):
    dead = made(QUEUE, "dead", number, {"name": f"dead-{number}", "messageRetentionSeconds": 1209600})
    arn = {"deadLetterTargetArn": f"arn:aws:sqs:us-east-1:1:dead-{number}", "maxReceiveCount": 3}
    made(QUEUE, "work", number, {"name": f"work-{number}", "redrivePolicy": json.dumps(arn)}, depends_on=[dead])
    made(TABLE, "table", number, {
        "name": f"table-{number}", "deletionProtectionEnabled": True, "pointInTimeRecovery": {"enabled": True}})
    made(ALARM, "alarm", number, {
        "name": f"alarm-{number}", "alarmActions": ["arn:aws:sns:us-east-1:1:t"], "treatMissingData": "notBreaching",
        "evaluationPeriods": 5, "datapointsToAlarm": 3, "period": 60})
    made(FUNCTION, "function", number, {
        "name": f"function-{number}", "runtime": "python3.11", "sourceCodeHash": "x" * 44, "s3Bucket": "artifacts",
        "s3Key": f"functions/{'0' * 64}.zip", "environment": {"variables": {str(each): "value" for each in range(10)}}})
    table = f"arn:aws:dynamodb:us-east-1:1:table/{number}"
    statement = {"Effect": "Allow", "Action": ["dynamodb:GetItem"], "Resource": table}
    made(ROLE, "role", number, {"name": f"role-{number}", "policy": json.dumps({"Statement": [statement]})})
    made(GROUP, "logs", number, {"name": f"/aws/lambda/function-{number}", "retentionInDays": 30})


KINDS = 7
for number in range(int(os.environ["RESOURCES"]) // KINDS):
    one(number)
"""


@dataclass(frozen=True)
class Cost:
    """The previews of one size."""

    resources: int
    plain: Figures
    judged: Figures

    @property
    def each(self) -> float:
        """Seconds that the pack costs for one resource: the medians' difference."""
        return (self.judged.median - self.plain.median) / self.resources


def project(folder: Path, surroundings: dict[str, str]) -> Project:
    """The program; how many resources it declares is a variable, RESOURCES."""
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(
        f"name: pack\nruntime:\n  name: python\n  options:\n    virtualenv: {ROOT / '.venv'}\n"
    )
    (folder / "__main__.py").write_text(PROGRAM)
    made = Project(folder, surroundings)
    done = made.run("pulumi", "stack", "init", "prod", "--non-interactive")
    if done.code:
        raise RuntimeError(done.said.strip())
    return made


def costs(synthetic: Project, runs: int, sizes: Sequence[int] = SIZES) -> list[Cost]:
    """Preview each size with the pack and without, in turn."""
    found = []
    for size in sizes:
        actions = {
            "plain": lambda size=size: _preview(synthetic, size),
            "judged": lambda size=size: _preview(synthetic, size, "--policy-pack", str(ROOT / "policies")),
        }
        figures = interleaved(runs, actions)
        found.append(Cost(size, figures["plain"], figures["judged"]))
    return found


def _preview(synthetic: Project, size: int, *words: str) -> None:
    command = ["pulumi", "preview", "--stack", "prod", "--non-interactive", *words]
    done = synthetic.run(*command, timeout=600, RESOURCES=str(size))
    # The stack policy guard-present finds no plan in this program: that the pack was asked is what counts here.
    if "rollback-stack@" not in done.output and words:
        raise RuntimeError(done.said.strip()[-400:])
