"""The wheels in a program of somebody else: the quick start as it is written, a refused delete, the pack, checkov."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packaging.foreign import Foreign, made, said_in_document
from tests.support import sandbox as sandboxes

pytestmark = [pytest.mark.long, pytest.mark.engine, pytest.mark.sandbox, pytest.mark.timeout(1200)]
NOTHING = """\
import pulumi
from rollback_stack.guard.program import guarded

with guarded():
    pass
"""
UNGUARDED = """\
import pulumi_aws as aws

aws.dynamodb.Table("jobs", name="jobs-demo", hash_key="id", billing_mode="PAY_PER_REQUEST",
                   attributes=[{"name": "id", "type": "S"}])
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Foreign]:
    running = sandboxes.start(tmp_path_factory.mktemp("sandbox"), 1.0, {"account"})
    try:
        yield made(tmp_path_factory.mktemp("foreign"), running)
    finally:
        sandboxes.stop(running)


def test_the_quick_start_runs_as_it_is_written(shop: Foreign) -> None:
    start, leaving = said_in_document("sh")
    (program,) = said_in_document("python")
    without_orders, table, _ = program.partition("    aws.dynamodb.Table")
    assert table

    shop.write(re.sub(r"\s*deletion_protection_enabled=True,", "", program))
    refused = shop.run(start)
    assert refused.code != 0
    assert "durable-store-belts" in refused.said, refused.said
    shop.write(program)
    done = shop.run(start)
    assert done.code == 0, done.said
    assert "dev: entry 1 of the ledger, 3 durable stores" in done.output
    assert "dev: 3 durable stores, all guarded" in shop.run("rollback-guard audit").output

    shop.write(without_orders)
    pack = {"PULUMI_OPTION_POLICY_PACK": "policy"}
    refused = shop.run("pulumi up --yes", **pack)
    assert refused.code != 0
    assert "rollback-guard recovery make orders-demo -s dev" in refused.said, refused.said
    assert "durable-store-removal" in refused.said
    assert "rollback guard" not in refused.said.replace("rollback-guard", "")

    shop.write(program)
    done = shop.run(leaving, **pack)
    assert done.code == 0, done.said
    (point,) = json.loads(shop.run("rollback-guard recovery list --output json").output)
    assert point["store"]["name"] == "orders-demo"
    assert point["restore"].startswith("rollback-guard recovery restore ")
    shop.write(without_orders)
    gone = shop.run("pulumi up --yes", **pack)
    assert gone.code == 0, gone.said
    audited = shop.run("rollback-guard note && rollback-guard audit")
    assert audited.code == 0, audited.said


def test_the_hook_alone_refuses_where_no_pack_is_loaded(shop: Foreign) -> None:
    (program,) = said_in_document("python")
    shop.write(NOTHING)
    refused = shop.run("pulumi up --yes --skip-preview")
    assert refused.code != 0, refused.said
    assert "rollback-guard approve invoices-demo" in refused.said or "rollback-guard recovery make" in refused.said
    shop.write(program)
    assert shop.run("rollback-guard approve invoices-demo --by 'Ada Byron' --reason 'it is a copy'").code == 0
    revoked = shop.run("rollback-guard revoke invoices-demo")
    assert "revoked: delete" in revoked.output, revoked.said


def test_checkov_reads_the_preview(shop: Foreign) -> None:
    shop.write(said_in_document("python")[0])
    done = shop.run("pulumi preview --json --show-sames | rollback-policies checkov - --output json")
    assert done.code == 1, done.said
    assert "CKV_AWS_" in done.output


@pytest.mark.parametrize(
    ("command", "part"),
    [
        ("rollback-guard list -s nope", "error: "),
        ("rollback-guard approve nothing --by 'Ada Byron' --reason 'it is a copy'", "error: "),
        ("cd / && rollback-guard list", "error: there is no Pulumi.yaml in / or above"),
        ("rollback-guard approve", "error: "),
        ("echo 'aprovals: x' > guard.yaml; rollback-guard list", "error: guard.yaml: unknown key aprovals"),
        ("echo 'pack: policy' > guard.yaml; rollback-guard list", "error: guard.yaml names no recoveryBucket"),
    ],
)
def test_what_is_wrong_is_one_line(shop: Foreign, command: str, part: str) -> None:
    before = (shop.folder / "guard.yaml").read_text()
    try:
        done = shop.run(command)
    finally:
        shop.write(before, "guard.yaml")
    assert done.code in (1, 2), done.said
    lines = [line for line in done.errors.splitlines() if line.strip()]
    assert len(lines) == 1, done.said
    assert part in lines[0]


def test_of_a_program_without_the_guard_the_pack_sees_what_it_declares(shop: Foreign, tmp_path: Path) -> None:
    """As one in another language is: the engine tells a pack the same of both."""
    other = Foreign(tmp_path, shop.venv, shop.environment)
    other.write(
        f"name: other\nruntime:\n  name: python\n  options: {{toolchain: pip, virtualenv: {shop.venv}}}\n",
        "Pulumi.yaml",
    )
    other.write(UNGUARDED)
    for command in ("pulumi stack init bare", "pulumi config set aws:region us-east-1", "rollback-policies new"):
        done = other.run(command)
        assert done.code == 0, done.said
    told = other.run("pulumi preview --policy-pack policy")
    assert told.code != 0
    for policy in ("durable-store-protected", "guard-present"):
        assert policy in told.said, told.said
    assert "durable-store-removal" not in told.said
    up = other.run("pulumi up --yes --skip-preview")
    assert up.code == 0, up.said
    gone = other.run("pulumi destroy --yes --skip-preview")
    assert gone.code == 0, "no hook is there to refuse it"
