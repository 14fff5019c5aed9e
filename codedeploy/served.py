"""What a Lambda alias serves now, and of which releases each version is: told by the hash of its code.

Source: AWS Lambda API reference (GetAlias, GetFunctionConfiguration). A version's number says nothing: a release that
was gone back to has a lower one than the release it replaces, and one that was published anew a higher one.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.identifiers import order
from stacks.direction import Direction, direction
from stacks.system import SystemRelease


@dataclass(frozen=True)
class Share:
    """One published version behind an alias, and what it gets of the requests."""

    version: str
    percent: float
    releases: tuple[str, ...]
    """The releases that bring this code, oldest first; a single one where the version says which. Empty: none does."""
    layers: tuple[str, ...] = ()
    """The ARNs of its layer versions."""
    sha256: str = ""
    """Of its code (hex)."""

    @property
    def release(self) -> str | None:
        """The single release that this is; None where no release brings it, or several do."""
        return self.releases[0] if len(self.releases) == 1 else None

    def name(self, *wanted: str) -> str:
        """As people call it: the first of ``wanted`` that is among its releases, else the newest of them."""
        for release in wanted:
            if release in self.releases:
                return release
        return self.releases[-1] if self.releases else f"code of no release (version {self.version})"


def shares(lambdas: Any, function: str, alias: str, name: str, known: Mapping[str, SystemRelease]) -> tuple[Share, ...]:
    """What ``alias`` of ``function`` serves, its own version first. Raises botocore's ``ClientError``.

    ``name``: the function's name in the manifests ``known`` (version -> what the release brings of the system).
    """
    answer = lambdas.get_alias(FunctionName=function, Name=alias)
    primary = str(answer["FunctionVersion"])
    weights = (answer.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    split = {str(version): 100 * float(weight) for version, weight in weights.items() if weight}
    parts = {primary: 100.0 - sum(split.values()), **split}
    return tuple(share(lambdas, function, name, version, percent, known) for version, percent in parts.items())


def share(
    lambdas: Any, function: str, name: str, version: str, percent: float, known: Mapping[str, SystemRelease]
) -> Share:
    """One published version of a function. Raises botocore's ``ClientError``."""
    live = lambdas.get_function_configuration(FunctionName=function, Qualifier=version)
    own = ((live.get("Environment") or {}).get("Variables") or {}).get("RELEASE")
    code = base64.b64decode(live["CodeSha256"]).hex()
    layers = tuple(layer["Arn"] for layer in live.get("Layers") or ())
    return Share(version, round(percent, 2), releases_of(known, name, code, own), layers, code)


def releases_of(known: Mapping[str, SystemRelease], name: str, sha256: str, own: str | None = None) -> tuple[str, ...]:
    """The releases whose manifest pins this code for a function, oldest first.

    ``own``: the release that the version was published for, where it is told it: one of them, or it isn't believed.
    """
    same = [version for version, release in known.items() if _pins(release, name, sha256)]
    return (own,) if own in same else tuple(sorted(same, key=order))


def _pins(release: SystemRelease, name: str, sha256: str) -> bool:
    artifact = getattr(release, "functions", {}).get(name)
    return artifact is not None and artifact.sha256 == sha256


def goes_back(served: tuple[Share, ...], target: str, release: str, otherwise: bool) -> bool:
    """Whether an alias that serves ``served`` goes back when it moves to version ``target``, of ``release``.

    It does where something is served that only later releases bring, whatever was deployed or pinned before; where it
    serves ``target`` already, beside another version; and, within one release, where an earlier version of the function
    is returned to. ``otherwise``: the answer where no release brings what is served.
    """
    others = [share for share in served if share.version != target]
    if not release:
        return otherwise
    if any(share.releases and _all_later(share.releases, release) for share in others):
        return True
    if served[0].version == target:
        return True
    if all(release in share.releases for share in others):
        return all(_number(target) < _number(share.version) for share in others)
    return otherwise if any(not share.releases for share in others) else False


def _all_later(releases: tuple[str, ...], than: str) -> bool:
    return all(direction(each, than) is Direction.BACK for each in releases)


def _number(version: str) -> int:
    return int(version) if version.isdigit() else 0
