"""Waivers: exceptions with an owner and an end."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core.model import ConfigurationError
from core.state import STACK
from policies import waivers
from policies.pack import BY_NAME, LOCKED
from policies.waivers import Waiver
from tests.policies.cases import FACTS, NOW, make, said, said_of

TODAY = NOW.date()
GOOD: dict[str, Any] = {
    "policy": "database-private",
    "resource": "legacy-*",
    "reason": "moves behind the gateway in January",
    "owner": "platform team",
    "expires": TODAY,
}
DATABASE = "aws:rds/instance:Instance"
PUBLIC = {"publiclyAccessible": True, "identifier": "legacy-db"}


def load(tmp_path: Path, *entries: dict[str, Any]) -> tuple[Waiver, ...]:
    path = tmp_path / "waivers.yaml"
    path.write_text(yaml.safe_dump(list(entries)))
    return waivers.load(BY_NAME, LOCKED, path)


def test_a_waiver_covers_its_policy_and_its_resources_until_its_last_day(tmp_path: Path) -> None:
    facts = replace(FACTS, waivers=load(tmp_path, GOOD))
    assert said("database-private", make(DATABASE, "legacy-one", PUBLIC), facts=facts) == []
    assert said("database-private", make(DATABASE, "db", PUBLIC), facts=facts) == [], "its physical name fits"
    assert said("database-private", make(DATABASE, "db", {"publiclyAccessible": True}), facts=facts) != []
    service = make("kubernetes:core/v1:Service", "legacy-one", {"spec": {"type": "NodePort"}})
    assert said("service-internal", service, facts=facts) != [], "another policy"
    tomorrow = replace(facts, clock=lambda: NOW + timedelta(days=1))
    assert said("database-private", make(DATABASE, "legacy-one", PUBLIC), facts=tomorrow) != []


def test_a_waiver_covers_findings_of_a_whole_stack_as_well(tmp_path: Path) -> None:
    facts = replace(FACTS, waivers=load(tmp_path, {**GOOD, "policy": "queue-redrive"}))
    queues = [make("aws:sqs/queue:Queue", "legacy-one"), make("aws:sqs/queue:Queue", "two")]
    assert len(said_of("queue-redrive", queues)) == 2
    (text,) = said_of("queue-redrive", queues, facts=facts)
    assert text.startswith("two")


def test_an_expired_waiver_is_a_violation_of_its_own(tmp_path: Path) -> None:
    expired = load(tmp_path, {**GOOD, "expires": TODAY - timedelta(days=1)}, GOOD)
    (text,) = said("waivers-current", make(STACK), facts=replace(FACTS, waivers=expired))
    assert "database-private for legacy-*" in text
    assert "platform team" in text
    assert said("waivers-current", make(STACK)) == []
    assert said("waivers-current", make(DATABASE), facts=replace(FACTS, waivers=expired)) == []


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"policy": "databse-private"}, "did you mean database-private?"),
        ({"policy": "durable-store-protected"}, "can't be waived"),
        ({"policy": "release-lock"}, "can't be waived"),
        ({"reason": "why not"}, "reason"),
        ({"reason": " " * 20}, "reason"),
        ({"reason": "-" * 20}, "reason"),
        ({"owner": ""}, "owner"),
        ({"owner": "   "}, "owner"),
        ({"owner": "\u200b\u200b\u200b"}, "owner"),
        ({"expires": "some day"}, "expires"),
        ({"until": "2027-01-01"}, "unknown key"),
    ],
)
def test_a_waiver_that_says_something_wrong_is_one_line(tmp_path: Path, change: dict[str, Any], part: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, {**GOOD, **change})
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_yaml_is_one_line_and_none_is_none(tmp_path: Path) -> None:
    assert waivers.load(BY_NAME, LOCKED, tmp_path / "none.yaml") == ()
    assert load(tmp_path) == ()
    broken = tmp_path / "waivers.yaml"
    broken.write_text("- policy: [")
    with pytest.raises(ConfigurationError) as caught:
        waivers.load(BY_NAME, LOCKED, broken)
    assert "\n" not in str(caught.value)


def test_the_committed_waivers_are_valid() -> None:
    waivers.load(BY_NAME, LOCKED)


@given(st.integers(-1_000, 1_000))
def test_a_waiver_holds_through_its_last_day(days: int) -> None:
    waiver = Waiver.model_validate({**GOOD, "expires": date(2026, 11, 26)})
    assert waiver.holds(date(2026, 11, 26) + timedelta(days=days)) is (days <= 0)
