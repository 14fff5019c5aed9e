"""What the code writes itself is up to date, and leaves no setting and no command without a word."""

from __future__ import annotations

import functools
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest
import typer
from pydantic import Field
from pydantic.alias_generators import to_snake

from cli.reference import commands, pages, settings
from cli.rollback import app
from core import sentences
from core.model import Model
from policies.rule import schema
from stacks.rag_api import RagApiSettings
from stacks.settings import StackSettings

ROOT = Path(__file__).resolve().parents[2]
WRITE = "out of date: make reference"
WRITTEN = "Only written down: nothing watches it yet."
UNIT = re.compile(
    r"\b(percent|seconds?|minutes?|days?|MB|GiB|milliseconds?|times|US dollars|requests|pods|messages|changes|deletes"
    r"|deliveries|errors|answers|complaints|replicasets|revisions|ndcg|format)\b",
    re.IGNORECASE,
)
SETTINGS = [
    each for group in (settings.namespaces(), settings.policies()) for found in group.values() for each in found
]
OF_STACKS = [each for found in settings.namespaces().values() for each in found]
COMMANDS = list(commands.shown())


@pytest.mark.parametrize("path", pages.pages(), ids=lambda path: path.name)
def test_a_page_is_up_to_date(path: Path) -> None:
    assert path.read_text() == pages.pages()[path], WRITE


def test_the_tables_of_sentences_are_up_to_date() -> None:
    """By pydantic's own setting, in a process of its own: here the models were built long ago."""
    module = [sys.executable, "-m", "cli.reference.sentences"]
    done = subprocess.run(module, cwd=ROOT, check=True, capture_output=True, text=True)
    for path, content in json.loads(done.stdout).items():
        assert Path(path).read_text() == content, WRITE


def test_the_setting_of_pydantic_is_of_no_use_after_the_models() -> None:
    from cli.reference.sentences import tables

    with pytest.raises(RuntimeError, match="models were imported before"):
        tables()


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda each: each.key)
def test_every_setting_says_what_it_is_and_every_number_its_unit(setting: settings.Setting) -> None:
    assert setting.meaning.endswith(".")
    assert len(setting.meaning.split()) >= 3
    if setting.number:
        assert UNIT.search(setting.meaning), f"{setting.key}: in what unit?"


@functools.cache
def product() -> str:
    """What could read a setting. A takeover's decisions are others than cryptique's."""
    folders = ("components", "codedeploy", "cli", "core", "guard", "stacks")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py") if "takeover" not in path.parts]
    return "\n".join(path.read_text() for path in paths)


@pytest.mark.parametrize(
    "setting", [each for found in settings.namespaces().values() for each in found], ids=lambda each: each.key
)
def test_a_setting_is_read_or_says_that_it_is_only_written_down(setting: settings.Setting) -> None:
    """An attribute of that name, or the key itself where it is a secret; of a group that nothing reads, the group's."""
    group, *inner = setting.key.partition(":")[2].split(".")
    written = setting.meaning.endswith(WRITTEN) and inner and group in ("decisionMatrix", "decisions")
    name = group if written else (inner or [group])[-1]
    read = re.search(rf"\.{to_snake(name)}\b|secret\(\"{name}\"\)", product()) is not None
    assert read is (WRITTEN not in setting.meaning)


def test_every_setting_of_a_stack_has_a_row() -> None:
    rows = {each.key for found in settings.namespaces().values() for each in found}
    for name, field in StackSettings.model_fields.items():
        model = field.annotation
        if isinstance(model, type) and issubclass(model, Model) and name != "policies":
            namespace = "rollback-stack" if name == "project" else name.replace("_", "-")
            for key in sorted(model.keys()):
                wanted = f"{namespace}:{key}"
                assert [row for row in rows if row == wanted or row.startswith(f"{wanted}.")], wanted


class Inner(Model):
    """A group."""

    weight: Annotated[float, Field(gt=0, le=1)] = 0.5


class Outer(Model):
    """Settings that nobody has."""

    inner: Inner = Inner(weight=0.25)
    """Shares."""
    named: dict[str, Inner] = {}
    given: int
    told: ClassVar[dict[str, dict[str, str]]] = {
        "docs.test_reference.Inner": {"weight": "How much."},
        "docs.test_reference.Outer": {"inner": "Shares of all.", "given": "A `given_name`."},
    }


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> dict[str, settings.Setting]:
    monkeypatch.setattr(sentences, "of", lambda model: Outer.told.get(f"docs.test_reference.{model.__name__}", {}))
    whole = Outer.model_json_schema(by_alias=True)
    return {each.key: each for each in settings.below("x:", whole, whole["$defs"])}


def test_a_group_has_its_own_defaults_and_tells_what_all_of_it_is_about(rows: dict[str, settings.Setting]) -> None:
    assert rows["x:inner.weight"].default == "`0.25`"
    assert rows["x:inner.weight"].meaning == "How much. Shares of all."
    assert rows["x:inner.weight"].bounds == "above 0, at most 1"


def test_a_map_has_a_row_for_what_is_in_it(rows: dict[str, settings.Setting]) -> None:
    assert rows["x:named.<name>.weight"].default == "`0.5`"
    assert rows["x:given"].default == "has to be set"


def test_keys_are_written_as_in_a_file(rows: dict[str, settings.Setting]) -> None:
    assert rows["x:given"].meaning == "A `givenName`."


def test_the_schema_carries_the_sentences_at_run_time() -> None:
    found: dict[str, Any] = RagApiSettings.model_json_schema(by_alias=True)["properties"]
    assert found["podStart"]["description"].startswith("Seconds that a pod takes to become ready.")
    by_name = RagApiSettings.model_json_schema(by_alias=False)["properties"]
    assert by_name["pod_start"]["description"] == found["podStart"]["description"]


def test_so_does_what_a_policy_tells_the_engine() -> None:
    from policies.pack import BY_NAME

    rule = BY_NAME["blast-radius"]
    told = schema(rule.config, rule.config())
    assert told["maxDeletes"]["description"] == "Deletes and replacements together."
    inner = told["systems"]["additionalProperties"]["properties"]
    assert inner["maxDeletes"]["description"] == "Deletes and replacements together."


@pytest.mark.parametrize(("words", "command"), COMMANDS, ids=[" ".join(words) for words, _ in COMMANDS])
def test_every_command_and_option_says_what_it_does(words: tuple[str, ...], command: Any) -> None:
    assert command.help
    assert command.epilog
    assert [each.name for each in commands.parameters(command) if not each.help] == []
    assert f"\n## {' '.join(words)}\n" in commands.page()


def test_no_hidden_command_has_a_section() -> None:
    assert "publish" in typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert "\n## rollback publish\n" not in commands.page()
