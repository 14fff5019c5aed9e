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

    @property
    def current(self) -> float:
        """The same without outdated examples."""
        kept = [each for each in self.verdicts if not each.outdated]
        return sum(each.same for each in kept) / max(len(kept), 1)

    @property
    def differences(self) -> list[Verdict]:
        return [each for each in self.verdicts if not each.same]


def compare(folders: Sequence[Path], source: Path | None = None) -> Comparison:
    """``source``: what ``source.py`` wrote for these folders before; it is run where none is given.

    All folders are one preview, so that checkov starts once; their resources are kept apart by name and provider.
    """
    with tempfile.TemporaryDirectory(prefix="compare-") as scratch:
        told = source or _checkov(folders, Path(scratch) / "source.json")
        given = {name: each for name, each in json.loads(told.read_text()).items() if "error" not in each}
    examples = {name: translate(each, f"f{number:03}") for number, (name, each) in enumerate(given.items())}
    steps = [step for each in examples.values() for step in each.steps]
    document = {"steps": steps, "changeSummary": {"create": len(steps)}}
    skips = [skip for name, each in given.items() for skip in _skips(each["verdicts"], examples[name])]
    found = _bridged(document, skips)
    verdicts = [
        Verdict(name, check, address, result, *found.get((check, urn), (NONE, "")), urn in examples[name].outdated)
        for name, each in given.items()
        for urns in ({address: urn for urn, address in examples[name].names.items()},)
        for check, address, result in dict.fromkeys(map(tuple, each["verdicts"]))
        if (urn := urns.get(address))
    ]
    return Comparison(tuple(verdicts), Counter(each for example in examples.values() for each in example.lost))


def _checkov(folders: Sequence[Path], output: Path) -> Path:
    command = [str(each) for each in (environment.python(), "-I", "-B", HERE / "source.py", output, *folders)]
    subprocess.run(command, check=True, env=engine.surroundings(output.parent))
    return output


def _skips(verdicts: Sequence[Sequence[str]], example: Example) -> Iterator[Entry]:
    """A comment that skips a check is an entry of the baseline in Pulumi."""
    for check, address, result in verdicts:
        for urn, other in example.names.items():
            if result == "SKIPPED" and other == address:
                yield Entry(check=check, resources=urn, reason=EXPLAINED, owner="example")


def _bridged(document: Mapping[str, Any], skips: Sequence[Entry]) -> dict[tuple[str, str], tuple[str, str]]:
    """The bridge's verdict, and the reason where there is none, by check and URN."""
    runs: list[engine.Run] = []
    whole = engine.run

    def run(*arguments: Any) -> engine.Run:
        runs.append(whole(*arguments))
        return runs[-1]

    with mock.patch.object(engine, "run", run):
        report = scan(document, skips)
    addresses = terraform.plan(read(document)).addresses
    found = {(each.check, addresses[each.resource].urn): (str(each.result), "") for each in runs[0].records}
    found |= {(each.check, each.urn): (UNTOLD, each.reason) for each in report.undecided}
    found |= {(each.check, each.urn): ("SKIPPED", "") for each in report.skipped}
    return found
