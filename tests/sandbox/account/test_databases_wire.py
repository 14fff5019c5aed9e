"""The parts of the endpoints that need no server: names, first messages, and how long a client may take for one."""

from __future__ import annotations

import asyncio
import struct
import types
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.account.databases import endpoints, names, wire
from sandbox.account.databases.names import Names
from sandbox.paths import free_ports

PROTOCOL = 3 << 16
NAMES = Names("rag", "docs", "rag@us-east-1/one", "docs@us-east-1/one")
WORDS = st.text(st.characters(min_codepoint=1, exclude_categories=["Cs"]), min_size=1, max_size=20)


def instance(identifier: str = "one", user: str | None = "rag", database: str | None = "docs") -> Any:
    return types.SimpleNamespace(
        region="us-east-1", db_instance_identifier=identifier, master_username=user, db_name=database
    )


def starting(settings: dict[str, str], code: int = PROTOCOL) -> bytes:
    body = b"".join(f"{name}\0{value}\0".encode() for name, value in settings.items()) + b"\0"
    return struct.pack("!II", 8 + len(body), code) + body


def sent_on(settings: dict[str, str]) -> dict[str, str]:
    """The settings that arrive at the server."""
    message = wire.inward(starting(settings), NAMES)
    assert wire.start(message[: wire.HEAD]) == (len(message), PROTOCOL)
    words = message[wire.HEAD :].decode().split("\0")
    return dict(zip(words[:-2:2], words[1:-2:2], strict=True))


def test_names_on_the_server_say_whose_they_are() -> None:
    assert names.choose(instance(), []) == NAMES
    assert names.choose(instance(user=None, database=None), []) == Names(
        "postgres", "postgres", "postgres@us-east-1/one", "postgres@us-east-1/one"
    )


def test_names_on_the_server_are_never_those_of_another_instance() -> None:
    second = names.choose(instance(), [NAMES])
    assert (second.user, second.database) == ("rag", "docs")
    assert (second.role, second.store) == ("rag@us-east-1/one~2", "docs@us-east-1/one~2")
    long = [instance("i" * 62 + end, "u" * 16, "d" * 63) for end in "ab"]
    made = [names.choose(one, []) for one in long]
    every = {name for one in made for name in (one.role, one.store)}
    assert len(every) == 4
    assert max(len(name.encode()) for name in every) <= names.LONGEST
    assert made == [names.choose(one, []) for one in long]


@pytest.mark.parametrize(
    ("settings", "user", "database"),
    [
        ({"user": "rag", "database": "docs"}, NAMES.role, NAMES.store),
        ({"user": "rag", "database": "postgres"}, NAMES.role, "postgres"),
        ({"user": "rag"}, NAMES.role, "rag"),
        ({"user": "docs", "database": ""}, "docs", NAMES.store),
        ({"user": "other", "database": "docs"}, "other", NAMES.store),
        ({"database": "docs", "user": "RAG"}, "RAG", NAMES.store),
    ],
)
def test_user_and_database_become_those_of_the_server(settings: dict[str, str], user: str, database: str) -> None:
    assert sent_on(settings) == {**settings, "user": user, "database": database}


@given(st.dictionaries(WORDS, WORDS).map(lambda settings: {**settings, "user": "rag"}))
def test_all_other_settings_stay_as_they_are(settings: dict[str, str]) -> None:
    kept = {name: value for name, value in settings.items() if name not in ("user", "database")}
    arrived = sent_on(settings)
    assert {name: value for name, value in arrived.items() if name not in ("user", "database")} == kept
    assert list(arrived)[: len(settings)] == list(settings)


@pytest.mark.parametrize(
    "message",
    [
        starting({"database": "docs"}),
        starting({"user": "rag"})[:-1],
        starting({"user": "rag"}, code=2 << 16),
        struct.pack("!IIII", 16, 80877102, 4711, 815),
        struct.pack("!II", 8, PROTOCOL),
    ],
)
def test_what_does_not_start_a_session_is_left_to_the_server(message: bytes) -> None:
    assert wire.inward(message, NAMES) == message


@given(st.binary(max_size=200))
def test_no_first_message_breaks_the_endpoint(body: bytes) -> None:
    message = struct.pack("!II", 8 + len(body), PROTOCOL) + body
    arrived = wire.inward(message, NAMES)
    assert wire.start(arrived[: wire.HEAD]) == (len(arrived), PROTOCOL)


def test_only_messages_with_names_are_changed_on_the_way_back() -> None:
    key = b"K" + struct.pack("!I", 4 + len(NAMES.role)) + NAMES.role.encode()
    assert wire.outward(key, NAMES) == key
    told = wire.refusal("28P01", f'no password for user "{NAMES.role}" of "{NAMES.store}"')
    assert wire.outward(told, NAMES) == wire.refusal("28P01", 'no password for user "rag" of "docs"')


async def _answers(words: list[bytes]) -> list[bytes]:
    """What an endpoint says to clients that send these words and then nothing more, until it hangs up."""
    endpoint = endpoints.Endpoint(free_ports(1)[0], NAMES)
    await endpoint.start()

    async def answer(word: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
        writer.write(word)
        said = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return said

    try:
        return list(await asyncio.gather(*map(answer, words)))
    finally:
        await endpoint.stop()


def test_clients_that_say_nothing_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "OPENING_SECONDS", 0.3)
    wish = struct.pack("!II", 8, wire.SSL)
    assert asyncio.run(_answers([b"", b"\0\0", wish, wish * 3])) == [b"", b"", b"N", b"NNN"]
