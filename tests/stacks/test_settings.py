"""Stack settings: every wrong one is one line that names the valid choices."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.file import read
from stacks.model import ConfigurationError
from stacks.settings import STACKS, parse

GOOD = {"rollback-stack:version": "v1.2.3"}


def refusal(config: dict[str, str], stack: str = "prod") -> str:
    with pytest.raises(ConfigurationError) as caught:
        parse(stack, config)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("stack", STACKS)
def test_the_committed_stacks_are_valid(stack: str) -> None:
    assert read(stack).project.version == "v1.2.3"


def test_values_arrive_as_text_and_become_numbers_and_objects() -> None:
    settings = parse(
        "prod",
        {
            **GOOD,
            "async-rag:route": "legacy",
            "async-rag:drain": "true",
            "async-rag:logRetentionDays": "90",
            "async-rag:functions": '{"vdr_processor": {"memory": 1024, "timeout": 300}}',
            "rag-api:replicas": "5",
            "rag-api:canary": '{"version": "v1.3.0", "weight": 25}',
        },
    )
    assert settings.async_rag.route == "legacy"
    assert settings.async_rag.drain is True
    assert settings.async_rag.log_retention_days == 90
    assert settings.async_rag.size("vdr_processor").memory == 1024
    assert settings.async_rag.size("text_rag_processor").memory == 512
    assert settings.rag_api.replicas == 5
    assert settings.rag_api.canary is not None
    assert settings.rag_api.canary.weight == 25


def test_an_unknown_key_names_the_nearest_and_all_valid_ones() -> None:
    message = refusal({**GOOD, "async-rag:rout": "legacy"})
    assert "async-rag:rout" in message
    assert "did you mean route?" in message
    assert "websocketInFrontend" in message


def test_an_unknown_key_inside_an_object_names_the_keys_of_that_object() -> None:
    message = refusal({**GOOD, "async-rag:database": '{"storge": 20}'})
    assert "async-rag:database.storge" in message
    assert "did you mean storage?" in message
    assert "multiAz" in message


@pytest.mark.parametrize(
    ("key", "value", "part"),
    [
        ("async-rag:route", "sideways", "'async' or 'legacy'"),
        ("rag-api:replicas", "0", "greater than or equal to 1"),
        ("rag-api:replicas", "three", "valid integer"),
        ("rag-api:canary", '{"version": "v1.3.0", "weight": 101}', "less than or equal to 100"),
        ("async-rag:database", '{"backupDays": 0}', "greater than or equal to 1"),
        ("rollback-stack:systems", '["async-rg"]', "did you mean async-rag?"),
        ("rag-api:maxReplicas", "2", "below replicas"),
        ("asyncrag:route", "legacy", "did you mean async-rag?"),
    ],
)
def test_a_value_out_of_bounds_is_refused_with_its_bound(key: str, value: str, part: str) -> None:
    assert part in refusal({**GOOD, key: value})


def test_a_stack_without_a_pin_says_how_to_pin_one() -> None:
    assert "pulumi config set -s prod version" in refusal({})


def test_an_unknown_stack_names_the_valid_ones() -> None:
    assert refusal(GOOD, "prd").endswith("valid: dev, staging, prod")


def test_a_system_follows_the_stack_unless_it_is_pinned() -> None:
    settings = parse("prod", {**GOOD, "rag-api:version": "v1.2.1"})
    assert (settings.pin("async-rag"), settings.pin("rag-api")) == ("v1.2.3", "v1.2.1")


def test_a_secret_is_not_read() -> None:
    settings = parse("prod", {**GOOD, "rag-api:registryToken": "hunter2"}, ["rag-api:registryToken"])
    assert settings.rag_api.registry_token == "[secret]"


def test_a_consumer_may_not_outlast_its_messages_visibility() -> None:
    assert "delivered again" in refusal(
        {
            **GOOD,
            "async-rag:queues": '{"visibilityTimeout": 30}',
            "async-rag:functions": '{"vdr_processor": {"timeout": 60}}',
        }
    )


@given(st.dictionaries(st.text(max_size=30), st.text(max_size=30), max_size=4))
def test_whatever_is_written_is_understood_or_refused_in_one_line(config: dict[str, str]) -> None:
    with contextlib.suppress(ConfigurationError):
        assert parse("prod", {**GOOD, **config}).stack == "prod"
        return
    refusal({**GOOD, **config})
