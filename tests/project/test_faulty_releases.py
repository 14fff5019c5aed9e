"""One faulty release a system: what it breaks is noticed, and the way back ends where it began."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest

from sandbox.account.export.compare import diff
from tests.project.conftest import RELEASE
from tests.support.cluster import snapshot
from tests.support.project import Project
from tests.support.sandbox import RunningSandbox
from tests.support.unchanged import drifted

FAULTY = "v1.3.0"

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

NOTICED = {
    "async-rag": "async-rag document",
    "rag-api": "CrashLoopBackOff",
    "compaction": "compaction receipt",
    "cryptique": "CodeDeploy could not bring revisions/cryptique/2.0.0",
    "security-assistant": "security-assistant job",
}
"""What the deployment of the faulty release says of each system."""


def printed(said: str, system: str) -> str | None:
    """The command that brings a system back, as ``rollback`` prints it."""
    lines = re.findall(rf"^prod: {system} .*back.*: `(rollback [^`]*)`$", said, re.MULTILINE)
    assert len(lines) < 2, lines
    return lines[0] if lines else None


def state(sandbox: RunningSandbox) -> tuple[dict[str, Any], dict[str, Any]]:
    return sandbox.account(), snapshot(sandbox.environment["KUBECONFIG"], "production")


def lasting(difference: object) -> bool:
    """Whether a difference is more than history: a version that was published stays, and so does a deployment's log."""
    text = str(difference)
    return not any(word in text for word in ("versions", "deployments", "revisions"))


@pytest.mark.timeout(600)
@pytest.mark.long
@pytest.mark.parametrize("system", NOTICED)
def test_a_faulty_release_is_noticed_and_the_way_back_ends_where_it_began(
    sandbox: RunningSandbox, prod: Project, system: str
) -> None:
    prod.restore_settings()
    # Five minutes without progress are prod's patience; a test hasn't got them.
    assert prod.pulumi("config", "set", "rag-api:progressDeadline", "12").code == 0
    assert prod.pulumi("config", "set", "rag-api:podStart", "1").code == 0
    prod.up(RELEASE)
    account, namespace = state(sandbox)
    pins = prod.stack_file.read_text()
    done = prod.rollback("deploy", FAULTY, "--system", system)
    assert done.code != 0, done.said
    assert NOTICED[system] in done.said
    command = printed(done.said, system)
    if command is None:
        # Everything runs what it ran before, and the file says so still.
        assert f"{system} still runs {RELEASE}" in done.said
        assert "no release has to be brought back" in done.said
        command = "rollback up -s prod"
    if f"{system} of prod runs {FAULTY}" not in done.said:
        assert prod.stack_file.read_text() == pins
    back = prod.rollback(*shlex.split(command)[1:])
    assert back.code == 0, back.said
    assert prod.rollback("status").code == 0
    account_again, namespace_again = state(sandbox)
    assert [each for each in diff(account, account_again) if lasting(each)] == []
    assert list(diff(namespace, {name: namespace_again.get(name) for name in namespace})) == []
    # The faulty release's ReplicaSet is kept, with no pods, as every other's is.
    assert all("ReplicaSet/" in name for name in namespace_again if name not in namespace)
    assert drifted(prod) == set()
