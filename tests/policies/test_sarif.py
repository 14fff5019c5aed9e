"""The writer of SARIF: what is cut, and in which order."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from policies import sarif
from policies.repository import Candidate, Repository
from policies.sarif import Level, Precision, Result, Rule, Tool, log, run, shortened

TOOL = Tool("tool", "1.2.3", "https://example.com", "tool/prod")


def rule(name: str = "a", **more: object) -> Rule:
    given: dict[str, object] = {
        "id": name,
        "title": "Nothing is wrong.",
        "text": "Nothing is wrong, at length.",
        "help": "Fix it.",
        "uri": "https://example.com/a",
        "level": Level.ERROR,
        "severity": "high",
        "precision": Precision.HIGH,
        "tags": ("security",),
        **more,
    }
    return Rule(**given)  # type: ignore[arg-type]


def result(name: str = "a", subject: str = "urn:x", **more: object) -> Result:
    given: dict[str, object] = {"rule": name, "level": Level.ERROR, "text": "it is wrong", "subject": subject, **more}
    return Result(**given)  # type: ignore[arg-type]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    (tmp_path / "__main__.py").write_text("main()\n")
    return Repository(tmp_path)


def test_the_worst_come_first(repository: Repository) -> None:
    rules = [rule("a", severity="low"), rule("b", severity="critical"), rule("c")]
    told = [result("a"), result("c", level=Level.NOTE), result("c"), result("b"), result("b", level=Level.WARNING)]
    written = run(TOOL, rules, told, repository)["results"]
    assert [(each["ruleId"], each["level"]) for each in written] == [
        ("b", "error"),
        ("c", "error"),
        ("a", "error"),
        ("b", "warning"),
        ("c", "note"),
    ]


def test_long_texts_and_many_tags_are_cut(repository: Repository) -> None:
    long = rule(title="x" * 2000, text="y\n" * 2000, tags=tuple(str(n) for n in range(30)))
    made = run(TOOL, [long], [result(text="z " * 2000)], repository)
    (written,) = made["tool"]["driver"]["rules"]
    assert (len(written["name"]), len(written["shortDescription"]["text"])) == (255, 1024)
    assert len(written["fullDescription"]["text"]) == 1024
    assert len(written["properties"]["tags"]) == 10
    assert len(made["results"][0]["message"]["text"]) == 1024
    assert shortened("a\n b") == "a b"


def test_related_lines_are_few_and_exist(repository: Repository) -> None:
    through = (*[Candidate("__main__.py", 1)] * 20, Candidate("gone.py", 1))
    (written,) = run(TOOL, [rule()], [result(through=through)], repository)["results"]
    assert len(written["relatedLocations"]) == 10
    (none,) = run(TOOL, [rule()], [result(through=through[-1:])], repository)["results"]
    assert "relatedLocations" not in none


def test_a_log_that_is_too_large_loses_its_least_results_and_says_so(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sarif, "LARGEST", 20_000)
    noise = random.Random(7)
    told = [result(subject=f"urn:{n:04}", text=noise.randbytes(300).hex()) for n in range(200)]
    made = log([run(TOOL, [rule()], told, repository, notes=["something"])])
    (cut,) = made["runs"]
    assert sarif._size(made) < 20_000
    assert 0 < len(cut["results"]) < 200
    kept = [each["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] for each in cut["results"]]
    assert kept == [f"urn:{n:04}" for n in range(len(kept))]
    notes = [each["message"]["text"] for each in cut["invocations"][0]["toolExecutionNotifications"]]
    assert notes[0] == "something"
    assert "left out" in notes[1]
