"""The tables of types are complete: each type of the installed SDKs is in exactly one row, and no row is about none."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from guard.durable import Kind, durable
from guard.types import FOLDER, NOTHING, classify, identities, key, rows
from tests.support.sdk_types import IDENTITY, identity, tokens

CUSTOM = ("gateway.networking.k8s.io", "monitoring.coreos.com", "snapshot.storage.k8s.io", ".istio.io")
"""Groups of custom resources, which no SDK has."""


@pytest.mark.parametrize("package", ["aws", "kubernetes"])
def test_every_type_of_the_installed_sdk_is_reviewed(package: str) -> None:
    installed = tokens(f"pulumi_{package}")
    assert len(installed) > 500, "the SDK's sources aren't read any more"
    assert {token for token in installed if classify(token) is None} == set(), f"add a row to guard/types/{package}.txt"
    groups = {key(token)[1] for token in installed}
    left = {row for row in rows(package) if row not in groups and not row.partition("/")[0].endswith(CUSTOM)}
    assert left == set(), f"types that the SDK no longer has: take them out of guard/types/{package}.txt"


@pytest.mark.parametrize("table", ["aws", "kubernetes", "other"])
def test_every_row_is_of_a_kind(table: str) -> None:
    assert set(rows(table).values()) <= {NOTHING, *(kind.value for kind in Kind)}


@pytest.mark.parametrize("table", ["aws", "kubernetes", "other"])
def test_every_type_is_in_one_row(table: str) -> None:
    lines = [line.partition("#")[0].split() for line in (FOLDER / f"{table}.txt").read_text().splitlines()]
    named = [f"{words[0]}/{name}" for words in lines if words for name in words[2:]]
    assert len(named) == len(set(named)) == len(rows(table))


def test_a_type_in_two_rows_of_two_kinds_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guard.types._words", lambda _table: iter([["kms", "key", "Key"], ["kms", "-", "Key"]]))
    with pytest.raises(ValueError, match="kms/Key is of two kinds"):
        rows.__wrapped__("aws")


def test_the_identities_are_what_the_installed_sdks_say() -> None:
    assert identity() == IDENTITY.read_text(), (
        "the SDK moved: python -m tests.support.sdk_types, and read the difference"
    )


def test_every_identity_is_of_a_durable_type() -> None:
    durable_rows = {row for table in ("aws", "kubernetes") for row, kind in rows(table).items() if kind != NOTHING}
    assert identities().keys() <= durable_rows
    assert {row for row, kind in rows("aws").items() if kind != NOTHING} <= identities().keys()


def test_every_durable_type_has_a_bound_and_a_name() -> None:
    for token in sorted(tokens("pulumi_kubernetes") | tokens("pulumi_aws")):
        if (holds := durable(token)) is not None:
            assert 0 < holds.bound.total_seconds() <= 86_400, token
            assert holds.name, token
            assert all(re.fullmatch(r"[\w.]+", path) for path in holds.identity), token


def test_the_tables_are_read_when_they_are_asked_for_and_not_before() -> None:
    program = "import guard.durable, guard.types; print(guard.types.rows.cache_info().currsize)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "0"
