"""A release is looked at as a whole: each thing that can be wrong with it is found, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from cli.release import checking
from cli.release.checking import ReleaseFault, check
from cli.release.places import Standing
from stacks.artifacts import Pinned
from stacks.file import read
from stacks.releases import RELEASES, versions
from tests.cli.release.conftest import NEW, TODAY

Edit = Callable[[str], str]


def all_there(items: Sequence[Pinned]) -> dict[Pinned, Standing]:
    return dict.fromkeys(items, Standing.THERE)


def faults(found: list[ReleaseFault]) -> list[tuple[str, str]]:
    return [(each.what, each.text) for each in found if not each.passed]


@pytest.mark.parametrize("version", versions())
def test_what_is_published_is_in_order(version: str) -> None:
    found = check(version, TODAY, all_there)
    assert {each.what for each in found} >= {"manifest", "date", "order", "way back", "artifact"}
    if version != "v1.4.0":
        assert faults(found) == []


def test_a_new_release_is_in_order_before_it_is_published(whole: Path) -> None:
    found = check(NEW, TODAY, all_there, whole)
    assert faults(found) == []
    assert found[0].text == "not published yet"
    assert [each.text for each in found if each.what == "code"] == ["functions and layers have what they import"]


def replaced(old: str, new: str) -> Edit:
    return lambda text: text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("edit", "what", "said"),
    [
        (replaced("asyncPath:", "asyncPth:"), "manifest", "unknown key"),
        (replaced(f"released: {TODAY}", f"released: {TODAY + timedelta(days=3)}"), "date", "lies ahead of"),
        (replaced(f"released: {TODAY}", "released: 2026-11-01"), "date", "is before v1.4.0, which is of 2026-11-23"),
        (
            replaced("movesAfter:\n", "movesAfter:\n  compaction:\n  - rag-api\n"),
            "manifest",
            "movesAfter goes in a circle",
        ),
        (
            replaced("writes: 2\n      reads:\n      - 1\n      - 2", "writes: 3\n      reads:\n      - 3"),
            "way back",
            "prod can't go back to v1.2.3: compaction would write data format 3, and v1.2.3 reads 1, 2",
        ),
    ],
)
def test_each_fault_is_found(whole: Path, edit: Edit, what: str, said: str) -> None:
    path = whole / f"{NEW}.yaml"
    text = path.read_text()
    path.write_text(edit(text))
    assert path.read_text() != text
    [(found, message), *others] = faults(check(NEW, TODAY, all_there, whole))
    assert (found, others) == (what, [])
    assert said in message


def test_an_edit_of_what_is_published_is_found(releases: Path) -> None:
    path = releases / "v1.2.3.yaml"
    path.write_text(path.read_text() + "# later\n")
    assert "was edited after it was published" in faults(check("v1.2.3", TODAY, all_there, releases))[0][1]


@pytest.mark.parametrize("standing", [Standing.MISSING, Standing.OTHER])
def test_an_artifact_that_isnt_there_is_found(standing: Standing) -> None:
    def look(items: Sequence[Pinned]) -> dict[Pinned, Standing]:
        return {each: standing if each.name == "worker" else Standing.THERE for each in items}

    [(what, text)] = faults(check("v1.2.3", TODAY, look))
    assert what == "artifact"
    assert text.startswith("functions/security-assistant/worker/1.2.0/")
    assert text.endswith(standing.value)


LACKING = {
    "can't run on Lambda: query_handler: no psycopg in the zip",
    "can't run on Lambda: async_document_processor: no pypdf in the zip",
    "can't run on Lambda: process_document_for_rag, text_rag_processor, vdr_processor: no psycopg, pypdf in the zip",
    "can't run on Lambda: receipt_chroma: no chromadb in the zip",
}


def code(found: list[ReleaseFault], passed: bool) -> set[str]:
    return {each.text for each in found if each.what == "code" and each.passed is passed}


def test_what_code_lacks_is_said_of_what_is_published_and_doesnt_fail() -> None:
    """The newest published release is older than the versions that have what they import."""
    found = check("v1.4.0", TODAY, all_there)
    assert code(found, passed=True) == LACKING
    assert code(found, passed=False) == set()


def test_what_code_lacks_fails_before_it_is_published(written: Path) -> None:
    found = check(NEW, TODAY, all_there, written)
    assert code(found, passed=False) == LACKING - {"can't run on Lambda: query_handler: no psycopg in the zip"}


def test_a_function_that_is_too_large_with_its_layer_fails(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "LARGEST", 159_110_000)
    found = code(check(NEW, TODAY, all_there, whole), passed=False)
    assert found
    assert all("with its layer is 159," in each and "Lambda unpacks 159,110,000" in each for each in found)


def test_the_way_back_of_each_stack_is_looked_at() -> None:
    settings = {"dev": read("dev", {"rollback-stack:version": "v1.2.2"})}
    [told] = [each.text for each in check("v1.2.3", TODAY, all_there, RELEASES, settings) if each.what == "way back"]
    assert told == "open: dev to v1.2.2"
