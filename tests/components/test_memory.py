"""What a program reads of earlier updates may lack anything and hold anything; the state has a second copy of some."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.common.artifacts import refuse_missing_artifacts
from components.common.context import Context
from components.common.memory import Memory
from stacks.artifact_objects import FUNCTION, artifact_objects, code_hash
from stacks.file import read
from stacks.selection import select
from tests.components.mocked import NotThereError, Recorder, answer_with

PREFIX = "urn:pulumi:prod::rollback-stack::"
NO_MAPPING: list[Any] = [None, "text", 7, ["a"], True]
HOOKS: Any = None


def context(memory: Memory) -> Context:
    return Context(read("prod"), memory, HOOKS)


@pytest.mark.parametrize("lie", NO_MAPPING)
@pytest.mark.parametrize("name", ["published", "systems", "target"])
def test_an_output_that_is_no_mapping_is_none(name: str, lie: Any) -> None:
    assert Memory({name: lie}).get(name) == {}


@pytest.mark.parametrize("lie", [*NO_MAPPING, {}, {"release": None}, {"release": 3}, {"release": ["v1.2.3"]}])
def test_a_system_that_says_no_release_has_none(lie: Any) -> None:
    memory = Memory({"systems": {"async-rag": lie, "rag-api": {"release": "v1.2.3"}}})
    assert (memory.release("async-rag"), memory.release("rag-api")) == (None, "v1.2.3")
    chosen = select(read("prod", {"rollback-stack:version": "v1.2.2"}))
    assert not context(memory).goes_back(chosen["async-rag"])
    assert context(memory).goes_back(chosen["rag-api"])


def test_a_target_that_was_lost_is_in_the_state_as_well() -> None:
    parts = {
        f"{PREFIX}rollback:parts:Account::account": {"id": "123456789012"},
        f"{PREFIX}rollback:parts:Cluster::cluster": {"id": "uid"},
    }
    assert Memory({}, parts).target == {"account": "123456789012", "cluster": "uid"}
    assert Memory({"target": {"account": "other"}}, parts).target == {"account": "other", "cluster": "uid"}
    assert Memory({"target": ["x"]}, parts).target == {"account": "123456789012", "cluster": "uid"}
    assert Memory({}).target == {}


def test_a_resource_is_found_by_its_type_and_name_under_any_parent() -> None:
    memory = Memory({}, {f"{PREFIX}rollback:systems:A$rollback:parts:B${FUNCTION}::worker": {"publish": True}})
    assert memory.resource(FUNCTION, "worker") == {"publish": True}
    assert memory.resource(FUNCTION, "api") is None
    assert Memory({}, {"no urn": {}}).resource(FUNCTION, "worker") is None


@pytest.mark.parametrize(
    ("touched", "before", "release"),
    [
        ([True, True], "v1.2.2", "v1.2.3"),
        ([True, False], "v1.2.2", "v1.2.2"),
        ([False], None, "v1.2.3"),
        ([], "v1.2.2", "v1.2.3"),
    ],
)
def test_a_system_that_an_update_left_out_keeps_its_release(
    touched: list[bool], before: str | None, release: str
) -> None:
    answer_with(Recorder(), project="rollback-stack", stack="prod")
    memory = Memory({"systems": {"async-rag": {"release": before}}})
    chosen = select(read("prod", {"rollback-stack:version": "v1.2.3"}))["async-rag"]
    seen: list[str] = []

    def program() -> None:
        context(memory).reached(chosen, touched).apply(seen.append)

    pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
    assert seen == [release]


class EmptyBucket(Recorder):
    """A bucket that has nothing; the keys that were asked for are kept."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[str] = []

    def call(self, args: Any) -> Any:
        if args.token == "aws:s3/getObject:getObject":
            self.keys.append(args.args["key"])
            raise NotThereError("couldn't find resource")
        return super().call(args)


def ask_for_artifacts(resources: dict[str, Any]) -> tuple[EmptyBucket, str | None]:
    """What the program asks the bucket for, and the line that it refuses with."""
    recorder = EmptyBucket()
    answer_with(recorder, project="rollback-stack", stack="prod")
    settings = read("prod", {"rollback-stack:version": "v1.2.3"})
    said: list[str | None] = []

    def program() -> None:
        selected = {name: chosen for name, chosen in select(settings).items() if name == "security-assistant"}
        project = settings.project.model_copy(update={"systems": ("security-assistant",)})
        own = settings.model_copy(update={"project": project})
        try:
            refuse_missing_artifacts(Context(own, Memory({}, resources), HOOKS), selected)
        except pulumi.RunError as error:
            said.append(str(error))

    pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
    return recorder, said[0] if said else None


def test_the_program_itself_refuses_before_it_declares_a_system() -> None:
    recorder, said = ask_for_artifacts({})
    assert said
    assert said.startswith(f"{len(recorder.keys)} artifacts aren't in bucket ")
    assert all(key in said for key in recorder.keys)
    assert not recorder.of_type(FUNCTION)


def test_nothing_is_asked_of_the_bucket_where_nothing_changes() -> None:
    settings = read("prod", {"rollback-stack:version": "v1.2.3"})
    items = [item for item in artifact_objects(settings, select(settings)) if item.system == "security-assistant"]
    state = {
        f"{PREFIX}{item.type}::{item.resource}": {"s3Key": item.key, "sourceCodeHash": code_hash(item.sha256)}
        for item in items
    }
    recorder, said = ask_for_artifacts(state)
    assert (recorder.keys, said) == ([], None)
