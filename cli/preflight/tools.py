"""Rows about the tools: backend, secrets, engine, Python host and plugins."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlparse

from cli.engine import ROOT
from cli.preflight.facts import PreflightContext
from cli.preflight.rows import CheckResult, fine, missing, unknown
from cli.pulumi_command import pulumi_in
from cli.targets import is_local
from core.pulumi_command import first_error
from core.state import pending_operations_of, resources_of
from core.strict_yaml import read_yaml
from stacks.file import path_of
from stacks.systems import Need, needing

SECONDS = 7
OWN_KEYS = ("file", "s3", "gs", "azblob")
"""Backends that have no service which encrypts: a passphrase or a key does."""
SET = (
    "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE; the committed stacks have an empty one: "
    "PULUMI_CONFIG_PASSPHRASE=''"
)
ROUNDS, KEY_BYTES = 1_000_000, 32
"""Of PBKDF2, by which the engine makes a key of a passphrase (pulumi/pkg/secrets/passphrase, version v1)."""
KINDS = {
    "file": "files",
    "s3": "an S3 bucket",
    "gs": "a Google Cloud Storage bucket",
    "azblob": "Azure Blob Storage",
    "https": "Pulumi Cloud, or a service like it",
    "http": "Pulumi Cloud, or a service like it",
}
PLUGINS = {"aws": "pulumi-aws", "kubernetes": "pulumi-kubernetes"}
"""Resource plugin -> the SDK that pins its version."""


def backend(facts: PreflightContext) -> CheckResult:
    """Where states lie, and whether this one can be read."""
    try:
        done = _whoami(facts)
    except FileNotFoundError:
        return unknown("can't be told without pulumi: see the row of the engine")
    if done.returncode:
        return missing(
            first_error(done.stderr, done.stdout),
            "pulumi login (or set PULUMI_BACKEND_URL, such as 's3://BUCKET?region=REGION&awssdk=v2')",
        )
    told, url = json.loads(done.stdout), _url(facts)
    kind = KINDS.get(urlparse(url).scheme, "a backend of another kind")
    return fine(f"{url.partition('?')[0]} ({kind}), as {told.get('user')}")


def state(facts: PreflightContext) -> CheckResult:
    """Whether the stack's state can be read."""
    try:
        found = facts.state
    except FileNotFoundError:
        return unknown("can't be told without pulumi: see the row of the engine")
    except RuntimeError as error:
        said = str(error)
        return missing(said, "see the rows of the backend and of the secrets; `pulumi stack ls` shows what is there")
    count = len(resources_of(found))
    if not count:
        return fine(f"{facts.stack} has no resources yet: the first update makes them")
    pending = len(pending_operations_of(found))
    left = f"; an update was cut off in {pending} of them, and the next one puts that right" if pending else ""
    return fine(f"{count} resources of {facts.stack}{left}")


def secrets(facts: PreflightContext) -> CheckResult:
    """What encrypts the stack's secrets, and whether it is at hand."""
    data = read_yaml(path_of(facts.stack), f"stacks/Pulumi.{facts.stack}.yaml")
    settings = data if isinstance(data, dict) else {}
    provider = str(settings.get("secretsprovider") or ("passphrase" if settings.get("encryptionsalt") else ""))
    change = (
        f"pulumi stack change-secrets-provider -s {facts.stack} 'awskms://alias/KEY?region={facts.settings.region}'"
    )
    if provider == "passphrase":
        return _passphrase(str(settings.get("encryptionsalt")), change)
    if provider.startswith("awskms://"):
        return _key(facts, provider)
    if (not provider or provider == "default") and urlparse(_url(facts)).scheme in OWN_KEYS and _given() is None:
        return missing("a passphrase is going to encrypt, and none is given", SET)
    if not provider or provider == "default":
        return fine("the backend's own service encrypts, or the passphrase that is given")
    return unknown(f"{provider} encrypts; only its own tools can tell whether it answers")


def _whoami(facts: PreflightContext) -> subprocess.CompletedProcess[str]:
    """What the engine says of the backend, asked once. Raises ``FileNotFoundError`` where there is no engine."""
    found: subprocess.CompletedProcess[str] = facts.once("whoami", lambda: _pulumi("whoami", "--json"))
    return found


def _url(facts: PreflightContext) -> str:
    """The backend that is used: the environment's, else the one that `pulumi login` wrote down; may be empty."""
    try:
        done = _whoami(facts)
    except FileNotFoundError:
        return ""
    told = json.loads(done.stdout) if done.returncode == 0 else {}
    return str(told.get("url") or os.environ.get("PULUMI_BACKEND_URL", ""))


def _given() -> str | None:
    """The passphrase, as the engine takes it: the variable, whatever it holds, comes before the file."""
    own, file = os.environ.get("PULUMI_CONFIG_PASSPHRASE"), os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if own is not None or not file:
        return own
    return Path(file).read_text().rstrip("\r\n") if Path(file).is_file() else None


def _passphrase(salt: str, change: str) -> CheckResult:
    file, given = os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE"), _given()
    if given is None and file:
        return missing(f"the passphrase's file {file} isn't there", "see to PULUMI_CONFIG_PASSPHRASE_FILE")
    if given is None:
        return missing("a passphrase encrypts, and none is given", SET)
    if not opens(given, salt):
        return missing("a passphrase encrypts, and the one that is given is another", SET)
    if not given and not is_local():
        return missing("an empty passphrase encrypts, which protects nothing in a real account", change)
    return fine("a passphrase encrypts, and one is given" + (": an empty one, in the sandbox" if not given else ""))


def opens(passphrase: str, salt: str) -> bool:
    """Whether a passphrase opens what the engine put into the stack's file to know it by: ``v1:SALT:v1:NONCE:TEXT``."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        version, own, _, nonce, text = salt.split(":")
        parts = [base64.b64decode(each, validate=True) for each in (own, nonce, text)]
    except ValueError:
        return True  # a form of another engine: the engine itself will say
    if version != "v1":
        return True
    key = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), parts[0], ROUNDS, KEY_BYTES)
    try:
        AESGCM(key).decrypt(parts[1], parts[2], None)
    except InvalidTag:
        return False
    return True


def _key(facts: PreflightContext, provider: str) -> CheckResult:
    """A key of AWS KMS: ``awskms://ID?region=REGION``, ``awskms://alias/NAME`` or ``awskms:///ARN``."""
    facts.known_caller()
    name, _, query = provider.removeprefix("awskms://").partition("?")
    options = dict(part.partition("=")[::2] for part in query.split("&") if part)
    key = facts.client("kms", options.get("region", "")).describe_key(KeyId=name.lstrip("/"))["KeyMetadata"]
    if (now := key.get("KeyState")) != "Enabled":
        words = f"--key-id {key['KeyId']} --region {options.get('region') or facts.settings.region}"
        enable = f"aws kms enable-key {words}"
        remedies = {"Disabled": enable, "PendingDeletion": f"aws kms cancel-key-deletion {words} && {enable}"}
        return missing(f"key {name} is {now}", remedies.get(str(now), f"see `aws kms describe-key {words}`"))
    return fine(f"key {name} of AWS KMS encrypts, and is enabled")


def engine(facts: PreflightContext) -> CheckResult:
    """The engine's version beside that of the SDK."""
    del facts
    wanted = version("pulumi")
    try:
        done = _pulumi("version")
    except FileNotFoundError:
        return missing("pulumi isn't on PATH", f"install Pulumi {wanted} (`make shell` has it in the sandbox)")
    found = done.stdout.strip().lstrip("v")
    if done.returncode or not found:
        return missing(first_error(done.stderr, done.stdout), f"install Pulumi {wanted}")
    if _numbers(found) < _numbers(wanted) or _numbers(found)[0] != _numbers(wanted)[0]:
        return missing(f"pulumi {found}, the SDK is {wanted}", f"install Pulumi {wanted}")
    newer = ", newer than the SDK, which it takes" if _numbers(found) > _numbers(wanted) else ", as the SDK is"
    return fine(f"pulumi {found}{newer}")


def host(facts: PreflightContext) -> CheckResult:
    """The plugin that runs Python programs, and the environment that they run in."""
    del facts
    pulumi = shutil.which("pulumi")
    beside = str(Path(pulumi).resolve().parent) if pulumi else ""
    path = os.pathsep.join(filter(None, (beside, os.environ.get("PATH", ""))))
    found = shutil.which("pulumi-language-python", path=path)
    if not found:
        return missing(
            "pulumi-language-python is neither beside pulumi nor on PATH",
            "install Pulumi as a whole, not its binary alone",
        )
    python = ROOT / ".venv" / "bin" / "python"
    if not python.exists():
        return missing(f"the program's environment {python.parent.parent} isn't there", "python3 scripts/bootstrap")
    return fine("pulumi-language-python is there, and so is the program's environment")


def plugin(name: str, facts: PreflightContext) -> CheckResult:
    """A resource plugin beside the version that its SDK asks the engine for."""
    if name == "kubernetes" and not needing(Need.CLUSTER, facts.selected):
        return fine("not needed: no system of the stack lies on a cluster")
    if name == "aws" and not needing(Need.ACCOUNT, facts.selected):
        return fine("not needed: no system of the stack lies in the account")
    try:
        done = facts.once("plugins", lambda: _pulumi("plugin", "ls", "--json"))
    except FileNotFoundError:
        return unknown("can't be told without pulumi: see the row of the engine")
    if done.returncode:
        return unknown(first_error(done.stderr, done.stdout), "pulumi plugin ls")
    return _beside_sdk(
        name,
        [
            str(each.get("version") or "")
            for each in json.loads(done.stdout or "[]")
            if each.get("name") == name and each.get("kind") == "resource"
        ],
    )


def _beside_sdk(name: str, found: list[str]) -> CheckResult:
    """What the versions that are installed are to the one that the SDK pins."""
    sdk, wanted = PLUGINS[name], version(PLUGINS[name])
    get = f"pulumi plugin install resource {name} {wanted}"
    if wanted in found:
        return fine(f"{wanted}, as {sdk} asks for")
    if ambient := shutil.which(f"pulumi-resource-{name}"):
        return fine(f"{ambient} on PATH, which the engine takes whatever its version; {sdk} asks for {wanted}")
    if not found:
        return missing(f"none is installed, {sdk} asks for {wanted}", get)
    which = "older" if _numbers(max(found, key=_numbers)) < _numbers(wanted) else "newer"
    return missing(f"{', '.join(found)} is installed, {which} than {wanted}, which {sdk} asks for", get)


def _pulumi(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pulumi, which asks nothing. Raises ``FileNotFoundError`` where there is none."""
    return pulumi_in(ROOT, error=FileNotFoundError).run(*arguments, asks=False, seconds=SECONDS)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.partition("-")[0].partition("+")[0].split(".") if part.isdigit()) or (0,)
