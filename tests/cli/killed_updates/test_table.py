"""Every type that the program creates is looked up after a kill, or the table says why it needn't be."""

from __future__ import annotations

from cli import killed_updates as interrupted
from stacks.releases import versions
from tests.components.mocked import run_program


def created() -> set[str]:
    """The types of every release in prod, and of what dev pins."""
    runs = [run_program("prod", rollback_stack__version=version) for version in versions()]
    runs.append(run_program("dev"))
    return {args.typ for run in runs for args in run.resources.values() if args.custom}


def test_every_type_has_a_lookup_or_a_reason() -> None:
    types = {kind for kind in created() if not kind.startswith("kubernetes:")}
    tables = set(interrupted.FINDERS) | set(interrupted.IDEMPOTENT_CREATES)
    assert types - tables == set(), "cli/killed_updates/finders.py doesn't say how these are found after a kill"
    assert tables - types == set(), "the program doesn't create these any more"


def test_no_type_has_both() -> None:
    assert not set(interrupted.FINDERS) & set(interrupted.IDEMPOTENT_CREATES)


def test_what_may_be_there_twice_is_looked_up() -> None:
    assert set(interrupted.FINDERS) > interrupted.NON_UNIQUE


def test_reasons_name_the_call_that_may_be_repeated() -> None:
    for kind, reason in interrupted.IDEMPOTENT_CREATES.items():
        assert kind.startswith("pulumi:") or reason.startswith(("Put", "Update")), kind
