"""checkov beside the bridge on a folder of Terraform examples: ``python -m tests.policies.checkov.compare FOLDER``.

Prints every kind of difference with the reason that ``explained.yaml`` has for it. Exit code 0: at least 99 % of
checkov's verdicts are the bridge's, without examples that no program of Pulumi's can say, and every difference has its
reason; 1 otherwise.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from tests.policies.checkov.compare import explained
from tests.policies.checkov.compare.verdicts import Comparison, compare

BOUND = 0.99


def main(arguments: list[str] | None = None) -> int:
    """Compare, and print what came out."""
    parser = argparse.ArgumentParser(prog="python -m tests.policies.checkov.compare", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--deployed", action="store_true", help="beside the stack's state instead of a first preview")
    parser.add_argument("--source", type=Path, help="verdicts of checkov, kept from an earlier run")
    parser.add_argument("--output", type=Path, help="a file for every difference, as JSON")
    chosen = parser.parse_args(arguments)
    folders = sorted(
        {each.parent for each in chosen.folder.rglob("*.tf") if 'resource "aws_' in each.read_text(errors="replace")}
    )
    found = compare(folders, chosen.source, chosen.deployed)
    if chosen.output:
        chosen.output.write_text(json.dumps([vars(each) for each in found.differences], indent=1))
    print(f"{len(found.verdicts)} verdicts in {len(folders)} folders")
    return 0 if show(found, chosen.deployed) else 1


def show(found: Comparison, deployed: bool) -> bool:
    """Print each kind of difference and both figures; whether the bound holds and nothing is left without a reason."""
    for name, count in sorted(found.lost.items()):
        print(f"{count:5}  {name}: no property of Pulumi's")
    reasons = explained.explain(found.differences, deployed, explained.table())
    for reason, count in Counter(reason for _, reason in reasons if reason).most_common():
        print(f"{count:5}  {reason.kind}: {reason.reason}")
    unexplained = [each for each, reason in reasons if reason is None]
    for each in unexplained:
        print(
            f"   ??  {each.check} {each.checkov} there, {each.bridge} here: {each.folder} {each.resource} {each.reason}"
        )
    unsayable = sum(1 for _, reason in reasons if reason and not reason.sayable)
    sayable = found.share_without(unsayable)
    print(f"{found.share:.2%} the same; {sayable:.2%} without the {unsayable} that no program of Pulumi's can say")
    return sayable >= BOUND and not unexplained


if __name__ == "__main__":
    sys.exit(main())
