"""The real checkov over one preview by hand: its verdicts, their lines, and that it never leaves the machine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pulumi_aws
import pytest

from policies.checkov import CheckovError, Report, engine, environment, naming, scan
from policies.checkov.baseline import Entry
from tests.policies.checkov.previews import stores

REACH = """
import socket, sys
sys.path.insert(0, sys.argv[1])
import network
sys.addaudithook(network.refuse_network)
for reach in (
    lambda: socket.create_connection(("127.0.0.1", 9), timeout=1),
    lambda: socket.getaddrinfo("localhost", 80),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9)),
):
    try:
        reach()
    except OSError as error:
        assert "refused" in str(error) and "offline" in str(error), error
    else:
        sys.exit("reached")
print(len(network.REFUSED))
"""
KNOWN = """
import json
from checkov.common.checks_infra.registry import get_graph_checks_registry
from checkov.terraform.checks.resource.registry import resource_registry
import checkov.terraform.checks.resource
graph = get_graph_checks_registry("terraform")
graph.load_checks()
types = set(resource_registry.checks).union(*(each.resource_types or [] for each in graph.checks))
print(json.dumps(sorted(each for each in types if each.startswith("aws_"))))
"""
VANISHED = re.compile(
    r"aws_(opsworks|worklink|simpledb|alb|root|macie_)|aws_(db|elasticache|redshift)_security_group|"
    r"aws_(az|caller|region)_info|aws_iam_policy_document"
)
"""Types that the provider has no more, calls otherwise (``aws_alb`` is ``aws_lb``) or never had as resources."""


@pytest.fixture(scope="module")
def runs() -> list[engine.Run]:
    """Each run of checkov that a scan made."""
    return []


@pytest.fixture(scope="module")
def report(runs: list[engine.Run]) -> Report:
    """The one scan of this file."""
    whole = engine.run

    def run(*arguments: object) -> engine.Run:
        runs.append(whole(*arguments))  # type: ignore[arg-type]
        return runs[-1]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(engine, "run", run)
        skip = Entry(check="CKV_AWS_144", resources="kept", reason="the test explains just one of two", owner="me")
        return scan(stores(), (skip,))


def failed(report: Report, check: str) -> set[str]:
    return {each.name for each in report.findings if each.check == check}


def test_versioning_and_privacy_declared_beside_the_bucket_count(report: Report) -> None:
    assert failed(report, "CKV_AWS_21") == {"bare"}, "versioning, a reference of an unknown value"
    assert failed(report, "CKV2_AWS_6") == {"bare"}, "public access block, a reference of a known value"


def test_a_finding_names_the_line_and_who_called_it(report: Report) -> None:
    (bare,) = (each for each in report.findings if each.check == "CKV_AWS_21")
    assert (str(bare.source), bare.through) == ("shop.py:20", ())
    (kept,) = (each for each in report.findings if each.check == "CKV_AWS_18" and each.name == "kept")
    assert (str(kept.source), [str(each) for each in kept.through]) == ("shop.py:10", ["__main__.py:7"])


def test_a_value_that_isnt_known_is_neither_a_failure_nor_a_pass(report: Report, runs: list[engine.Run]) -> None:
    told = {(each.check, each.name): each.reason for each in report.undecided}
    assert told["CKV_AWS_16", "database"] == "storage_encrypted isn't known before the update"
    assert "kms_master_key_id isn't known before the update" in told["CKV_AWS_27", "open"], "it comes from no resource"
    assert ("CKV_K8S_14", "web") in told, "an image"
    decided = {(each.check, each.resource) for run in runs for each in run.records}
    assert not decided & {(each.check, each.resource) for run in runs for each in run.undecided}


def test_own_checks_see_what_is_connected(report: Report) -> None:
    assert failed(report, "CKV_LOSS_1") == {"thumbnails-from-bucket"}
    assert failed(report, "CKV_LOSS_2") == {"stream"}


def test_the_workload_is_judged_and_its_annotation_told(report: Report) -> None:
    assert failed(report, "CKV_K8S_20") == {"web"}
    skipped = {(each.check, each.name): each.reason for each in report.skipped}
    assert skipped["CKV_K8S_43", "web"] == "The image is pinned by the deployer"
    assert ("CKV_AWS_144", "kept") in skipped
    assert failed(report, "CKV_AWS_144") == {"bare"}


def test_nothing_is_lost_on_the_way(report: Report, runs: list[engine.Run]) -> None:
    told = {each.type: each.reason for each in report.not_bridged}
    assert told["random:index/randomId:RandomId"] == "no bridge for this type"
    assert told["kubernetes:apps/v1:DeploymentPatch"] == "no bridge for this type"
    (run,) = runs
    assert run.broken == ()
    assert report.checks_run == len(run.records) > 150


def test_it_never_tried_to_reach_anything(report: Report, runs: list[engine.Run]) -> None:
    assert [each.refused for each in runs] == [()]


def test_whoever_tries_is_refused() -> None:
    command = [sys.executable, "-c", REACH, str(engine.WORKER)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "3\n"), done.stderr


def test_none_of_the_users_environment_is_handed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BC_API_KEY", "PRISMA_API_URL", "HTTPS_PROXY", "CKV_CHECK", "PYTHONPATH", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    handed = engine.surroundings(tmp_path)
    assert set(handed) & set(os.environ) <= {"PATH", "HOME", "TMPDIR", "LC_ALL", "PYTHONDONTWRITEBYTECODE"}
    assert handed["HOME"] == str(tmp_path)


def test_a_worker_that_ends_badly_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    worker = tmp_path / "worker.py"
    monkeypatch.setattr(engine, "WORKER", worker)
    monkeypatch.setattr(environment, "python", lambda: Path(sys.executable))
    worker.write_text("raise SystemExit('first\\nlast')")
    with pytest.raises(CheckovError, match=r"^checkov failed: last$"):
        engine.run({}, {})
    worker.write_text("import sys; open(sys.argv[2], 'w').write('{}')")
    with pytest.raises(CheckovError, match="unknown form"):
        engine.run({}, {})
    worker.write_text("import os, sys; print(oct(os.stat(sys.argv[1]).st_mode)[-3:]); sys.exit(1)")
    with pytest.raises(CheckovError, match="700"):
        engine.run({}, {})


def test_every_type_that_checkov_judges_is_the_name_of_a_type_of_pulumi() -> None:
    command = [str(environment.python()), "-I", "-c", KNOWN]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    judged = set(json.loads(done.stdout))
    sdk = (Path(pulumi_aws.__file__).parent / "__init__.py").read_text()
    reached = {naming.terraform_type(token) for token in re.findall(r'"(aws:[a-z0-9]+/\w+:[A-Z]\w*)"', sdk)}
    assert len(judged) > 1_000
    assert sorted(each for each in judged - reached if not VANISHED.match(each)) == []
