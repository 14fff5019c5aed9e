"""checkov on Terraform of our own making, beside the bridge on the same in Pulumi."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.policies.checkov.compare.verdicts import UNTOLD, compare

EXAMPLES = Path(__file__).parent / "compare" / "examples"
"""Kinds of those that checkov tests itself with; docs/checkov.md says how to compare with checkov's own."""


@pytest.mark.long
def test_the_bridge_gives_checkovs_own_verdicts() -> None:
    found = compare(sorted(each.parent for each in EXAMPLES.rglob("*.tf")))
    assert len(found.verdicts) > 150
    assert dict(found.lost) == {}
    different = {(each.check, each.resource, each.checkov, each.bridge) for each in found.differences}
    assert {each for each in different if each[3] != UNTOLD} == set()
    assert found.share >= 0.99, sorted(different)
