"""The command line, where it is about to act, and what it prints."""

from __future__ import annotations

import io

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError
from pypdf import PdfReader
from typer.testing import CliRunner

from cli import rollback, targets
from cli.engine import Snapshot
from cli.health.pdf import one_page_pdf
from cli.health.smoke_tests import check
from cli.tables import changes_line
from cli.updates import update as updating
from core.errors import ServiceError, translate_errors
from tests.support.typed import with_stack

COMMANDS = ("deploy", "up", "status", "versions", "review", "audit")
OF_RELEASES = ("build", "new", "diff", "check", "publish", "retire", "key", "sign")


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["rollback", *with_stack(words)])
    return rollback.main()


@pytest.mark.parametrize(("group", "commands"), [((), COMMANDS), (("release",), OF_RELEASES)])
def test_help_names_every_command_and_each_has_an_example(group: tuple[str, ...], commands: tuple[str, ...]) -> None:
    help_text = CliRunner().invoke(rollback.app, [*group, "--help"]).output
    for name in commands:
        assert name in help_text
        told = CliRunner().invoke(rollback.app, [*group, name, "-h"])
        assert told.exit_code == 0
        assert f"Example: {' '.join(('rollback', *group, name))}" in " ".join(told.output.split())


def test_the_old_spelling_of_publish_still_works() -> None:
    told = CliRunner().invoke(rollback.app, ["publish", "-h"])
    assert told.exit_code == 0
    assert "Upload and push what is missing" in told.output


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (("release", "-h"), 0, ""),
        (("deploy", "v9.9.9"), 1, "error: unknown version 'v9.9.9'"),
        (("deploy", "v1.2.2", "--system", "rag"), 1, "error: unknown system 'rag'"),
        (("up", "-s", "prodd"), 1, "error: unknown stack 'prodd' (did you mean prod?)"),
        (("deploy",), 2, "error: Missing argument"),
        (("deploy", "v1.2.2", "--nonsense"), 2, "error: there is no option --nonsense; see `rollback deploy -h`"),
        (("status", "-o", "xml"), 2, "error: --output is 'xml'; it has to be text or json; see `rollback status -h`"),
        (("release", "build", "--system", "rag"), 1, "error: unknown system 'rag'"),
        (("release", "new", "1.5.0"), 1, "error: "),
        (("release", "new", "v1.5.0", "--pin", "rag-api"), 1, "error: --pin rag-api: write NAME=VERSION"),
        (("release", "diff", "v1.2.3", "v9.9.9"), 1, "error: unknown version 'v9.9.9'"),
        (("release", "sign", "v9.9.9"), 1, "error: unknown version 'v9.9.9'"),
    ],
)
def test_exit_codes_and_error_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, line: str
) -> None:
    assert run(monkeypatch, *words) == code
    said = capsys.readouterr().err
    assert said.startswith(line)
    assert len(said.splitlines()) == (1 if line else 0)


def test_ctrl_c_is_never_silent(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(rollback, "read", interrupted)
    assert run(monkeypatch, "status") == 130
    assert capsys.readouterr().err.startswith("stopped: what was under way may be done in part")


def test_the_exit_code_of_the_engine_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updating, "announce", lambda *_, **__: None)
    monkeypatch.setattr("cli.engine.Engine.prepare", lambda *_: Snapshot({}, []))
    monkeypatch.setattr("cli.updates.drift.prepare", lambda *_: None)
    monkeypatch.setattr("cli.preflight.check", lambda *_: None)
    monkeypatch.setattr("cli.engine.Engine.up", lambda *_: 255)
    assert run(monkeypatch, "up") == 255


def test_errors_of_account_and_cluster_are_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setattr(updating, "announce", unreachable)
    assert run(monkeypatch, "up") == 1
    assert (
        capsys.readouterr().err == "error: no account answers at http://127.0.0.1:1: start the sandbox with `make up`\n"
    )


def test_each_kind_of_error_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    from kubernetes.client import ApiException
    from urllib3.exceptions import ConnectTimeoutError, ProtocolError

    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("KUBECONFIG", "/some/kubeconfig")
    late = "the cluster of /some/kubeconfig doesn't answer in time: it is slow or can't be reached; try again"
    assert targets.explain(ConnectTimeoutError()) == late
    assert targets.explain(ProtocolError("refused")) == "the cluster of /some/kubeconfig doesn't answer"
    assert targets.explain(ApiException(403, "Forbidden")) == "the cluster of /some/kubeconfig says: 403 Forbidden"
    refused = ClientError({"Error": {"Code": "AccessDenied", "Message": "no\nway"}}, "GetRole")
    assert targets.explain(refused) == "An error occurred (AccessDenied) when calling the GetRole operation: no way"
    assert targets.explain(ValueError("a fault of ours")) is None


@pytest.mark.parametrize(
    ("endpoint", "local"),
    [
        ("http://127.0.0.1:4566", True),
        ("http://localhost:1", True),
        ("http://[::1]:1", True),
        ("https://sts.amazonaws.com", False),
        ("http://127.0.0.1.example.com", False),
        ("", False),
    ],
)
def test_only_loopback_is_local(monkeypatch: pytest.MonkeyPatch, endpoint: str, local: bool) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    assert targets.is_local() is local


def test_nobody_is_asked_where_nobody_can_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://example.com")
    monkeypatch.setattr(targets, "_account", lambda region: "111111111111")
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(targets.TargetError, match="nobody can be asked here: give --yes"):
        targets.announce("prod", "us-east-1", ask=True, cluster=False)
    targets.announce("prod", "us-east-1", ask=False, cluster=False)


@pytest.mark.parametrize("text", ["The word is checkabc.", r"Brackets (of) all \kinds(", ""])
def test_the_document_of_a_check_can_be_read(text: str) -> None:
    (page,) = PdfReader(io.BytesIO(one_page_pdf(text)), strict=True).pages
    assert page.extract_text().strip() == text


def test_what_a_check_runs_into_is_its_finding() -> None:
    told = {"health": "http://127.0.0.1:1/health", "release": "v1.2.2", "stores": {}, "endpoints": {}}
    health, document = check({"systems": {"async-rag": told}}, "us-east-1")
    assert not health.passed
    assert "refused" in health.detail
    assert not document.passed
    assert document.detail == "KeyError: 'bucket'"
    assert check({}, "us-east-1") == []


def test_an_update_is_told_in_one_line() -> None:
    assert changes_line("prod", {}) == "prod: nothing changed, it already runs what is pinned"
    assert changes_line("prod", {}, differs=True) == "prod: nothing changed"
    assert changes_line("prod", {"update": 3, "create": 1, "delete": 2}) == "prod: 1 created, 2 deleted, 3 updated"
    assert changes_line("prod", {"update": 3}, 269) == "prod: 3 updated; 269 unchanged"
    assert changes_line("prod", {"discard-replaced": 1}) == "prod: 1 discard-replaced"


def caused(cause: Exception) -> ServiceError:
    """As ``core.errors.translate_errors`` raises it."""
    try:
        with translate_errors("ledger of prod"):
            raise cause
    except ServiceError as error:
        return error


LOCAL, ELSEWHERE = "http://127.0.0.1:1", ""
REFUSED_TOKEN = ClientError({"Error": {"Code": "ExpiredToken", "Message": "expired"}}, "GetObject")


@pytest.mark.parametrize(
    ("cause", "endpoint", "line"),
    [
        (
            EndpointConnectionError(endpoint_url=LOCAL),
            LOCAL,
            f"ledger of prod: no account answers at {LOCAL}: start the sandbox with `make up`",
        ),
        (EndpointConnectionError(endpoint_url="https://s3"), ELSEWHERE, "ledger of prod: no account answers at AWS"),
        (
            NoCredentialsError(),
            ELSEWHERE,
            "ledger of prod: no AWS credentials: Unable to locate credentials. `aws sso login`",
        ),
        (REFUSED_TOKEN, ELSEWHERE, "ledger of prod: the AWS credentials aren't taken: "),
        (
            ReadTimeoutError(endpoint_url=LOCAL),
            LOCAL,
            "ledger of prod: the account at http://127.0.0.1:1 doesn't answer",
        ),
    ],
)
@pytest.mark.parametrize("words", ["audit", "guard close x --by Ada --reason because-of-it", "recovery list"])
def test_a_command_that_asks_an_account_which_is_down_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    cause: Exception,
    endpoint: str,
    line: str,
    words: str,
) -> None:
    def down(*_: object) -> None:
        raise caused(cause)

    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setattr("cli.engine.Engine.snapshot", lambda _: Snapshot({}, []))
    monkeypatch.setattr("guard.ledger.Ledger.read", down)
    monkeypatch.setattr("guard.recovery.catalogue.Catalogue.records", down)
    assert run(monkeypatch, *words.split()) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(f"error: {line}")


def test_a_refusal_of_ours_is_told_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", LOCAL)
    assert targets.behind(ServiceError("no store 'x'")) is None
    denied = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetObject")
    assert targets.behind(caused(denied)) is None


def test_a_kubeconfig_that_leads_nowhere_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from kubernetes.config import ConfigException

    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    said = targets.explain(ConfigException("Invalid kube-config file. No configuration found."))
    assert said == "no cluster can be told from /nowhere: set KUBECONFIG, or use `make shell` for the sandbox"


@pytest.mark.parametrize("group", [(), ("guard",), ("recovery",), ("release",)], ids="-".join)
def test_no_words_are_answered_by_the_help_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], group: tuple[str, ...]
) -> None:
    monkeypatch.setattr("sys.argv", ["rollback", *group])
    assert rollback.main() == 2
    told = capsys.readouterr()
    assert "Commands" in told.out + told.err
    assert "error:" not in told.err
