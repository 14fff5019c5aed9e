"""checkov on Terraform beside the bridge on the same in Pulumi: verdict by verdict."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from policies.checkov import engine, environment, scan, terraform
from policies.checkov.baseline import Entry
from policies.checkov.resources import read
from tests.policies.checkov.compare.translate import Example, translate

HERE = Path(__file__).parent
NONE = "none"
UNTOLD = "can't be told"
EXPLAINED = "skipped by a comment in the example"


@dataclass(frozen=True)
class Verdict:
    """One check on one resource of one folder, as both see it."""

    folder: str
    check: str
    resource: str
    checkov: str
    bridge: str
    reason: str
    """Why the bridge can't tell."""
    outdated: bool
    """The example has arguments that today's provider has no more, so no program of Pulumi's can say the same."""

    @property
    def same(self) -> bool:
        return self.checkov == self.bridge


@dataclass(frozen=True)
class Comparison:
    """All verdicts of checkov on resources that Pulumi has as well."""

    verdicts: tuple[Verdict, ...]
    lost: Mapping[str, int]

    @property
    def share(self) -> float:
        """Of checkov's own verdicts, the part that the bridge gives as well."""
        return sum(each.same for each in self.verdicts) / max(len(self.verdicts), 1)

    def share_without(self, differences: int) -> float:
        """The same without so many of those that differ."""
        left = len(self.verdicts) - differences
        return sum(each.same for each in self.verdicts) / max(left, 1)

    @property
    def differences(self) -> list[Verdict]:
        return [each for each in self.verdicts if not each.same]


def compare(folders: Sequence[Path], source: Path | None = None, deployed: bool = False) -> Comparison:
    """``source``: what ``source.py`` wrote for these folders before; it is run where none is given.

    ``deployed``: beside the stack's state, where each output is known, instead of the preview of a first deployment.
    All folders are one stack, so that checkov starts once; their resources are kept apart by name and provider. A few
    checks look at all resources of a scan, so where a verdict differs the folder's own stack is asked.
    """
    with tempfile.TemporaryDirectory(prefix="compare-") as scratch:
        told = source or _checkov(folders, Path(scratch) / "source.json")
        given = {name: each for name, each in json.loads(told.read_text()).items() if "error" not in each}
    examples = {name: translate(each, f"f{number:03}", deployed) for number, (name, each) in enumerate(given.items())}
    sides = [_Side(name, each, examples[name]) for name, each in given.items()]
    found = _bridged(sides, deployed)
    verdicts = []
    for side in sides:
        judged = list(side.verdicts(found))
        if any(not each.same and each.bridge != UNTOLD for each in judged):
            judged = list(side.verdicts(_bridged([side], deployed)))
        verdicts += judged
    return Comparison(tuple(verdicts), Counter(each for example in examples.values() for each in example.lost))


Told = Mapping[tuple[str, str], tuple[str, str]]
"""Check and URN -> the bridge's verdict, and the reason where there is none."""


@dataclass(frozen=True)
class _Side:
    """One folder, as both see it."""

    folder: str
    given: Mapping[str, Any]
    example: Example

    def verdicts(self, found: Told) -> Iterator[Verdict]:
        """checkov's, each with the bridge's. Of a resource that an example declares twice, the one that agrees."""
        for check, address, result in dict.fromkeys(map(tuple, self.given["verdicts"])):
            urns = [urn for urn, other in self.example.names.items() if other == address]
            told = [found.get((check, urn), (NONE, "")) for urn in urns]
            if told:
                bridge, reason = next((each for each in told if each[0] == result), told[0])
                outdated = any(urn in self.example.outdated for urn in urns)
                yield Verdict(self.folder, check, address, result, bridge, reason, outdated)

    def skips(self) -> Iterator[Entry]:
        """A comment that skips a check is an entry of the baseline in Pulumi."""
        for check, address, result in self.given["verdicts"]:
            for urn, other in self.example.names.items():
                if result == "SKIPPED" and other == address:
                    yield Entry(check=check, resources=urn, reason=EXPLAINED, owner="example")


def _checkov(folders: Sequence[Path], output: Path) -> Path:
    command = [str(each) for each in (environment.python(), "-I", "-B", HERE / "source.py", output, *folders)]
    subprocess.run(command, check=True, env=engine.surroundings(output.parent))
    return output


def _bridged(sides: Sequence[_Side], deployed: bool) -> Told:
    """The bridge's verdicts on some folders at once."""
    steps = [step for side in sides for step in side.example.steps]
    document: dict[str, Any] = {"steps": steps, "changeSummary": {"create": len(steps)}}
    if deployed:
        document = {"deployment": {"resources": [step["newState"] for step in steps]}}
    skips = [skip for side in sides for skip in side.skips()]
    runs: list[engine.Run] = []
    whole = engine.run

    def run(*arguments: Any) -> engine.Run:
        runs.append(whole(*arguments))
        return runs[-1]

    update_plan = {"resourcePlans": {urn: goal for side in sides for urn, goal in side.example.goals.items()}}
    with mock.patch.object(engine, "run", run):
        report = scan(document, skips, update_plan=update_plan)
    addresses = terraform.plan(read(document)).addresses
    found = {(each.check, addresses[each.resource].urn): (str(each.result), "") for each in runs[0].records}
    found |= {(each.check, each.urn): (UNTOLD, each.reason) for each in report.undecided}
    found |= {(each.check, each.urn): ("SKIPPED", "") for each in report.skipped}
    return found
