"""The guard on the whole program, under mocks: every store gets it, whatever the release."""

from __future__ import annotations

import pytest

from guard.durable import is_durable
from stacks.releases import versions
from tests.components.mocked import Recorder, run_program
from tests.support.versions import newest_always


def stores(recorder: Recorder) -> set[str]:
    return {
        name
        for name, each in recorder.resources.items()
        if is_durable(each.typ) and not each.typ.startswith("rollback:") and name != "cluster-identity"
    }


@pytest.mark.parametrize("version", newest_always(versions()))
def test_every_release_declares_the_same_durable_stores(version: str) -> None:
    assert stores(run_program(rollback_stack__version=version)) == stores(run_program())


def test_the_plan_counts_the_stores_and_nothing_goes_on_a_first_update() -> None:
    recorder = run_program()
    plan = recorder.resources["rollback-plan"].inputs
    assert plan["durable"] == len(stores(recorder))
    assert (plan["removals"], plan["replacements"], plan["systems"]) == ([], [], {})


def test_logs_of_functions_that_a_release_lacks_stay() -> None:
    groups = run_program(rollback_stack__version="v1.2.1").of_type("aws:cloudwatch/logGroup:LogGroup")
    names = {str(each["name"]) for each in groups.values()}
    assert "/aws/lambda/amplify-rag-prod-vdr_processor" in names
