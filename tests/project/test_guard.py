"""The guard as people meet it: a store leaves the program, and what it takes until it may go; an edit of the state."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests.support.project import Project
from tests.support.sandbox import RunningSandbox

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

TABLE = "passing-prod"
READER = "amplify-rag-prod-query_handler"
"""A function that depends on the table of states."""
DECLARED = f"""
    import pulumi_aws as aws

    key = aws.dynamodb.TableAttributeArgs(name="id", type="S")
    aws.dynamodb.Table(
        "passing",
        name="{TABLE}",
        billing_mode="PAY_PER_REQUEST",
        hash_key="id",
        attributes=[key],
        deletion_protection_enabled=True,
        point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(enabled=True),
        opts=pulumi.ResourceOptions(provider=context.account.provider),
    )
    guard.plan()
"""


@pytest.fixture
def with_table(prod: Project) -> Iterator[Project]:
    """prod with a table more; the program's own text comes back afterwards."""
    program = prod.folder / "__main__.py"
    own = program.read_text()
    program.write_text(own.replace("    guard.plan()\n", DECLARED, 1))
    yield prod
    program.write_text(own)


def without(project: Project) -> None:
    program = project.folder / "__main__.py"
    program.write_text(program.read_text().replace(DECLARED, "    guard.plan()\n", 1))


def items(sandbox: RunningSandbox) -> int | None:
    client = sandbox.client("dynamodb")
    try:
        return int(client.scan(TableName=TABLE, Select="COUNT")["Count"])
    except client.exceptions.ResourceNotFoundException:
        return None


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_store_goes_with_an_approval_and_a_recovery_point_and_not_before(
    sandbox: RunningSandbox, with_table: Project
) -> None:
    prod = with_table
    assert prod.rollback("up").code == 0
    sandbox.client("dynamodb").put_item(TableName=TABLE, Item={"id": {"S": "1"}})
    approve = ("guard", "approve", TABLE, "--by", "Ada Byron", "--reason", "a copy that is needed no more")
    assert prod.rollback(*approve).code == 0
    unlocked = prod.rollback("up")
    assert unlocked.code == 0, unlocked.said
    without(prod)
    refused = prod.rollback("up")
    assert refused.code != 0
    assert "durable-store-removal" in refused.said
    assert f"rollback recovery make {TABLE} -s prod" in refused.said
    assert items(sandbox) == 1
    # A recovery point is of a store that the state knows; it does still.
    made = prod.rollback("recovery", "make", TABLE, "--yes")
    assert made.code == 0, made.said
    gone = prod.rollback("up")
    assert gone.code == 0, gone.said
    assert items(sandbox) is None
    assert json.loads(prod.rollback("guard", "list", "--output", "json").output)[0]["by"] == "Ada Byron"


@pytest.mark.long
def test_an_edit_of_the_state_is_found_by_the_audit(prod: Project) -> None:
    assert prod.rollback("up").code == 0
    assert prod.rollback("audit").code == 0
    (urn,) = [
        each["urn"] for each in prod.state()["deployment"]["resources"] if each["urn"].endswith("::compaction-receipts")
    ]
    assert prod.pulumi("state", "unprotect", urn, "--yes").code == 0
    found = prod.rollback("audit", "--output", "json")
    assert found.code == 1
    assert {each["kind"] for each in json.loads(found.output)} == {"state-edited", "unguarded"}
    assert prod.rollback("up").code == 0
    assert prod.rollback("audit").code == 0


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_store_that_somebody_took_out_of_the_state_is_taken_back_as_the_audit_says(prod: Project) -> None:
    assert prod.rollback("up").code == 0
    (urn,) = [
        each["urn"] for each in prod.state()["deployment"]["resources"] if each["urn"].endswith("::cryptique-revision")
    ]
    assert prod.pulumi("state", "delete", urn, "--force", "--yes").code == 0
    found = prod.rollback("audit")
    assert found.code == 1
    command = re.search(r"rollback (guard import \S+ -s prod)", found.output)
    assert command, found.said
    done = prod.rollback(*command[1].split())
    assert done.code == 0, done.said
    assert prod.rollback("up").code == 0
    assert prod.rollback("audit").code == 0
    preview = prod.pulumi("preview", "--expect-no-changes")
    assert preview.code == 0, preview.said


def versions(sandbox: RunningSandbox, function: str) -> list[str]:
    return [
        each["Version"]
        for each in sandbox.client("lambda").list_versions_by_function(FunctionName=function)["Versions"]
    ]


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("finding", ["state-edited", "store-gone"])
def test_what_left_with_a_store_is_taken_back_as_the_audit_says(
    sandbox: RunningSandbox, prod: Project, finding: str
) -> None:
    assert prod.rollback("up").code == 0
    before = {each["urn"]: each.get("id") for each in prod.state()["deployment"]["resources"]}
    published = versions(sandbox, READER)
    (urn,) = [each for each in before if each.endswith("::async-rag-status")]
    edit = ("state", "delete", urn, "--force", "--target-dependents", "--yes")
    assert prod.pulumi(*edit).code == 0
    left = len(before) - len(prod.state()["deployment"]["resources"])
    assert left > 20, "functions, roles' policies, consumers and routes leave with it"
    told = prod.rollback("audit")
    assert told.code == 1
    command = re.search(rf"{finding}: .*\n.*rollback (guard import(?: \S+)? -s prod)", told.output)
    assert command, told.said
    done = prod.rollback(*command[1].split(), timeout=400)
    assert done.code == 0, done.said
    assert "next: `rollback up -s prod`" in done.output
    up = prod.rollback("up")
    assert up.code == 0, up.said
    assert {each["urn"]: each.get("id") for each in prod.state()["deployment"]["resources"]} == before
    assert versions(sandbox, READER) == published, "nothing is built or published anew"
    audit = prod.rollback("audit")
    assert audit.code == 0, audit.said
    preview = prod.pulumi("preview", "--expect-no-changes")
    assert preview.code == 0, preview.said


@pytest.mark.long
def test_a_bare_update_with_the_pack_is_judged_by_it(prod: Project) -> None:
    pack = {"PULUMI_OPTION_POLICY_PACK": str(prod.folder / "policies")}
    done = prod.pulumi("preview", **pack)
    assert done.code == 0, done.said
    assert "rollback-stack@" in done.said
    refused = prod.run("pulumi", "destroy", "--stack", "prod", "--yes", "--skip-preview", "--non-interactive")
    assert refused.code != 0
    assert "run-program" in refused.said
