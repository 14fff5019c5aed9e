"""checkov on Terraform of our own making, beside the bridge on the same in Pulumi."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.policies.checkov.compare import explained
from tests.policies.checkov.compare.__main__ import BOUND, show
from tests.policies.checkov.compare.translate import Example, translate
from tests.policies.checkov.compare.verdicts import UNTOLD, Comparison, Verdict, compare

EXAMPLES = Path(__file__).parent / "compare" / "examples"
"""Kinds of those that checkov tests itself with; docs/checkov.md says how to compare with checkov's own."""
PREVIEW = {("CKV2_AWS_70", "aws_api_gateway_method.arn", "FAILED", UNTOLD)}
"""The document is made from an ARN that a first preview doesn't know."""
QUEUE = {"type": "aws_sqs_queue", "name": "work", "arguments": {"name": ["work"]}}


@pytest.mark.long
@pytest.mark.parametrize(("deployed", "differences"), [(False, PREVIEW), (True, set())], ids=["preview", "deployed"])
def test_the_bridge_gives_checkovs_own_verdicts(deployed: bool, differences: set[tuple[str, str, str, str]]) -> None:
    found = compare(sorted(each.parent for each in EXAMPLES.rglob("*.tf")), deployed=deployed)
    assert len(found.verdicts) >= 230
    assert dict(found.lost) == {}
    assert {(each.check, each.resource, each.checkov, each.bridge) for each in found.differences} == differences
    assert found.share >= BOUND


def verdict(check: str = "CKV_AWS_72", where: str = "x/y/CustomPolicy1", **more: object) -> Verdict:
    given = {"resource": "aws_sqs_queue_policy.test", "checkov": "FAILED", "bridge": UNTOLD, "reason": "policy"}
    return Verdict(**{"folder": where, "check": check, "outdated": False, **given, **more})  # type: ignore[arg-type]


def test_every_kind_of_difference_is_told_once_and_explains_something() -> None:
    table = explained.table()
    assert len({each.kind for each in table}) == len(table)
    for each in table:
        example = each.examples[0].replace("*", "x")
        folder, _, resource = example.partition("/")
        bridge = each.bridge or "FAILED"
        sample = verdict(
            each.checks[0].replace("*", "CKV_AWS_1"),
            folder,
            resource=resource or "aws_x.y",
            bridge=bridge,
            outdated=bool(each.outdated),
        )
        (told,) = explained.explain([sample], bool(each.deployed), table)
        assert told == (sample, each), "the first entry that fits is its own"


@pytest.mark.parametrize(
    ("changed", "deployed"),
    [
        pytest.param({"bridge": "PASSED"}, False, id="a failure that is missed"),
        pytest.param({"check": "CKV_AWS_1"}, False, id="another check"),
        pytest.param({"where": "Another"}, False, id="another example"),
        pytest.param({}, True, id="told once it is deployed"),
    ],
)
def test_a_difference_of_no_kind_has_no_reason(changed: dict[str, str], deployed: bool) -> None:
    kinds = explained.explain([verdict(**changed)], deployed, explained.table())
    assert [reason for _, reason in kinds] == [None]


def comparison(same: int, *different: Verdict) -> Comparison:
    agreed = [verdict(resource=f"aws_x.r{number}", bridge="FAILED") for number in range(same)]
    return Comparison((*agreed, *different), Counter())


def test_both_figures_are_printed_and_the_bound_is_held(capsys: pytest.CaptureFixture[str]) -> None:
    assert show(comparison(90, *[verdict()] * 10), deployed=False)
    assert "90.00% the same; 100.00% without the 10 that no program" in capsys.readouterr().out
    assert not show(comparison(99, verdict(), verdict(bridge="PASSED")), deployed=False), "one without a reason"
    assert "CKV_AWS_72 FAILED there, PASSED here: x/y/CustomPolicy1" in capsys.readouterr().out


def test_too_little_agreement_fails(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    reason = explained.Explanation(kind="ours", reason="The bridge could tell, and doesn't.", sayable=True)
    monkeypatch.setattr(explained, "table", lambda: (reason,))
    assert show(comparison(99, verdict()), deployed=False)
    assert not show(comparison(98, verdict(), verdict()), deployed=False)
    assert "98.00% the same; 98.00% without the 0" in capsys.readouterr().out


def translated(*resources: Mapping[str, object], deployed: bool = False) -> Example:
    return translate({"resources": resources, "connections": []}, "f", deployed)


def inputs(*resources: Mapping[str, object], deployed: bool = False) -> dict[str, object]:
    """Of the last resource."""
    found: dict[str, object] = translated(*resources, deployed=deployed).steps[-1]["newState"]["inputs"]
    return found


def policy(value: object) -> Mapping[str, object]:
    return {"type": "aws_sqs_queue_policy", "name": "work", "arguments": {"policy": [value]}}


@pytest.mark.parametrize(
    ("value", "preview", "deployed"),
    [
        ("aws_sqs_queue.work.name", "work", "work"),
        ("aws_sqs_queue.work.arn", None, "arn:aws:sqs:eu-central-1:123456789012:queue/work"),
        ("${aws_sqs_queue.work.id}-x", None, "work-id-x"),
        ("var.policy", "var.policy", "var.policy"),
        ("data.aws_caller_identity.current.account_id",) * 3,
        ("data.aws_iam_policy_document.one.json", None, None),
        ("module.queue.policy", None, None),
        ("films.data.mediastore.amazonaws.com",) * 3,
    ],
)
def test_what_a_program_knows(value: str, preview: str | None, deployed: str | None) -> None:
    unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    assert inputs(QUEUE, policy(value)) == {"policy": preview or unknown}
    assert inputs(QUEUE, policy(value), deployed=True) == {"policy": deployed or unknown}


def test_a_number_without_a_value_isnt_known() -> None:
    days = {"type": "aws_cloudwatch_log_group", "name": "a", "arguments": {"retention_in_days": ["var.days"]}}
    assert inputs(days) == {"retentionInDays": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}


def test_null_is_no_argument() -> None:
    assert inputs({**QUEUE, "arguments": {"name": [None]}}) == {}


def test_a_resource_that_is_declared_twice_is_there_twice() -> None:
    assert [each["urn"][-12:] for each in translated(QUEUE, QUEUE).steps] == ["queue::f-work"[-12:], "f-work-again"]


def test_the_order_of_replacement_is_said() -> None:
    first = {**QUEUE, "name": "b", "arguments": {"lifecycle": [{"create_before_destroy": [True]}]}}
    goals = [each["goal"]["deleteBeforeReplace"] for each in translated(QUEUE, first).goals.values()]
    assert goals == [True, False]
