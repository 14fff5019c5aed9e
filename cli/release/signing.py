"""``rollback release key`` and ``sign``: keys of those who publish, and their signatures under releases."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from cli.release.errors import ReleaseError
from core.files import replace_text
from core.model import explain, unknown
from core.signatures import (
    PAYLOAD_TYPE,
    SIGNERS,
    PublicKey,
    Trusted,
    key_of,
    payload,
    read,
    signature_file,
    trusted,
    verified,
)
from stacks.releases import RELEASES, load


def make_key(name: str, path: Path, folder: Path = RELEASES) -> Trusted:
    """Make an Ed25519 key: the private one into ``path``, for its owner alone; the public one among the trusted.

    Raises ``ReleaseError`` where the file exists or can't be written, ``ConfigurationError`` for a name that is taken.
    """
    from securesystemslib.signer import CryptoSigner

    known = trusted(folder)
    if name in {each.name for each in known}:
        raise ReleaseError(f"stacks/{SIGNERS} has a key of {name} already: name the new one after its place or year")
    signer = CryptoSigner.generate_ed25519()
    public = signer.public_key
    try:
        key = PublicKey(keytype=public.keytype, scheme=public.scheme, public=public.keyval["public"])
        made = Trusted(name=name, key_id=public.keyid, key=key)
    except ValidationError as error:
        raise explain(error, "release key", Trusted) from None
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ReleaseError(f"{path} can't be written: {error.strerror}; name another file with --out") from None
    with os.fdopen(file, "wb") as opened:
        opened.write(signer.private_bytes)
    entries = [each.model_dump(mode="json", by_alias=True, exclude_defaults=True) for each in [*known, made]]
    replace_text(folder.parent / SIGNERS, yaml.safe_dump(entries, sort_keys=False, allow_unicode=True))
    return made


def sign(version: str, by: str | None, key: str | None, folder: Path = RELEASES) -> str:
    """Sign a published release, beside the signatures that it has; the name of who signed.

    by: one of ``stacks/signers.yaml``; may be left out where there is one. key: the private key's file, or its address
    as securesystemslib names it; may be left out where the signer has one.

    Raises ``ReleaseError`` and ``ConfigurationError`` with what to do; nothing is written then.
    """
    from securesystemslib.dsse import Envelope

    load(version, folder)
    signer = _signer(by, trusted(folder))
    path = signature_file(version, folder)
    envelope = Envelope(payload(version, folder), PAYLOAD_TYPE, _earlier(version, folder))
    private = _private(signer, key)
    try:
        envelope.sign(private)
    except Exception as error:  # a key store says no in words of its own
        raise ReleaseError(f"the key of {signer.name} didn't sign: {error}") from None
    verified(version, folder, envelope, f"stacks/releases/{path.name}")
    replace_text(path, json.dumps(envelope.to_dict(), indent=2) + "\n")
    return signer.name


def _signer(by: str | None, known: list[Trusted]) -> Trusted:
    if not known:
        raise ReleaseError(f"stacks/{SIGNERS} trusts nobody: make a key with `rollback release key NAME --out FILE`")
    if by is None:
        if len(known) > 1:
            raise ReleaseError(f"say whose key it is with --by: {', '.join(each.name for each in known)}")
        return known[0]
    found = next((each for each in known if each.name == by), None)
    if found is None:
        raise unknown("signer", by, [each.name for each in known])
    return found


def _earlier(version: str, folder: Path) -> dict[str, Any]:
    """The signatures that a release has, whoever is trusted just now; none where they are about something else.

    Raises ``ConfigurationError`` where the file can't be read: what it held would be lost.
    """
    envelope = read(version, folder)
    if envelope is None or (envelope.payload_type, envelope.payload) != (PAYLOAD_TYPE, payload(version, folder)):
        return {}
    return dict(envelope.signatures)


def _private(signer: Trusted, key: str | None) -> Any:
    from securesystemslib.signer import SIGNER_FOR_URI_SCHEME, Signer

    where = key or signer.uri
    if not where:
        raise ReleaseError(f"say where the private key of {signer.name} is: --key FILE")
    known = where.partition(":")[0] in SIGNER_FOR_URI_SCHEME
    address = where if known else f"file2:{Path(where).resolve()}"
    try:
        return Signer.from_priv_key_uri(address, key_of(signer))
    except Exception as error:  # each key store has errors of its own; all mean that this key can't be used
        reason = " ".join(str(part) for part in error.args) or type(error).__name__
        raise ReleaseError(
            f"{where} isn't the key of {signer.name}, or can't be used: {' '.join(reason.split())}"
        ) from None
