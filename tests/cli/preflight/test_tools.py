"""Backend, secrets, engine, host and plugins, beside a pulumi that only answers."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from moto import mock_aws

from cli.preflight import tools
from cli.preflight.facts import PreflightContext
from cli.preflight.rows import State
from stacks.file import read
from tests.cli.preflight.place import AWS, Pulumi, surroundings


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pulumi:
    made = Pulumi(tmp_path / "pulumi")
    surroundings(monkeypatch, made, tmp_path / "none")
    return made


def facts(**changes: str) -> PreflightContext:
    return PreflightContext(
        read("prod", {key.replace("__", ":").replace("_", "-", 1): text for key, text in changes.items()})
    )


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("file:///srv/states", "files"),
        ("s3://states?region=eu-west-1", "an S3 bucket"),
        ("gs://states", "a Google Cloud Storage bucket"),
        ("azblob://states", "Azure Blob Storage"),
        ("https://api.pulumi.com", "Pulumi Cloud, or a service like it"),
    ],
)
def test_the_backend_and_its_kind(pulumi: Pulumi, url: str, kind: str) -> None:
    pulumi.answer("whoami", f'{{"user": "ada", "url": "{url}"}}')
    found = tools.backend(facts())
    assert (found.state, found.detail) == (State.FINE, f"{url.partition('?')[0]} ({kind}), as ada")


def test_who_is_not_logged_in_is_told_to(pulumi: Pulumi) -> None:
    pulumi.fail("whoami", "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions")
    found = tools.backend(facts())
    assert found.state is State.MISSING
    assert found.detail.startswith("PULUMI_ACCESS_TOKEN must be set")
    assert found.remedy.startswith("pulumi login")


@pytest.mark.parametrize(
    ("installed", "state", "said"),
    [
        ({"aws": AWS}, State.FINE, f"{AWS}, as pulumi-aws asks for"),
        ({"aws": "7.9.0"}, State.MISSING, f"7.9.0 is installed, older than {AWS}, which pulumi-aws asks for"),
        ({"aws": "8.0.0-alpha.1"}, State.MISSING, f"8.0.0-alpha.1 is installed, newer than {AWS}"),
        ({"random": "1.0.0"}, State.MISSING, f"none is installed, pulumi-aws asks for {AWS}"),
    ],
)
def test_a_plugin_is_held_beside_its_sdk(pulumi: Pulumi, installed: dict[str, str], state: State, said: str) -> None:
    pulumi.plugins(**installed)
    found = tools.plugin("aws", facts())
    assert found.state is state
    assert found.detail.startswith(said)
    assert found.remedy == ("" if state is State.FINE else f"pulumi plugin install resource aws {AWS}")


def test_a_plugin_on_the_path_is_the_one_that_the_engine_takes(pulumi: Pulumi) -> None:
    pulumi.plugins()
    ambient = pulumi.folder / "pulumi-resource-aws"
    ambient.write_text("#!/bin/sh\n")
    ambient.chmod(0o755)
    found = tools.plugin("aws", facts())
    assert found.state is State.FINE
    assert str(ambient) in found.detail


def test_a_plugin_that_nothing_uses_is_not_needed(pulumi: Pulumi) -> None:
    pulumi.plugins()
    assert tools.plugin("kubernetes", facts(rollback_stack__systems='["cryptique"]')).detail.startswith("not needed")
    assert tools.plugin("aws", facts(rollback_stack__systems='["rag-api"]')).detail.startswith("not needed")


@pytest.mark.parametrize(
    ("version", "state"),
    [("v3.250.0", State.FINE), ("v3.251.2", State.FINE), ("v3.99.0", State.MISSING), ("v4.0.0", State.MISSING)],
)
def test_the_engine_is_held_beside_its_sdk(pulumi: Pulumi, version: str, state: State) -> None:
    pulumi.answer("version", version)
    found = tools.engine(facts())
    assert found.state is state
    assert bool(found.remedy) is (state is State.MISSING)


def test_without_pulumi_one_row_fails_and_the_others_say_where_to_look(
    monkeypatch: pytest.MonkeyPatch, pulumi: Pulumi, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    looked = {name: look(facts()) for name, look in (("engine", tools.engine), ("backend", tools.backend))}
    assert {name: found.state for name, found in looked.items()} == {"engine": State.MISSING, "backend": State.UNKNOWN}
    assert tools.state(facts()).state is not State.FINE
    assert tools.plugin("aws", facts()).state is State.UNKNOWN
    assert tools.host(facts()).state is State.MISSING


def test_the_host_beside_pulumi_is_found(pulumi: Pulumi) -> None:
    assert tools.host(facts()).state is State.FINE
    (pulumi.folder / "pulumi-language-python").unlink()
    assert tools.host(facts()).state is State.MISSING


def test_a_state_is_counted_and_what_was_cut_off_is_told(pulumi: Pulumi) -> None:
    assert "the first update makes them" in tools.state(facts()).detail
    pulumi.exports([{"type": "aws:sqs/queue:Queue", "urn": "urn::q"}])
    assert tools.state(facts()).detail == "2 resources of prod"
    pulumi.answer("stack-export", '{"deployment": {"resources": [{"type": "x"}], "pending_operations": [{}]}}')
    assert "an update was cut off in 1 of them" in tools.state(facts()).detail
    pulumi.fail("stack", "error: the bucket doesn't answer")
    found = tools.state(facts())
    assert (found.state, found.detail) == (State.MISSING, "the bucket doesn't answer")


SECRET = "long and secret"


OPENS = tools.opens


@pytest.fixture
def salted(pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack's file that was made with ``SECRET``, as the engine writes it."""
    salt, nonce = b"8 bytes.", b"twelve bytes"
    monkeypatch.setattr(tools, "ROUNDS", 1_000)  # a million take most of a second
    key = hashlib.pbkdf2_hmac("sha256", SECRET.encode(), salt, tools.ROUNDS, tools.KEY_BYTES)
    text = AESGCM(key).encrypt(nonce, b"pulumi", None)
    monkeypatch.setattr(tools, "opens", OPENS)
    line = ":".join(["v1", _text(salt), "v1", _text(nonce), _text(text)])
    monkeypatch.setattr(tools, "read_yaml", lambda *_: {"encryptionsalt": line})


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.mark.usefixtures("salted")
@pytest.mark.parametrize(
    ("variable", "file", "state", "said"),
    [
        (SECRET, None, State.FINE, "one is given"),
        (None, SECRET, State.FINE, "one is given"),
        ("another", None, State.MISSING, "the one that is given is another"),
        ("another", SECRET, State.MISSING, "the one that is given is another"),  # the engine takes the variable
        (SECRET, "another", State.FINE, "one is given"),
        ("", SECRET, State.MISSING, "the one that is given is another"),
    ],
)
def test_the_passphrase_is_tried_as_the_engine_takes_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str | None, file: str | None, state: State, said: str
) -> None:
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    if variable is not None:
        monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", variable)
    if file is not None:
        (tmp_path / "passphrase").write_text(f"{file}\n")
        monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    found = tools.secrets(facts())
    assert (found.state, said in found.detail) == (state, True), found.detail


@pytest.mark.parametrize(
    ("url", "given", "state"),
    [
        ("s3://states?region=eu-west-1", None, State.MISSING),
        ("file:///srv/states", None, State.MISSING),
        ("s3://states?region=eu-west-1", SECRET, State.FINE),
        ("https://api.pulumi.com", None, State.FINE),
    ],
)
def test_a_backend_that_encrypts_nothing_itself_wants_a_passphrase(
    monkeypatch: pytest.MonkeyPatch, pulumi: Pulumi, url: str, given: str | None, state: State
) -> None:
    pulumi.answer("whoami", f'{{"user": "ada", "url": "{url}"}}')
    monkeypatch.setattr(tools, "read_yaml", lambda *_: {})
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    if given is not None:
        monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", given)
    assert tools.secrets(facts()).state is state


@pytest.mark.parametrize(
    ("given", "local", "state", "said"),
    [
        ({"PULUMI_CONFIG_PASSPHRASE": ""}, True, State.FINE, "an empty one, in the sandbox"),
        ({"PULUMI_CONFIG_PASSPHRASE": ""}, False, State.MISSING, "protects nothing in a real account"),
        ({}, False, State.MISSING, "none is given"),
        ({"PULUMI_CONFIG_PASSPHRASE_FILE": "/none/there"}, False, State.MISSING, "isn't there"),
    ],
)
def test_a_passphrase_is_given_and_is_not_empty_in_a_real_account(
    monkeypatch: pytest.MonkeyPatch, pulumi: Pulumi, given: dict[str, str], local: bool, state: State, said: str
) -> None:
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    if local:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    found = tools.secrets(facts())
    assert found.state is state
    assert said in found.detail
    assert bool(found.remedy) is (state is State.MISSING)


@pytest.mark.parametrize(
    ("provider", "state", "said"),
    [
        ("awskms://alias/rollback?region=us-east-1", State.FINE, "encrypts, and is enabled"),
        ("awskms://alias/off", State.MISSING, "is Disabled"),
        ("awskms://alias/going", State.MISSING, "is PendingDeletion"),
        ("awskms://alias/none", None, ""),
        ("gcpkms://projects/p/locations/l/keyRings/k/cryptoKeys/c", State.UNKNOWN, "only its own tools"),
        ("", State.FINE, "the backend's own service"),
    ],
)
def test_a_key_is_asked_about(
    monkeypatch: pytest.MonkeyPatch, pulumi: Pulumi, provider: str, state: State | None, said: str
) -> None:
    monkeypatch.setattr(tools, "read_yaml", lambda *_: {"secretsprovider": provider})
    with mock_aws():
        here = facts()
        kms = here.client("kms")
        keys = {name: kms.create_key()["KeyMetadata"]["KeyId"] for name in ("rollback", "off", "going")}
        for name, key in keys.items():
            kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key)
        kms.disable_key(KeyId=keys["off"])
        kms.schedule_key_deletion(KeyId=keys["going"], PendingWindowInDays=7)
        if state is None:
            with pytest.raises(kms.exceptions.NotFoundException):
                tools.secrets(here)
            return
        found = tools.secrets(here)
    assert found.state is state
    assert said in found.detail
    if "PendingDeletion" in said:
        assert found.remedy.startswith("aws kms cancel-key-deletion --key-id ")
        assert "--region us-east-1 && aws kms enable-key --key-id " in found.remedy
