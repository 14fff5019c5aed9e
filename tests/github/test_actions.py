"""Actions of others: pinned to a commit, in one table that says what was looked up; and ours, that its parts fit."""

from __future__ import annotations

import json
import os
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.pipelines.__main__ import app
from tests.github.reading import ACTION, FOLDER, ROOT, WORKFLOWS, every_file, read, steps, uses

TABLE: list[dict[str, Any]] = yaml.safe_load((FOLDER / "actions.yaml").read_text())
ROWS = {row["action"]: row for row in TABLE}
COMMAND = re.compile(r"python -m cli\.pipelines (\S+)")
OUTPUT = re.compile(r"steps\.(\w+)\.outputs\.([\w-]+)")


@pytest.mark.parametrize("path", every_file(), ids=lambda path: path.stem)
def test_what_is_used_is_pinned_to_the_commit_of_the_table(path: Path) -> None:
    seen = list(uses(path))
    assert seen, "every one uses something"
    for name, rest in seen:
        if name.startswith("./"):
            assert (ROOT / name).exists()
            continue
        action, _, commit = name.partition("@")
        assert re.fullmatch(r"[0-9a-f]{40}", commit), name
        assert commit == ROWS[action]["commit"], name
        assert rest == f" # {ROWS[action]['tag']}", name


def test_the_table_has_what_is_used_and_nothing_else() -> None:
    used = {name.partition("@")[0] for path in every_file() for name, _ in uses(path) if not name.startswith("./")}
    assert [row["action"] for row in TABLE] == sorted(used)


@pytest.mark.parametrize("name", ROWS)
def test_a_row_says_whether_its_tag_was_looked_up(name: str) -> None:
    row = ROWS[name]
    assert set(row) - {"tag_checked", "copy"} == {"action", "commit", "tag", "runtime"}
    assert re.fullmatch(r"[0-9a-f]{40}", row["commit"])
    assert re.fullmatch(r"v\d+\.\d+\.\d+", row["tag"]), "a tag that names one release: v4 moves"
    assert row["runtime"] == "node24", "runners have let go of the others"
    if "tag_checked" in row:
        assert isinstance(row["tag_checked"], date)
        assert row["copy"] <= row["tag_checked"]


def test_every_input_and_output_of_the_action_is_said_and_used() -> None:
    content, text = read(ACTION), ACTION.read_text()
    for name, told in {**content["inputs"], **content["outputs"]}.items():
        assert told["description"], name
    for name in content["inputs"]:
        assert re.search(rf"inputs\.{name}\b", text), f"nothing reads {name}"
    for name, told in content["inputs"].items():
        assert "required" in told or "default" in told, name
        assert told.get("default") is None or isinstance(told["default"], str), "a composite action knows text alone"


@pytest.mark.parametrize("path", every_file(), ids=lambda path: path.stem)
def test_an_output_that_is_read_is_one_of_an_earlier_step(path: Path) -> None:
    """Nobody says so if it isn't: the expression is empty."""
    ours = set(read(ACTION)["outputs"])
    content = read(path)
    jobs = [content["runs"]] if "runs" in content else list(content["jobs"].values())
    for job in jobs:
        told: dict[str, set[str]] = {}
        for step in job.get("steps", []):
            for name, output in OUTPUT.findall(json.dumps(step)):
                assert output in told[name], f"{name}.{output} in {step}"
            if "id" in step:
                told[step["id"]] = ours if step.get("uses", "").startswith("./") else written(step)
        for name, output in OUTPUT.findall(json.dumps(job.get("outputs", content.get("outputs", {})))):
            assert output in told[name]


def written(step: dict[str, Any]) -> set[str]:
    """The outputs that a step of ours writes."""
    from cli.pipelines import keys
    from cli.pipelines.request import understood

    text = step["run"]
    for script in re.findall(r"\S+\.sh", text):
        text += (ROOT / script).read_text()
    found = set(re.findall(r'echo "([\w-]+)=', text))
    if "pipelines/keys.py" in text:
        found |= {name for part in keys.PARTS for name in (part, f"{part}-prefix")}
    if "pipelines read" in text:
        found |= set(understood({"command": "up", "environment": "dev"}).outputs)
    if "pipelines run" in text:
        found |= {"before", "now", "exit_code"}
    return found


def test_a_step_calls_what_there_is() -> None:
    commands = {each.name for each in app.registered_commands}
    called = {name for step in steps(ACTION) for name in COMMAND.findall(step.get("run", ""))}
    assert called == commands
    for step in steps(ACTION):
        for script in re.findall(r"\.github/\S+\.sh", step.get("run", "")):
            assert os.access(ROOT / script, os.X_OK)


def test_the_request_is_understood_before_anything_is_touched() -> None:
    given = steps(ACTION)
    (request,) = (place for place, step in enumerate(given) if step.get("id") == "request")
    touching = [
        place
        for place, step in enumerate(given)
        if "aws-actions" in step.get("uses", "")
        or "GITHUB_ENV" in step.get("run", "")
        or "REQUEST" in step.get("env", {})
    ]
    assert len(touching) == 5
    assert min(touching) > request
    for place in touching:
        condition = given[place].get("if", "")
        assert "check_only != 'true'" in condition or "steps.run.outcome" in condition, "nothing moves in a check"
    (run,) = (place for place, step in enumerate(given) if step.get("id") == "run")
    (taken,) = (place for place, step in enumerate(given) if "take-over" in step.get("run", ""))
    assert taken < run


def test_what_runs_and_its_pin_are_told_whatever_became_of_the_command() -> None:
    given = {step.get("name"): step for step in steps(ACTION)}
    last = ["What runs now", "Propose the pin", "Keep the pin, whatever became of the proposal"]
    assert list(given)[-3:] == last
    assert all(given[name]["if"].startswith("always()") for name in last)
    assert given[last[1]]["id"] == "pin"
    assert given[last[2]]["with"]["path"] == "${{ steps.pin.outputs.patch }}"
    assert "steps.request.outputs.stack" in given[last[2]]["with"]["name"], "two stacks in one run have two pins"


def test_every_input_that_a_workflow_gives_is_one() -> None:
    """GitHub only warns of one that isn't."""
    known = set(read(ACTION)["inputs"])
    given = [step for path in WORKFLOWS for step in steps(path) if step.get("uses", "").startswith("./")]
    assert len(given) == 7
    for step in given:
        assert set(step["with"]) <= known


def test_the_inputs_of_a_request_reach_it_as_variables() -> None:
    (step,) = (step for step in steps(ACTION) if step.get("id") == "request")
    assert step["env"] == {f"INPUT_{name.upper()}": f"${{{{ inputs.{name} }}}}" for name in READ}


READ = (
    "command",
    "environment",
    "version",
    "target_version",
    "system",
    "skip_approval",
    "skip_confirmation",
    "minutes",
    "arguments",
)


def test_an_error_of_ours_is_shown_on_the_runs_page() -> None:
    """Source: actions/runner, docs/adrs/0276-problem-matchers.md."""
    (matcher,) = json.loads((ACTION.parent / "errors.json").read_text())["problemMatcher"]
    (pattern,) = matcher["pattern"]
    found = re.search(pattern["regexp"], "error: unknown system 'x'; valid: rag-api")
    assert found is not None
    assert found[pattern["message"]] == "unknown system 'x'; valid: rag-api"
    assert re.search(pattern["regexp"], "the error: none") is None
    assert any("::add-matcher::$GITHUB_ACTION_PATH/errors.json" in step.get("run", "") for step in steps(ACTION))
