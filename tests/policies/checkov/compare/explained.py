"""Why the bridge's verdict on an example isn't checkov's: a table of reasons, held against every comparison."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field

from core.model import Model
from tests.policies.checkov.compare.verdicts import Verdict

TABLE = Path(__file__).parent / "explained.yaml"


class Explanation(Model):
    """One kind of difference."""

    kind: str = Field(pattern=r"^[a-z][a-z-]+$")
    reason: str = Field(min_length=20)
    sayable: bool
    """Whether a program of Pulumi's can say what the example says, so that the bridge could give the verdict."""
    bridge: Literal["PASSED", "FAILED", "none", "can't be told"] | None = None
    """The bridge's verdict, where the kind has just one."""
    outdated: bool | None = None
    """Only examples with, or without, arguments that today's provider has no more."""
    deployed: bool | None = None
    """Only beside what is deployed, or only beside a preview."""
    checks: tuple[str, ...] = ("*",)
    """Patterns, one of which fits."""
    examples: tuple[str, ...] = ("*",)
    """Patterns for the folder and the resource: ``example_SQSPolicy/aws_sqs_queue.q``."""

    def explains(self, verdict: Verdict, deployed: bool) -> bool:
        """Whether a difference is of this kind."""
        where = f"{Path(verdict.folder).name}/{verdict.resource}"
        return (
            self.bridge in (None, verdict.bridge)
            and self.outdated in (None, verdict.outdated)
            and self.deployed in (None, deployed)
            and any(fnmatch.fnmatchcase(verdict.check, each) for each in self.checks)
            and any(fnmatch.fnmatchcase(where, each.replace("[", "[[]")) for each in self.examples)
        )


def table() -> tuple[Explanation, ...]:
    """The reasons, the first that fits first."""
    return tuple(Explanation.model_validate(each) for each in yaml.safe_load(TABLE.read_text()))


def explain(
    differences: Iterable[Verdict], deployed: bool, reasons: Iterable[Explanation]
) -> list[tuple[Verdict, Explanation | None]]:
    """Each difference with its reason; None where the table has none."""
    given = tuple(reasons)
    return [(each, next((reason for reason in given if reason.explains(each, deployed)), None)) for each in differences]
