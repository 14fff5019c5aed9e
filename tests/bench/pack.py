"""What the policy pack costs: a preview with the pack, beside the same without one and beside an empty pack.

The empty pack is pulumi-policy's own with one policy that looks at nothing: the floor that the engine sets, which
starts a process and asks it twice about each resource. The previews are prod's, whose resources have providers, and
those of a program made up of so many resources that asks none.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import Figures, interleaved
from tests.support.project import ROOT, Project

SIZES = (100, 1_000, 5_000)
OWN_BOUND = 1.25
"""CPU time of a preview with the pack beside the same with an empty one: 1.15 on prod and 0.92 to 0.99 on the synthetic
programs when it was set, and room for noise. What any pack costs beside none is the engine's, and has no bound here."""
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


EMPTY_PACK = """
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

nothing = ResourceValidationPolicy("nothing", "Nothing.", validate=lambda args, report: None)
PolicyPack("empty", [nothing], EnforcementLevel.MANDATORY)
"""


@dataclass(frozen=True)
class Cost:
    """The previews of one program."""

    what: str
    resources: int
    plain: Figures
    empty: Figures
    judged: Figures

    @property
    def each(self) -> float:
        """CPU seconds that the pack costs for one resource: the medians' difference."""
        return (statistics.median(self.judged.cpu) - statistics.median(self.plain.cpu)) / self.resources


RUNTIME = f"runtime:\n  name: python\n  options:\n    toolchain: pip\n    virtualenv: {ROOT / '.venv'}\n"
"""The environment of this checkout."""


def project_file(name: str) -> str:
    """The text of a Pulumi.yaml."""
    return f"name: {name}\n{RUNTIME}"


def project(folder: Path, surroundings: dict[str, str]) -> Project:
    """The program; how many resources it declares is a variable, RESOURCES."""
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(project_file("pack"))
    (folder / "__main__.py").write_text(PROGRAM)
    made = Project(folder, surroundings)
    done = made.run("pulumi", "stack", "init", "prod", "--non-interactive")
    if done.code:
        raise RuntimeError(done.said.strip())
    return made


def empty_pack(folder: Path) -> Path:
    """The floor."""
    folder.mkdir()
    (folder / "PulumiPolicy.yaml").write_text(f"{RUNTIME}version: 1.0.0\n")
    (folder / "__main__.py").write_text(EMPTY_PACK)
    return folder


def prod_cost(prod: Project, empty: Path, runs: int) -> Cost:
    """A preview of prod that finds nothing to do, and that every policy lets pass."""
    resources = len(prod.state()["deployment"]["resources"])

    def preview(*words: str) -> None:
        done = prod.pulumi("preview", "--expect-no-changes", *words, timeout=600)
        if done.code or (words and "@v1.0.0" not in done.output):
            raise RuntimeError("; ".join(done.error_lines) or done.said.strip()[-400:])

    actions = _actions(preview, empty, prod.folder / "policies")
    interleaved(1, actions)  # the caches of the disk and of Python
    return Cost("prod", resources, **interleaved(runs, actions))


def costs(synthetic: Project, empty: Path, runs: int, sizes: Sequence[int] = SIZES) -> list[Cost]:
    """Each size of the synthetic program."""

    def actions(size: int) -> dict[str, Callable[[], None]]:
        return _actions(lambda *words: _preview(synthetic, size, *words), empty, ROOT / "policies")

    interleaved(1, actions(0))
    return [Cost(f"{size:,} resources", size, **interleaved(runs, actions(size))) for size in sizes]


def _actions(preview: Callable[..., None], empty: Path, pack: Path) -> dict[str, Callable[[], None]]:
    return {
        "plain": preview,
        "empty": lambda: preview("--policy-pack", str(empty)),
        "judged": lambda: preview("--policy-pack", str(pack)),
    }


def _preview(synthetic: Project, size: int, *words: str) -> None:
    command = ["pulumi", "preview", "--stack", "prod", "--non-interactive", *words]
    done = synthetic.run(*command, timeout=600, RESOURCES=str(size))
    # The stack policy guard-present finds no plan in this program: that the pack was asked is what counts here.
    if words and "@v1.0.0" not in done.output:
        raise RuntimeError(done.said.strip()[-400:])
