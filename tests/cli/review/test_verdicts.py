"""Violations with the pack's own words."""

from __future__ import annotations

from cli.review.preview import Violation
from cli.review.resources import of_preview
from cli.review.verdicts import verdicts
from policies.pack import RULES
from tests.cli.review import made


def test_description_and_remediation_are_taken_off_what_is_wrong() -> None:
    rule = RULES[0]
    said = f"{rule.description}\ntable jobs isn't\n protected\n{rule.remediation_steps}"
    step = made.step("same", "jobs", made.TABLE, line=3)
    violation = Violation(rule.name, "mandatory", "critical", step["urn"], said)
    (found,) = verdicts([violation], of_preview([step]))
    assert found.text == "table jobs isn't protected"
    assert found.remediation_steps == rule.remediation_steps
    assert (found.resource, str(found.source)) == ("jobs", "components/stores.py:3")


def test_the_worst_come_first_and_other_packs_keep_their_message() -> None:
    given = [("b", "advisory", "critical"), ("a", "mandatory", "odd"), ("c", "mandatory", "low")]
    found = verdicts(
        [Violation(name, level, severity, made.PLAN, "it is wrong") for name, level, severity in given], of_preview([])
    )
    assert [each.policy for each in found] == ["c", "a", "b"]
    assert {each.text for each in found} == {"it is wrong"}
    assert found[0].source is None
