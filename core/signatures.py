"""Signatures of releases: who published what, told by keys that the project trusts.

``v1.5.0.signature.json`` beside a manifest is a DSSE envelope (Dead Simple Signing Envelope) around the release's lines
of ``releases.lock``; ``signers.yaml`` beside the releases' folder has the public keys of those who may sign. Both are
made and verified by securesystemslib, as TUF and in-toto do it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from core.model import ConfigurationError, Model, explain, one_of
from core.project import commands, current
from core.release_lock import read_lock
from core.strict_yaml import read_yaml

SIGNERS = "signers.yaml"
PAYLOAD_TYPE = "application/vnd.rollback-stack.release+json"
THRESHOLD = 1
"""Signatures of trusted keys that a release needs."""


class PublicKey(Model):
    """A public key in securesystemslib's own form."""

    keytype: Literal["ed25519", "ecdsa", "rsa"]
    scheme: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")]
    public: Annotated[str, StringConstraints(min_length=32, max_length=4_096)]


class Trusted(Model):
    """Somebody, or a pipeline, that may sign releases."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=128)]
    key_id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    key: PublicKey
    uri: Annotated[str, Field(max_length=512)] = ""
    """Where the private key is, as securesystemslib names it (``awskms:…``, ``gcpkms:…``, ``hsm:…``); empty for a file,
    which whoever signs names."""


def signature_file(version: str, folder: Path) -> Path:
    """Where the signature of a release lies."""
    return folder / f"{version}.signature.json"


def payload(version: str, folder: Path) -> bytes:
    """What is signed: the release and the SHA-256 of each of its files, as the lock has them.

    Raises ``ConfigurationError`` where it isn't published.
    """
    files = {name: sha for name, sha in read_lock(folder).items() if name.partition("/")[0] == version}
    if not files:
        raise ConfigurationError(
            f"release {version} isn't published: run `{commands().release} publish {version} -s STACK` first"
        )
    return json.dumps({"release": version, "files": files}, sort_keys=True, separators=(",", ":")).encode()


def trusted(folder: Path) -> list[Trusted]:
    """Those who may sign. Raises ``ConfigurationError`` where the file can't be read."""
    where = _signers(folder)
    try:
        entries = read_yaml(folder.parent / SIGNERS, where, plain=True) or []
    except FileNotFoundError:
        return []
    if not isinstance(entries, list):
        raise ConfigurationError(f"{where} has to be a list of those who may sign")
    try:
        return TypeAdapter(list[Trusted]).validate_python(entries)
    except ValidationError as error:
        raise explain(error, where, Trusted) from None


def key_of(signer: Trusted) -> Any:
    """The key as securesystemslib has it."""
    from securesystemslib.signer import SSlibKey

    return SSlibKey(signer.key_id, signer.key.keytype, signer.key.scheme, {"public": signer.key.public})


def verify(version: str, folder: Path) -> str | None:
    """Who signed a release: the signers' names; None where it has no signature.

    Raises ``ConfigurationError``: the signature is about something else than what is locked, of nobody who may sign, or
    can't be read.
    """
    envelope = read(version, folder)
    if envelope is None:
        return None
    return verified(version, folder, envelope, current().shown(signature_file(version, folder)))


def read(version: str, folder: Path) -> Any:
    """A release's signatures as they are, nobody's verified; None where it has none.

    Raises ``ConfigurationError`` where the file can't be read.
    """
    path = signature_file(version, folder)
    try:
        return _read(path, current().shown(path))
    except FileNotFoundError:
        return None


def verified(version: str, folder: Path, envelope: Any, where: str) -> str:
    """Who signed this envelope. Raises ``ConfigurationError`` as ``verify`` does."""
    from securesystemslib.exceptions import VerificationError

    if envelope.payload_type != PAYLOAD_TYPE or envelope.payload != payload(version, folder):
        raise ConfigurationError(
            f"{where} signs something else than releases.lock has of {version}: compare both with git, and sign anew "
            f"with `{commands().release} sign {version}`"
        )
    found = []
    for signer in trusted(folder):
        try:
            envelope.verify([key_of(signer)], 1)
        except (VerificationError, ValueError):
            continue
        found.append(signer.name)
    if len(found) < THRESHOLD:
        given = one_of(sorted(key_id[:12] for key_id in envelope.signatures))
        raise ConfigurationError(
            f"{where} bears no valid signature of anybody in {_signers(folder)} (it is of key {given}): don't deploy "
            f"{version} until you know who published it"
        )
    return ", ".join(sorted(found))


def _signers(folder: Path) -> str:
    """The file of those who may sign, as people call it."""
    return current().shown(folder.parent / SIGNERS)


def _read(path: Path, where: str) -> Any:
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import FormatError

    try:
        return Envelope.from_dict(json.loads(path.read_text()))
    except FileNotFoundError:
        raise
    except (FormatError, ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise ConfigurationError(f"{where} can't be read: restore it from git ({error})") from None
