"""`rollback review` on prod: an unchanged checkout passes, one that drops a table is stopped with the table's name."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.project.conftest import RELEASE
from tests.support.code_scanning import PAGE, in_repository
from tests.support.project import Project, copy_project
from tests.support.unchanged import resources

RELEASES = ["v1.4.0", "v1.3.0", "v1.2.3", "v1.2.2", "v1.2.1"]
STORES = Path("components") / "security_assistant" / "stores.py"
JOBS = "security-assistant-jobs-prod"

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]


@pytest.fixture(scope="module")
def checkout(prod: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A checkout of the project that prod is deployed from, on the branch main."""
    without_git = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    made = copy_project(tmp_path_factory.mktemp("review") / "project", {**without_git, **prod.environment})
    (made.folder / ".gitignore").write_text("/.venv\n__pycache__/\n")
    made.stack_file.write_bytes(prod.stack_file.read_bytes())
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main")
    for words in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "-m", "as deployed")):
        done = made.run("git", *identity, *words)
        assert done.code == 0, done.said
    return made


def changed(checkout: Project) -> str:
    return checkout.run("git", "status", "--porcelain").output


@pytest.mark.long
def test_an_unchanged_checkout_passes_and_every_release_can_be_gone_back_to(checkout: Project) -> None:
    before = resources(checkout)
    done = checkout.rollback("review", "-s", "prod", "--output", "json")
    assert done.code == 0, done.said
    told = json.loads(done.output)
    assert (told["passed"], told["deployed"], told["systems"]) == (True, RELEASE, [])
    assert (told["verdicts"], told["risks"], told["checkov"]["findings"]) == ([], [], [])
    assert told["policiesKept"] > 30
    assert [way["version"] for way in told["ways"]] == RELEASES
    assert all(way["open"] for way in told["ways"])
    # v1.2.1 has no asynchronous path: its functions and routes go, its stores stay.
    oldest = told["ways"][-1]
    assert oldest["counts"]["delete"] > 40
    assert oldest["stores"] == []
    assert {move["system"] for move in oldest["moves"]} == set(checkout.outputs()["systems"])
    assert changed(checkout) == ""
    assert resources(checkout) == before


def test_a_change_that_drops_a_table_is_stopped_with_its_name(checkout: Project, tmp_path: Path) -> None:
    text = (checkout.folder / STORES).read_text()
    line = next(line for line in text.splitlines() if "self.jobs = data_table(" in line)
    gone = f'self.jobs = __import__("types").SimpleNamespace(name="{JOBS}", arn="arn:aws:dynamodb:::table/{JOBS}")'
    (checkout.folder / STORES).write_text(text.replace(line.strip(), gone))
    sarif = tmp_path / "review.sarif"
    done = checkout.rollback("review", "-s", "prod", "--releases", "2", "--sarif", str(sarif))
    (checkout.folder / STORES).write_text(text)
    assert done.code == 1, done.said
    failures = [line for line in done.output.splitlines() if line.startswith("- ❌")]
    assert failures[0] == f"- ❌ durable stores at risk: {JOBS} would be deleted"
    assert failures[1].startswith(f"- ❌ `{JOBS}` (table, security-assistant) would be **deleted**")
    assert f"rollback recovery make {JOBS} -s prod" in failures[1]
    assert len(failures) == 2, "one cause is told once"
    assert "preview of v1.2.2: done" in done.errors
    assert "preview of v1.2.1" not in done.errors, "the nearest release says whose fault it is"
    log = json.loads(sarif.read_text())
    assert [each["ruleId"] for each in log["runs"][0]["results"]] == ["durable-store-at-risk"]
    assert [f"{rule.__name__}: {line}" for rule in PAGE for line in rule(log)] == []
    assert list(in_repository(log, checkout.folder)) == []
    assert changed(checkout) == ""
