"""Which published version of a function holds what a release wants: asked of the account, whatever is remembered.

What the stack remembers (its output ``published``) only says where to look first. A version is used when the account
says that it holds the wanted code and configuration, and remembered when the provider has published it in this very
update, or the account was asked. Lambda API: GetFunction (with ``Qualifier``), PublishVersion:
https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html.

What PublishVersion does decides what can be published anew. It makes a version of ``$LATEST``, unless code and
configuration of ``$LATEST`` haven't changed since the newest version: then it returns that one. Numbers are never used
again. The provider (terraform-provider-aws, ``lambda/function.go``) calls it when ``publish`` is true and one of the
function's inputs changes. So there are four cases where the remembered version is gone or holds something else:

- The newest version holds what is wanted. It is pointed at; nothing is published.
- The state says that ``$LATEST`` is something else. Its code and configuration are written, and published with that.
- The state says that ``$LATEST`` is what is wanted and wasn't published. ``publish`` changes, which publishes it.
- The state says that it is, and was published. No input would change, so nothing would be published: two inputs that
  decide nothing, ``description`` and the suffix of ``sourceCodeHash``, are given a mark. The provider then sends code
  and configuration once more, what was changed by hand included. The mark goes when the function's release changes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from stacks.artifact_objects import code_hash

MARK = "."
"""Between a code's hash and the version after which it was published anew; base64 has no such character."""
Ask = Callable[[str | None], Awaitable[Mapping[str, Any] | None]]
"""Asks the account for a version by its number, or for the newest one; None where there is no such thing."""


@dataclass(frozen=True)
class Wanted:
    """What a version has to hold."""

    code: str
    """SHA-256 of the zip, in hexadecimal digits."""
    runtime: str
    handler: str
    memory: int
    """MB."""
    timeout: int
    """Seconds."""
    environment: Mapping[str, str]
    layers: tuple[str, ...]
    """ARNs of layer versions."""
    layer_hashes: tuple[str, ...]
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        """What it is remembered by. Layers by content: one that got another number doesn't make another release."""
        configuration = {
            "runtime": self.runtime,
            "handler": self.handler,
            "memory": self.memory,
            "timeout": self.timeout,
            "environment": dict(self.environment),
            "subnets": self.subnets,
            "securityGroups": self.security_groups,
            # Only where there are some, so that functions without keep the fingerprints they were published under.
            **({"layers": list(self.layer_hashes)} if self.layer_hashes else {}),
        }
        return fingerprint(self.code, configuration)

    def differences(self, outputs: Mapping[str, Any], code: str = "codeSha256") -> list[str]:
        """The properties that differ in a function's outputs, or in the account's answer about a version.

        ``code``: the property with the code's hash. A function's own ``sourceCodeHash`` is what the program gave last,
        ``codeSha256`` what Lambda has computed.
        """
        network = _mapping(outputs.get("vpcConfig"))
        pairs = {
            code: (code_hash(self.code), str(outputs.get(code) or "").partition(MARK)[0]),
            "runtime": (self.runtime, outputs.get("runtime")),
            "handler": (self.handler, outputs.get("handler")),
            "memorySize": (self.memory, outputs.get("memorySize")),
            "timeout": (self.timeout, outputs.get("timeout")),
            "environment": (
                dict(self.environment),
                dict(_mapping(_mapping(outputs.get("environment")).get("variables"))),
            ),
            "layers": (list(self.layers), list(outputs.get("layers") or ())),
            "subnetIds": (sorted(self.subnets), sorted(network.get("subnetIds") or ())),
            "securityGroupIds": (sorted(self.security_groups), sorted(network.get("securityGroupIds") or ())),
        }
        return [name for name, (expected, actual) in pairs.items() if expected != actual]


@dataclass(frozen=True)
class Choice:
    """What this update asks of a function."""

    publish: bool
    version: str | None
    """The version that holds what is wanted, as the account says; None where one has to be published."""
    mark: str | None = None
    """The newest version when the same code was published anew; see above."""
    reason: str | None = None
    """What was wrong with the remembered version, and what is done about it."""
    forget: bool = False
    """Whether the function is made anew: none of its versions is left."""

    @property
    def description(self) -> str | None:
        """The function's description."""
        return f"Published anew after version {self.mark}" if self.mark else None

    def source_code_hash(self, sha256: str) -> str:
        """The function's ``sourceCodeHash``."""
        return f"{code_hash(sha256)}{MARK}{self.mark}" if self.mark else code_hash(sha256)


def fingerprint(code: str, configuration: Mapping[str, Any]) -> str:
    """What tells one published version from another: SHA-256 over the code's hash and the configuration (hex)."""
    text = json.dumps({"code": code, "configuration": configuration}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def remembered_versions(memory: object) -> dict[str, str]:
    """Fingerprint -> version number, from what ``published`` has of a function; what isn't a number is left out."""
    versions = _mapping(_mapping(memory).get("versions"))
    return {mark: number for mark, number in versions.items() if is_version(number)}


def is_version(value: object) -> bool:
    """Whether it is the number of a published version, as Lambda writes it."""
    return isinstance(value, str) and value.isascii() and value.isdigit() and value[0] != "0"


async def choose(
    name: str,
    wanted: Wanted,
    memory: object,
    state: Mapping[str, Any] | None,
    ask: Ask,
    republish: bool = False,
) -> Choice:
    """Point at the version that holds what is wanted, or publish it.

    ``memory``: what the ``published`` output has of this function. ``state``: the function's outputs in the state.
    ``republish``: don't use a version that was published long ago. Raises ``pulumi.RunError`` where the state has
    a function that the account doesn't have.
    """
    same = state is not None and not wanted.differences(state, "sourceCodeHash")
    published = bool(state and state.get("publish"))
    mark = str(state.get("sourceCodeHash")).partition(MARK)[2] or None if state is not None and same else None
    # An update that changes nothing must ask for the same thing again, or it would show a change.
    publish = published if same else state is None

    number = None if republish else remembered_versions(memory).get(wanted.fingerprint)
    held = await ask(number) if number is not None else None
    if held is not None and not wanted.differences(held):
        return Choice(publish, number, mark)
    newest = await ask(None)
    if newest is None:
        if state is not None:
            raise pulumi.RunError(
                f"function {name} isn't in the account any more, and the state has it: "
                f"`rollback up -s {pulumi.get_stack()}` brings it back"
            )
        return Choice(True, None, forget=True)
    latest = str(newest.get("version"))
    wrong = None if number is None else _wrong(name, number, held, wanted)
    if is_version(latest) and not wanted.differences(newest):
        return Choice(publish, latest, mark, wrong and f"{wrong}: version {latest} holds the same, and is used")
    wrong = wrong and f"{wrong}: it is published anew"
    return Choice(True, None, latest if same and published else mark, wrong)


def _wrong(name: str, number: str, held: Mapping[str, Any] | None, wanted: Wanted) -> str:
    if held is None:
        return f"version {number} of {name} is gone"
    return f"version {number} of {name} holds something else than was published ({', '.join(wanted.differences(held))})"


@dataclass(frozen=True)
class Settled:
    """How an update leaves a function."""

    version: str | None
    """What the alias points at."""
    memory: Mapping[str, Any]
    """This function's part of the ``published`` output."""


async def settle(
    name: str, wanted: Wanted, memory: object, choice: Choice, touched: bool, newest: str | None, ask: Ask, origin: str
) -> Settled:
    """What the alias points at and what is remembered, once the function was updated.

    ``touched``: whether the function's own outputs say that it was brought to what is wanted. What a targeted update
    leaves out is remembered as it was, and so is its alias. ``newest``: the version that the provider has published.
    ``origin``: where the zip lies. Raises ``pulumi.RunError`` where ``newest`` doesn't hold what is wanted.
    """
    earlier = _mapping(memory)
    if choice.version is not None:
        # The account was asked about it, so it may be pointed at and remembered whatever became of the function.
        return Settled(choice.version, _remember(earlier, wanted, choice, choice.version) if touched else earlier)
    if not touched or newest is None:
        return Settled(remembered_versions(earlier).get(str(earlier.get("current"))) or newest, earlier)
    version = await _prove(name, newest, wanted, ask, origin)
    return Settled(version, _remember(earlier, wanted, choice, version))


async def _prove(name: str, number: str, wanted: Wanted, ask: Ask, origin: str) -> str:
    held = await ask(number) if is_version(number) else None
    if held is None:
        raise pulumi.RunError(f"{name}: version {number} was to be published, and isn't there: run the same again")
    differences = wanted.differences(held)
    if "codeSha256" in differences:
        raise pulumi.RunError(
            f"{name}: {origin} isn't the zip that the release pins (SHA-256 {wanted.code}): the alias stays "
            "where it was. Upload the right one, and run the same again"
        )
    if differences:
        raise pulumi.RunError(
            f"{name}: version {number}, just published, differs from the release in {', '.join(differences)}: the "
            "alias stays where it was. Somebody changes it by hand; run the same again: it sends everything"
        )
    return number


def _remember(earlier: Mapping[str, Any], wanted: Wanted, choice: Choice, version: str) -> dict[str, Any]:
    versions = {} if choice.forget else remembered_versions(earlier)
    return {"versions": {**versions, wanted.fingerprint: version}, "current": wanted.fingerprint}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
