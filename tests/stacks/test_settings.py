"""Stack settings: every wrong one is one line that names the valid choices."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model import ConfigurationError
from stacks import settings
from stacks.async_rag import AsyncRagSettings
from stacks.file import read
from stacks.rag_api import RagApiSettings
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
    found = parse(
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
    assert found.of(AsyncRagSettings).route == "legacy"
    assert found.of(AsyncRagSettings).drain is True
    assert found.of(AsyncRagSettings).log_retention_days == 90
    assert found.of(AsyncRagSettings).size("vdr_processor").memory == 1024
    assert found.of(AsyncRagSettings).size("text_rag_processor").memory == 512
    assert found.of(RagApiSettings).replicas == 5
    canary = found.of(RagApiSettings).canary
    assert canary is not None
    assert canary.weight == 25


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
        ("async-rag:route", "sideways", "async-rag:route is 'sideways'; it has to be async or legacy"),
        ("rag-api:replicas", "0", "rag-api:replicas is '0'; it has to be a whole number from 1 to 500"),
        ("rag-api:replicas", "three", "rag-api:replicas is 'three'; it has to be a whole number from 1 to 500"),
        ("rag-api:canary", '{"version": "v1.3.0", "weight": 101}', "canary.weight is 101; it has to be a whole number"),
        ("rag-api:canary", "v1.4.0", "is 'v1.4.0'; it has to be a mapping with version and perhaps weight, replicas"),
        ("rag-api:canary", '{"weight": 10}', "rag-api:canary.version is missing"),
        ("rag-api:hosts", "api.example.com", "it has to be a list"),
        ("rag-api:hosts", "[]", "it has to be a list of at least 1 entry"),
        ("rag-api:namespace", "A B", "it has to be a DNS label"),
        ("rag-api:version", "latest", "it has to be a release, such as v1.2.3"),
        ("async-rag:drain", "maybe", "it has to be true or false"),
        ("async-rag:logRetentionDays", "2", "is 2; it has to be 1, 3, 5, 7, 14, 30, 60, 90, 180 or 365"),
        ("async-rag:functions", "7", "it has to be a mapping of keys to values"),
        (
            "async-rag:database",
            '{"backupDays": 0}',
            "database.backupDays is 0; it has to be a whole number from 1 to 35",
        ),
        (
            "security-assistant:throttle",
            '{"rate": 0}',
            "throttle.rate is 0; it has to be a number above 0 up to 10,000",
        ),
        ("policies:enforcement", '{"Bad": "advisory"}', "enforcement.Bad: the key has to be words in small letters"),
        ("aws:region", "mars", "aws:region is 'mars'; it has to be a region of AWS, such as us-east-1"),
        ("rollback-stack:systems", '["async-rg"]', "did you mean async-rag?"),
        ("rag-api:maxReplicas", "2", "below replicas"),
        ("asyncrag:route", "legacy", "did you mean async-rag?"),
    ],
)
def test_a_value_out_of_bounds_is_refused_with_its_bound(key: str, value: str, part: str) -> None:
    assert part in refusal({**GOOD, key: value})


def test_a_stack_without_a_pin_says_how_to_pin_one() -> None:
    assert "`pulumi config set version v1.2.3 -s prod` pins one" in refusal({})


def test_an_unknown_stack_names_the_valid_ones() -> None:
    assert refusal(GOOD, "prd").endswith("valid: dev, staging, prod")


def test_a_system_follows_the_stack_unless_it_is_pinned() -> None:
    found = parse("prod", {**GOOD, "rag-api:version": "v1.2.1"})
    assert (found.pin("async-rag"), found.pin("rag-api")) == ("v1.2.3", "v1.2.1")


def test_a_secret_is_not_read() -> None:
    found = parse("prod", {**GOOD, "rag-api:registryToken": "hunter2"}, ["rag-api:registryToken"])
    assert found.of(RagApiSettings).registry_token == "[secret]"


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


LIBRARY = re.compile(
    r"value error|input should|should (have|be|match)|valid (dictionary|integer|number|string|boolean)|instance of"
    r"|field required|extra inputs|pydantic|NoneType|\bctx\b|\[type=",
    re.IGNORECASE,
)
"""What pydantic says to programmers."""
WRONG = (
    "nonsense !",
    "",
    "-1",
    "1e99",
    "nan",
    "true",
    "null",
    "[]",
    "{}",
    "[1, 2]",
    '{"x": 1}',
    '{"Bad Key": {}}',
    "[[[",
)
FREE = (
    "rollback-stack:version",
    "rag-api:qdrantUrl",
    "rag-api:redisUrl",
    "rag-api:openaiBaseUrl",
    "rag-api:registryUser",
)
"""Any text will do, or is looked at later."""
KEYS = [f"{name}:{key}" for name, model in settings._NAMESPACES.items() for key in model.keys()]  # noqa: SIM118


@pytest.mark.parametrize("key", [*KEYS, "aws:region", "rag-api:replicaz", "ragapi:replicas", "policies:enforced"])
def test_whatever_is_wrong_is_told_with_key_file_and_the_command_that_takes_it_out(key: str) -> None:
    refused = 0
    for value in WRONG:
        with contextlib.suppress(ConfigurationError):
            parse("prod", {**GOOD, key: value})
            continue
        said, refused = refusal({**GOOD, key: value}), refused + 1
        assert not LIBRARY.search(said), said
        assert said.startswith("stacks/Pulumi.prod.yaml: "), said
        assert key in said, said
        assert f"`pulumi config rm {key} -s prod`" in said, said
    assert refused or key in FREE


def test_settings_that_do_not_fit_together_name_those_that_can_be_taken_out() -> None:
    assert refusal({**GOOD, "rag-api:replicas": "9", "rag-api:maxReplicas": "2"}) == (
        "stacks/Pulumi.prod.yaml: rag-api: maxReplicas (2) is below replicas (9). Change it in that file, or take one "
        "out: `pulumi config rm rag-api:maxReplicas -s prod` or `pulumi config rm rag-api:replicas -s prod`"
    )


def test_a_secret_that_is_wrong_is_not_told() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse("prod", {**GOOD, "rag-api:replicas": "hunter2"}, ["rag-api:replicas"])
    assert "rag-api:replicas is a secret; it has to be a whole number" in str(caught.value)
    assert "hunter2" not in str(caught.value)
