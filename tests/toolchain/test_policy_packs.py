"""Policy packs run by our language host under the real engine."""

from __future__ import annotations

import pytest

from tests.toolchain.trial_project import Project

pytestmark = pytest.mark.engine

PACK = """
import pulumi
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

WHERE = f"{pulumi.get_project()}/{pulumi.get_stack()}"
FORBIDDEN = pulumi.Config("trial").get("forbidden")

def check(args, report):
    if args.name == FORBIDDEN:
        report(f"{args.name} is forbidden in {WHERE}")

PolicyPack("trial-pack", enforcement_level=EnforcementLevel.MANDATORY, policies=[
    ResourceValidationPolicy(name="forbidden-name", description="Some names are forbidden.", validate=check)])
"""

PROGRAM = """
import pulumi

class Part(pulumi.ComponentResource):
    def __init__(self, name: str) -> None:
        super().__init__("trial:index:Part", name)

Part("blue")
"""


@pytest.fixture
def guarded(project: Project) -> Project:
    project.program(PROGRAM)
    project.write("pack/PulumiPolicy.yaml", "runtime: python\n")
    project.write("pack/__main__.py", PACK)
    return project


def test_a_mandatory_violation_blocks_and_knows_stack_and_config(guarded: Project) -> None:
    guarded.pulumi("config", "set", "forbidden", "blue")
    for command in (["preview"], ["up", "--yes", "--skip-preview"]):
        result = guarded.pulumi(*command, "--policy-pack", "pack", check=False)
        assert result.returncode != 0
        assert "blue is forbidden in trial/dev" in result.stdout


def test_a_pack_without_violations_lets_pass(guarded: Project) -> None:
    guarded.pulumi("config", "set", "forbidden", "red")
    shown = guarded.pulumi("up", "--yes", "--skip-preview", "--policy-pack", "pack").stdout
    assert "trial-pack" in shown
    assert "2 created" in shown


def test_a_pack_that_cannot_start_stops_the_update_and_says_why(guarded: Project) -> None:
    guarded.write("pack/__main__.py", "raise RuntimeError('the pack is broken')\n")
    result = guarded.pulumi("preview", "--policy-pack", "pack", check=False)
    assert result.returncode != 0
    assert "the pack is broken" in result.stdout + result.stderr
    # The engine tells whichever it hears of first: the pack's end, or its own calls to the host being called off.
    last = ("policy pack not started: could not read policy pack port: EOF", "Cancelling all calls")
    assert any(each in result.stdout + result.stderr for each in last)
