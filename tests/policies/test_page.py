"""``docs/policies.md`` and the pack agree, and every example on the page really fails."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from core.policy_settings import PolicySettings
from policies.pack import BY_NAME, RULES
from policies.rule import PolicyContext, ResourceRule, Rule, StackRule
from policies.waivers import Waivers
from tests.components.mocked import ROOT
from tests.policies.cases import FACTS, make, said, said_of

PAGE = (ROOT / "docs" / "policies.md").read_text()
ROW = re.compile(r"^\| \[`([a-z-]+)`\]\(#([a-z-]+)\) \| (\w+) \| ([a-z, ]+) \| (\w+) \|$", re.MULTILINE)
SECTIONS = dict(re.findall(r"^### ([a-z-]+)\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))
WITHOUT_EXAMPLE = {"release-lock", "release-window", "release-signed", "waivers-current"}
"""These look at files, not at resources."""


def flat(text: str) -> str:
    return " ".join(text.split())


def row(rule: Rule) -> tuple[str, str, str, str, str]:
    enforcement = "mandatory, locked" if rule.locked else rule.enforcement
    return (
        rule.name,
        rule.name,
        str(rule.severity),
        enforcement,
        "resource" if isinstance(rule, ResourceRule) else "stack",
    )


def test_the_table_lists_every_policy_as_it_is() -> None:
    assert ROW.findall(PAGE) == [row(rule) for rule in RULES]
    assert list(SECTIONS) == [rule.name for rule in RULES]


@pytest.mark.parametrize("name", BY_NAME)
def test_a_section_says_what_the_policy_says(name: str) -> None:
    rule, section = BY_NAME[name], flat(SECTIONS[name])
    assert rule.description in section
    assert f"Fix: {rule.remediation_steps}" in section
    defaults = rule.config().model_dump(mode="json", by_alias=True)
    told = ", ".join(f"`{key}: {json.dumps(value)}`" for key, value in defaults.items())
    assert ("Configuration: `" in section) is bool(told)
    assert told in section


def resource(entry: dict[str, Any]) -> Any:
    more = {"protect": entry.get("protect", False), "delete_before_replace": entry.get("deleteBeforeReplace")}
    return make(entry["type"], entry["name"], entry.get("props"), **more)


@pytest.mark.parametrize("name", BY_NAME)
def test_the_example_fails(name: str) -> None:
    rule, facts = BY_NAME[name], PolicyContext(FACTS.stack, FACTS.clock)
    found = re.search(r"^Fails:\n\n```yaml\n(.*?)^```$", SECTIONS[name], re.MULTILINE | re.DOTALL)
    assert (found is None) is (name in WITHOUT_EXAMPLE)
    if found is None:
        assert "\nFails: " in SECTIONS[name]
        return
    resources = [resource(entry) for entry in yaml.safe_load(found[1])]
    if isinstance(rule, StackRule):
        assert said_of(name, resources, facts=facts)
    else:
        assert all(said(name, each, facts=facts) for each in resources)


def test_the_settings_and_waivers_on_the_page_are_valid() -> None:
    blocks = re.findall(r"(?:^    .*\n)+", PAGE, re.MULTILINE)
    given = next(yaml.safe_load(block) for block in blocks if "policies:enforcement" in block)
    settings = PolicySettings.model_validate({key.removeprefix("policies:"): value for key, value in given.items()})
    assert set(settings.enforcement) | set(settings.config) <= set(BY_NAME)
    (waivers,) = (yaml.safe_load(block) for block in blocks if "expires:" in block)
    assert Waivers.model_validate({"waivers": waivers}).waivers[0].policy in BY_NAME
