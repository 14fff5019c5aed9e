from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from guard.recovery.points import RecoveryPoint, make_command, new_id, restore_command
from tests.guard.recovery.conftest import store
from tests.guard.recovery.examples import NOW, example


def test_a_record_is_written_in_camel_case_and_read_back() -> None:
    point = example(parts={"rag.public.documents": 7})
    text = point.model_dump_json(by_alias=True)
    assert {"madeAt", "madeBy", "verifiedAt", "verifiedHow"} <= set(json.loads(text))
    assert RecoveryPoint.model_validate_json(text) == point


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"made_at": datetime(2026, 1, 20)}, "timezone"),
        ({"items": -1}, "greater than or equal to 0"),
        ({"checksum": "ABC"}, "pattern"),
        ({"id": "../../other"}, "pattern"),
        ({"verified_how": None}, "go together"),
        ({"verified_at": NOW - timedelta(days=1)}, "before madeAt"),
        ({"fault": "3 items recorded, 2 found"}, "isn't verified"),
        ({"explained": "two\nlines"}, "pattern"),
        ({"surprise": 1}, "Extra inputs"),
    ],
)
def test_a_record_that_makes_no_sense_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        example(**wrong)


def test_ids_sort_by_time() -> None:
    ids = [new_id(NOW + timedelta(milliseconds=step)) for step in (0, 1, 999, 1000, 60_000, 86_400_000)]
    assert ids == sorted(ids)
    assert len({new_id(NOW) for _ in range(50)}) == 50
    assert example(id=ids[0]).id == ids[0]


def test_commands_name_stack_and_store_and_are_quoted() -> None:
    of = store("table", "jobs; rm -rf ~", "dev")
    assert of.stack == "dev"
    assert make_command(of) == "rollback recovery make 'jobs; rm -rf ~' -s dev"
    assert restore_command("an-id", store("table", "jobs")) == "rollback recovery restore an-id --to jobs -s prod"
