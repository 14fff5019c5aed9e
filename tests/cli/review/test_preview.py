"""What is read from the engine's two outputs, and the environment that it is started in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.review import preview
from cli.review.errors import ReviewError
from cli.review.preview import Failure, read, run, surroundings
from tests.cli.review import made

HOOK = 'Preview failed: before hook "durable-store" failed: table jobs: no recovery point\nrollback recovery make jobs'


def test_policies_come_from_the_events_with_level_name_and_resource() -> None:
    kept = {"policyAnalyzeSummaryEvent": {"passed": ["image-digest"]}}
    late = {"policyAnalyzeStackSummaryEvent": {"passed": ["queue-redrive"], "failed": ["x"]}}
    found = made.preview(events=[made.violation("x"), made.violation("x"), made.violation("y", "advisory")])
    assert [(each.policy, each.mandatory, each.urn) for each in found.violations] == [
        ("x", True, made.PLAN),
        ("y", False, made.PLAN),
    ]
    assert found.failures == ()
    assert read({}, [kept, late]).passed == {"image-digest", "queue-redrive"}


def test_what_stopped_a_preview_is_told_without_the_engines_own_last_word() -> None:
    address = made.urn("jobs", made.TABLE)
    found = made.preview(errors=[made.error(HOOK, address)])
    assert found.failures == (Failure(address, HOOK),)
    assert found.failures[0].line == " ".join(HOOK.split())


def test_what_only_follows_from_a_failure_is_left_out() -> None:
    follows = made.error("failed to run remediation: context canceled")
    assert [each.message for each in made.preview(errors=[follows, made.error("it is wrong")]).failures] == [
        "it is wrong"
    ]
    assert made.preview(errors=[follows]).failures
    again = made.error("an unhandled error occurred: Program exited with non-zero exit code: 1")
    assert [each.message for each in made.preview(errors=[made.error("it is wrong"), again]).failures] == [
        "it is wrong"
    ]
    assert made.preview(errors=[again]).failures, "where nothing else is said, that is the reason"


def test_a_failure_that_nobody_explains_is_one_all_the_same() -> None:
    found = read({"diagnostics": [made.error("preview failed")]}, [], failed=True)
    assert [each.message for each in found.failures] == [preview.NOTHING_MORE]
    assert read({}, [made.violation("y", "advisory")], failed=True).failures
    assert not read({}, [made.violation("y")], failed=True).failures
    assert not read({}, []).failures


def test_nothing_of_the_users_narrows_a_preview(tmp_path: Path) -> None:
    given = {
        "PATH": "/bin",
        "PULUMI_OPTION_TARGET": "urn:x",
        "PULUMI_OPTION_POLICY_PACK": "",
        "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true",
    }
    assert surroundings(tmp_path, given) == {"PATH": "/bin", "PULUMI_DEBUG_COMMANDS": "true"}
    (tmp_path / "policies").mkdir()
    assert surroundings(tmp_path, given)["PULUMI_OPTION_POLICY_PACK"] == str(tmp_path / "policies")


def engine(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "bin" / "pulumi"
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}:/usr/bin:/bin")


def test_the_engine_is_asked_for_json_and_events_with_a_copy_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = json.dumps(made.violation("x"))
    script = f"""echo "$@" > {tmp_path}/asked
for word; do [ "$before" = --event-log ] && log=$word; before=$word; done
printf '%s\\n' '{event}' > "$log"
echo '{{"steps": []}}'
exit 1"""
    engine(tmp_path, script, monkeypatch)
    found = run(tmp_path, "prod", tmp_path / "copy.yaml")
    assert [each.policy for each in found.violations] == ["x"]
    asked = (tmp_path / "asked").read_text()
    assert f"--stack prod --config-file {tmp_path}/copy.yaml" in asked
    assert "--json" in asked
    assert "--show-sames" in asked
    assert " --config " not in asked


@pytest.mark.parametrize("written", [True, False])
def test_the_update_plan_comes_from_the_same_preview_and_is_none_where_the_engine_writes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: bool
) -> None:
    script = f"""echo "$@" >> {tmp_path}/asked
while [ "$1" != --save-plan ]; do shift; done
{"echo '{}' > $2" if written else ":"}
echo '{{"steps": []}}'"""
    engine(tmp_path, script, monkeypatch)
    found = run(tmp_path, "prod", tmp_path / "copy.yaml", planned=True)
    assert found.plan == ({} if written else None)
    assert len((tmp_path / "asked").read_text().splitlines()) == 1


def test_no_plan_is_asked_for_where_nobody_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine(tmp_path, f"""echo "$@" > {tmp_path}/asked; echo '{{"steps": []}}'""", monkeypatch)
    assert run(tmp_path, "prod", tmp_path / "copy.yaml").plan is None
    assert "--save-plan" not in (tmp_path / "asked").read_text()


def test_an_engine_that_cannot_begin_is_an_error_of_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine(tmp_path, "echo 'warning: old' >&2; echo 'error: no stack named x' >&2; exit 255", monkeypatch)
    with pytest.raises(ReviewError, match=r"^no stack named x$"):
        run(tmp_path, "x", tmp_path / "copy.yaml")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ReviewError, match="pulumi isn't on PATH"):
        run(tmp_path, "x", tmp_path / "copy.yaml")
