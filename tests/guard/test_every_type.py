"""Types that hold data and are no table or bucket, with the real engine: none of them goes unseen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

from guard.evidence import RecoveryPoints
from guard.guard import Guard
from guard.previous import read_previous
from guard.recovery.catalogue import Catalogue
from tests.guard.contents import REGION
from tests.guard.world import BUCKET, STACK, Program, World, led_to
from tests.support.project import ROOT
from tests.support.sandbox import RunningSandbox

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]
ALL = ("key", "parameter", "object", "dynamic")


class Ledger(pulumi.dynamic.ResourceProvider):
    """Keeps an entry that nobody else has."""

    def create(self, props: dict[str, Any]) -> pulumi.dynamic.CreateResult:
        return pulumi.dynamic.CreateResult("entry-1", props)


class Entry(pulumi.dynamic.Resource, module="trial", name="Entry"):
    """A resource of a type of the program's own."""


@dataclass(frozen=True)
class Types(Program):
    """Declares some of the resources."""

    declared: tuple[str, ...] = ()
    value: str = "first"
    name: str = "/app/revision"

    def run(self, world: World) -> None:
        """Declare them."""
        import pulumi_aws as aws

        guard = Guard(STACK, RecoveryPoints(BUCKET, REGION), read_previous(), world.approvals)
        guard.register()
        part = pulumi.ComponentResource("test:systems:Part", "part")
        opts = pulumi.ResourceOptions(parent=part)
        if "key" in self.declared:
            aws.kms.Key("key", description="orders", opts=opts)
        if "parameter" in self.declared:
            aws.ssm.Parameter("parameter", name=self.name, type="String", value=self.value, opts=opts)
        if "object" in self.declared:
            aws.s3.BucketObject("object", bucket=BUCKET, key="page", content=self.value, opts=opts)
        if "dynamic" in self.declared:
            Entry(Ledger(), "dynamic", {"entry": self.value}, opts)
        guard.plan()
        pulumi.export("guard", guard.outputs())


@pytest.fixture
def world(sandbox: RunningSandbox, tmp_path: Path) -> Iterator[World]:
    with led_to(sandbox):
        # The provider of a dynamic resource is a process of its own, which has to find this module.
        environment = {**sandbox.environment, "PYTHONPATH": str(ROOT)}
        made = World("every-type", tmp_path, replace(sandbox, environment=environment))
        made.make()
        Catalogue(BUCKET, REGION).ensure()
        yield made


def names(world: World) -> set[str]:
    resources = world.state()["deployment"].get("resources") or []
    return {each["urn"].rpartition("::")[2] for each in resources if each.get("custom")}


@pytest.mark.long
@pytest.mark.timeout(240)
def test_no_type_that_holds_data_goes_unseen(world: World) -> None:
    assert world.run("up", Types(declared=ALL), pack=True) is None
    refused = str(world.run("up", Types()))
    for part in (
        "nothing copies a key",
        "/app/revision: its deletion isn't approved",
        "page: its deletion isn't approved",
        "nobody has reviewed what this type holds",
    ):
        assert part in refused
    assert names(world) >= set(ALL)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_what_the_program_gives_goes_with_an_approval_and_is_replaced_without(world: World) -> None:
    assert world.run("up", Types(declared=ALL), pack=True) is None
    assert world.run("up", Types(declared=ALL, name="/app/other"), pack=True) is None
    rest = Types(declared=("key", "object", "dynamic"))
    assert "durable-store-removal" in str(world.run("preview", rest, pack=True))
    world.approve("/app/other")
    assert world.run("up", rest, pack=True) is None
    assert "parameter" not in names(world)
    assert {"key", "object", "dynamic"} <= names(world)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_an_approval_alone_never_lets_go_what_nothing_copies(world: World) -> None:
    assert world.run("up", Types(declared=("key", "dynamic"))) is None
    for name in ("key", "dynamic"):
        world.approve(name)
    assert world.run("up", Types(declared=("key", "dynamic"))) is None
    refused = str(world.run("up", Types()))
    assert "nothing copies a key" in refused
    assert "nobody has reviewed what this type holds" in refused
    assert {"key", "dynamic"} <= names(world)
