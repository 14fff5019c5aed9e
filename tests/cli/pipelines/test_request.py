"""What a pipeline is asked for: every spelling of the runbooks is understood, and what is wrong is one line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cli.pipelines.request import COMMANDS, ENVIRONMENTS, SPELLINGS, of_json, spellings, understood
from core.model import ConfigurationError
from stacks.settings import STACKS

DEPLOY = ("deploy", "v1.2.3", "-s", "prod")
UNDERSTOOD = {
    # rag-api's runbook
    "an environment written out, the release under another name": (
        {"command": "deploy", "environment": "production", "target_version": "v1.2.3", "skip_confirmation": "false"},
        ("production", "production", (*DEPLOY, "--yes")),
    ),
    "without a confirmation": (
        {"command": "deploy", "environment": "production", "target_version": "v1.2.3", "skip_confirmation": "true"},
        ("production", "production-unattended", (*DEPLOY, "--yes")),
    ),
    # security-assistant's
    "an environment cut short, without an approval": (
        {"command": "up", "environment": "prod", "skip_approval": "true"},
        ("production", "production-unattended", ("up", "-s", "prod", "--yes")),
    ),
    "staging, at what is pinned": (
        {"command": "up", "environment": "staging"},
        ("staging", "staging", ("up", "-s", "staging", "--yes")),
    ),
    "a release takes the place of what is pinned": (
        {"command": "up", "environment": "prod", "version": "v1.2.3"},
        ("production", "production", (*DEPLOY, "--yes")),
    ),
    "one system": (
        {"command": "deploy", "environment": "prod", "version": "v1.2.3", "system": "rag-api"},
        ("production", "production", (*DEPLOY, "--system", "rag-api", "--yes")),
    ),
    "both names of a release, if they name the same one": (
        {"command": "deploy", "environment": "prod", "version": "v1.2.3", "target_version": "v1.2.3"},
        ("production", "production", (*DEPLOY, "--yes")),
    ),
    "blanks around what was pasted": (
        {"command": "deploy", "environment": " prod ", "version": " v1.2.3\n"},
        ("production", "production", (*DEPLOY, "--yes")),
    ),
    "truth as GitHub and as YAML write it": (
        {"command": "up", "environment": "dev", "skip_approval": "True"},
        ("dev", "dev-unattended", ("up", "-s", "dev", "--yes")),
    ),
    "further words, quoted": (
        {"command": "review", "environment": "prod", "arguments": "--base 'origin/main' --releases 3"},
        ("production", "production", ("review", "-s", "prod", "--base", "origin/main", "--releases", "3")),
    ),
    "what one system runs": (
        {"command": "status", "environment": "prod", "system": "rag-api", "arguments": "-o json"},
        ("production", "production", ("status", "rag-api", "-s", "prod", "-o", "json")),
    ),
}
GO_BACK = {"command": "deploy", "environment": "prod", "version": "v1.2.3"}
REFUSED = {
    "no environment": ({"environment": ""}, "environment is empty"),
    "a mistyped environment": ({"environment": "produciton"}, "'produciton' (did you mean production?)"),
    "one that nobody has": ({"environment": "qa"}, "one of dev, staging, production, prod"),
    "another case": ({"environment": "PROD"}, "did you mean prod?"),
    "a gate in place of an environment": ({"environment": "production-unattended"}, "did you mean production?"),
    "no release": ({"version": ""}, "say which release"),
    "a release that there isn't": ({"version": "v9.9.9"}, "unknown version 'v9.9.9'"),
    "a release without its v": ({"version": "1.2.3"}, "did you mean v1.2.3?"),
    "two releases": ({"target_version": "v1.2.2"}, "version is v1.2.3 and target_version is v1.2.2"),
    "options in place of a release": ({"version": "v1.2.3 --unpin"}, "'v1.2.3 --unpin' doesn't name a release"),
    "a command of a shell": ({"version": "$(id)"}, "'$(id)'"),
    "a mistyped system": ({"system": "rag-apo"}, "did you mean rag-api?"),
    "a stack in place of a system": ({"system": "prod"}, "is a stack and no system"),
    "a system without a release": (
        {"command": "up", "version": "", "system": "rag-api"},
        "which release rag-api goes to",
    ),
    "no truth": ({"skip_approval": "yes"}, "skip_approval is 'yes'; it has to be true or false"),
    "no truth beside one": ({"skip_approval": "true", "skip_confirmation": "1"}, "skip_confirmation is '1'"),
    "a mistyped command": ({"command": "deplyo"}, "did you mean deploy?"),
    "a release where none is read": ({"command": "status"}, "rollback status takes no version"),
    "a system where none is read": ({"command": "audit", "version": "", "system": "rag-api"}, "takes no system"),
    "an open quotation": ({"command": "audit", "version": "", "arguments": "'a"}, "no closing quotation"),
    "too short": ({"minutes": "5"}, "minutes is '5'; it has to be a whole number, 15 to 720"),
    "too long": ({"minutes": "721"}, "minutes is '721'"),
    "no number": ({"minutes": "1h"}, "minutes is '1h'"),
}


@pytest.mark.parametrize("case", UNDERSTOOD)
def test_every_spelling_is_understood(case: str) -> None:
    inputs, (environment, gate, arguments) = UNDERSTOOD[case]
    request = understood(inputs)
    assert (request.environment, request.gate, request.arguments) == (environment, gate, arguments)
    assert request.stack == arguments[arguments.index("-s") + 1]
    assert request.region == "us-east-1"
    assert request.minutes == 60


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_is_refused_in_one_line(case: str) -> None:
    wrong, said = REFUSED[case]
    with pytest.raises(ConfigurationError) as refused:
        understood({**GO_BACK, **wrong})
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_every_stack_has_one_environment_and_only_prod_two_spellings() -> None:
    assert set(ENVIRONMENTS.values()) == set(STACKS)
    assert set(SPELLINGS.values()) == set(ENVIRONMENTS)
    assert [set(spellings(each)) for each in ENVIRONMENTS] == [{"dev"}, {"staging"}, {"production", "prod"}]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_one_that_the_command_line_has(command: str) -> None:
    from typer.main import get_command

    from cli import rollback

    request = understood(
        {"command": command, "environment": "prod", "version": "v1.2.3" if command == "deploy" else ""}
    )
    found = get_command(rollback.app).get_command(None, request.arguments[0])  # type: ignore[attr-defined]
    assert found.make_context(command, list(request.arguments[1:])).params["stack"] == "prod"
    assert request.updates == (command in ("deploy", "up"))


def test_a_later_step_reads_the_request_as_the_first_understood_it() -> None:
    request = understood({**GO_BACK, "system": "rag-api", "minutes": "90"})
    outputs = request.outputs
    assert of_json(outputs["request"]) == request
    assert outputs["seconds"] == "5400"
    assert "\n" not in "".join(outputs.values())
    assert replace(request, minutes=60) != request
