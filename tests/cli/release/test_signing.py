"""A release is signed by somebody who may, and whatever is wrong with a signature is found."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.release.errors import ReleaseError
from cli.release.signing import make_key, sign
from core.model import ConfigurationError
from core.release_lock import LOCK_NAME
from core.signatures import signature_file, trusted, verify
from core.state import STACK
from stacks.releases import RELEASES
from tests.policies.cases import FACTS, make, said

VERSION = "v1.4.0"


@pytest.fixture
def signed(releases: Path, tmp_path: Path) -> Path:
    make_key("Ada Byron", tmp_path / "ada.pem", releases)
    assert sign(VERSION, None, str(tmp_path / "ada.pem"), releases) == "Ada Byron"
    return releases


def policy(folder: Path, *pins: str, **config: Any) -> list[str]:
    facts = replace(FACTS, releases=folder, pins=frozenset(pins))
    return said("release-signed", make(STACK), config, facts)


def test_a_key_is_its_owner_s_alone_and_its_public_half_is_trusted(releases: Path, tmp_path: Path) -> None:
    made = make_key("Ada Byron", tmp_path / "ada.pem", releases)
    assert stat.S_IMODE((tmp_path / "ada.pem").stat().st_mode) == 0o600
    assert trusted(releases) == [made]
    assert "PRIVATE" not in (releases.parent / "signers.yaml").read_text()
    with pytest.raises(ReleaseError, match="has a key of Ada Byron already"):
        make_key("Ada Byron", tmp_path / "other.pem", releases)
    with pytest.raises(ReleaseError, match=r"ada\.pem can't be written: File exists"):
        make_key("Grace Hopper", tmp_path / "ada.pem", releases)
    assert trusted(releases) == [made]


def test_a_signature_says_who(signed: Path) -> None:
    assert verify(VERSION, signed) == "Ada Byron"
    assert verify("v1.2.3", signed) is None
    assert policy(signed, VERSION, "v1.2.3") == []


def test_two_can_sign(signed: Path, tmp_path: Path) -> None:
    make_key("Grace Hopper", tmp_path / "grace.pem", signed)
    sign(VERSION, "Grace Hopper", str(tmp_path / "grace.pem"), signed)
    assert verify(VERSION, signed) == "Ada Byron, Grace Hopper"


def test_who_signs_beside_a_signature_of_somebody_who_isnt_trusted_just_now_keeps_it(
    signed: Path, tmp_path: Path
) -> None:
    before, signers = json.loads(signature_file(VERSION, signed).read_text()), signed.parent / "signers.yaml"
    kept = signers.read_text()
    signers.unlink()
    make_key("Grace Hopper", tmp_path / "grace.pem", signed)
    sign(VERSION, None, str(tmp_path / "grace.pem"), signed)
    after = json.loads(signature_file(VERSION, signed).read_text())
    assert {each["keyid"] for each in before["signatures"]} < {each["keyid"] for each in after["signatures"]}
    signers.write_text(kept + signers.read_text())
    assert verify(VERSION, signed) == "Ada Byron, Grace Hopper"


def test_a_signature_about_something_else_isnt_kept(signed: Path, tmp_path: Path) -> None:
    make_key("Grace Hopper", tmp_path / "grace.pem", signed)
    path = signature_file(VERSION, signed)
    path.write_text(json.dumps({**json.loads(path.read_text()), "payload": "e30="}))
    sign(VERSION, "Grace Hopper", str(tmp_path / "grace.pem"), signed)
    assert verify(VERSION, signed) == "Grace Hopper"


@pytest.mark.parametrize("text", ["", "{}", "half", "[]"])
def test_signatures_that_cant_be_read_arent_written_over(signed: Path, tmp_path: Path, text: str) -> None:
    path = signature_file(VERSION, signed)
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="can't be read: restore it from git"):
        sign(VERSION, None, str(tmp_path / "ada.pem"), signed)
    assert path.read_text() == text


def edited(change: Callable[[dict[str, Any]], None]) -> Callable[[Path, Path], None]:
    def work(folder: Path, _: Path) -> None:
        path = signature_file(VERSION, folder)
        envelope = json.loads(path.read_text())
        change(envelope)
        path.write_text(json.dumps(envelope))

    return work


def nobody_trusted(folder: Path, _: Path) -> None:
    (folder.parent / "signers.yaml").unlink()


def another_key_under_the_name(folder: Path, scratch: Path) -> None:
    (folder.parent / "signers.yaml").unlink()
    make_key("Ada Byron", scratch / "new.pem", folder)


def another_key_under_the_id(folder: Path, scratch: Path) -> None:
    path = folder.parent / "signers.yaml"
    [entry] = yaml.safe_load(path.read_text())
    path.unlink()
    made = make_key("Mallory", scratch / "new.pem", folder)
    path.write_text(yaml.safe_dump([{**entry, "key": made.key.model_dump()}]))


def another_lock(folder: Path, _: Path) -> None:
    path = folder / LOCK_NAME
    path.write_text(path.read_text().replace("ac2ca89b", "bc2ca89b"))


def broken(folder: Path, _: Path) -> None:
    signature_file(VERSION, folder).write_text("{")


def empty(folder: Path, _: Path) -> None:
    signature_file(VERSION, folder).write_text("[]")


@pytest.mark.parametrize(
    ("work", "part"),
    [
        (nobody_trusted, "bears no valid signature of anybody in signers.yaml"),
        (another_key_under_the_name, "bears no valid signature"),
        (another_key_under_the_id, "bears no valid signature"),
        (another_lock, "signs something else than releases.lock has of v1.4.0"),
        (edited(lambda each: each.update(payload="e30=")), "signs something else"),
        (edited(lambda each: each.update(payloadType="text/plain")), "signs something else"),
        (edited(lambda each: each["signatures"][0].update(sig="AAAA")), "bears no valid signature"),
        (edited(lambda each: each.update(signatures=[])), "bears no valid signature"),
        (edited(lambda each: each.pop("payload")), "can't be read: restore it from git"),
        (broken, "can't be read"),
        (empty, "can't be read"),
    ],
)
def test_a_wrong_signature_is_one_line_and_stops_the_update(
    signed: Path, tmp_path: Path, work: Callable[[Path, Path], None], part: str
) -> None:
    work(signed, tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        verify(VERSION, signed)
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)
    [line] = policy(signed, VERSION)
    assert line == str(caught.value)
    assert policy(signed, "v1.2.3") == []


def test_from_some_release_on_there_has_to_be_one(signed: Path) -> None:
    assert policy(signed, "v1.3.0", VERSION, since=VERSION) == []
    [line] = policy(signed, "v1.2.3", "v1.3.0", since="v1.3.0")
    assert line == "release v1.3.0 isn't signed, and from v1.3.0 on releases have to be"


def test_the_project_s_own_signatures_are_right() -> None:
    assert policy(RELEASES, "v1.2.3", VERSION) == []


@pytest.mark.parametrize(
    ("version", "by", "key", "part"),
    [
        ("v1.4.0", "Ada", "ada.pem", "unknown signer 'Ada'"),
        ("v1.4.0", "Ada Byron", "grace.pem", "isn't the key of Ada Byron"),
        ("v1.4.0", "Ada Byron", "nothing.pem", "isn't the key of Ada Byron, or can't be used: Private key not found"),
        ("v1.4.0", None, "ada.pem", "say whose key it is with --by: Ada Byron, Grace Hopper"),
        ("v1.4.0", "Ada Byron", None, "say where the private key of Ada Byron is: --key FILE"),
        ("v9.9.9", "Ada Byron", "ada.pem", "unknown version 'v9.9.9'"),
    ],
)
def test_what_cannot_be_signed_is_refused_and_nothing_is_written(
    releases: Path, tmp_path: Path, version: str, by: str | None, key: str | None, part: str
) -> None:
    for name, file in (("Ada Byron", "ada.pem"), ("Grace Hopper", "grace.pem")):
        make_key(name, tmp_path / file, releases)
    with pytest.raises((ReleaseError, ConfigurationError)) as caught:
        sign(version, by, str(tmp_path / key) if key else None, releases)
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(releases.glob("*.signature.json")) == []


def test_an_unpublished_release_isnt_signed(written: Path, tmp_path: Path) -> None:
    make_key("Ada Byron", tmp_path / "ada.pem", written)
    with pytest.raises(ConfigurationError, match=r"release v1\.5\.0 isn't published"):
        sign("v1.5.0", None, str(tmp_path / "ada.pem"), written)
