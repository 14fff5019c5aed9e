"""``python -m tests.policies.checkov.compare FOLDER``: checkov beside the bridge on a folder of Terraform examples."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from tests.policies.checkov.compare.verdicts import compare


def main(top: Path, source: Path | None = None, output: Path | None = None) -> None:
    """``source``: verdicts of checkov kept from an earlier run; ``output``: where to write every difference."""
    folders = sorted(
        {each.parent for each in top.rglob("*.tf") if 'resource "aws_' in each.read_text(errors="replace")}
    )
    found = compare(folders, source)
    for (check, theirs, ours, reason), count in Counter(
        (each.check, each.checkov, each.bridge, each.reason) for each in found.differences
    ).most_common():
        print(f"{count:4}  {check:14} {theirs} there, {ours} here  {reason}")
    for name, count in sorted(found.lost.items()):
        print(f"{count:4}  {name}: no property of Pulumi's")
    print(f"{len(found.verdicts)} verdicts in {len(folders)} folders: {found.share:.2%} the same")
    print(f"without examples that the provider has outgrown: {found.current:.2%}")
    if output:
        output.write_text(json.dumps([vars(each) for each in found.differences], indent=1))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
