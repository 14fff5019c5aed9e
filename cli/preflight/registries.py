"""Rows about images: registries that answer and take a login, and whether nodes can pull what is pinned."""

from __future__ import annotations

import base64
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from apps import oci, registry
from cli.preflight import cluster, images
from cli.preflight.facts import PreflightContext
from cli.preflight.rows import CheckResult, State, UntoldError, fine, missing, unknown
from cli.release.places import by_files
from cli.targets import is_local
from stacks.rag_api import RagApiSettings
from stacks.registries import login_key, registry_of

PULL_SECRET = "regcred"  # noqa: S105 - its name, as components/rag_api/workload.py gives it
SECONDS = 4.0
"""That a registry has for an answer."""
SIDE_BY_SIDE = 4
NOT_NEEDED = "not needed: no system of the stack runs an image"
OF_FILES = "known by its files alone, so that no registry can hold it"
DEFAULT = f"{oci.SYSTEM}/{oci.ARCHITECTURE}"
"""What releases are built for."""
_lying: set[str] = set()
"""Folders with logins at this moment."""


def answers(facts: PreflightContext) -> CheckResult:
    """Whether each registry of the pinned images answers from here, and takes this user's login.

    Nodes ask by a network and with a login of their own: the row of the images is about those.
    """
    if not images.wanted(facts.settings, facts.selected):
        return fine(NOT_NEEDED)
    asked = _in_registries(facts)
    if not asked:
        return fine("not needed: the pinned images are known by their files alone")
    found = [_answer(reference) for reference in {_registry(each): each for each in asked}.values()]
    return _worst(found)


def pullable(facts: PreflightContext) -> CheckResult:
    """Whether every pinned image is in its registry, whole, by digest, for the nodes' platform, and for their login."""
    wanted = images.wanted(facts.settings, facts.selected)
    if not wanted:
        return fine(NOT_NEEDED)
    asked = _in_registries(facts)
    if not asked:
        return fine(f"{len(wanted)} known by its files alone: the sandbox runs it without a registry")
    platforms, told = _platforms(facts)
    with _nodes_logins(facts) as (logins, whose), ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        found = list(pool.map(lambda each: _image(facts, each, platforms, logins), asked))
    worst = _worst(found)
    if worst.state is not State.FINE:
        return CheckResult(worst.state, f"{worst.detail} (asked with {whose})", worst.remedy)
    return fine(f"{'; '.join(each.detail for each in found)}; asked with {whose}; {told}")


def _in_registries(facts: PreflightContext) -> list[str]:
    """The images that a registry is asked for: elsewhere than in the sandbox all of them."""
    alone = by_files() if is_local() else frozenset()
    wanted = images.wanted(facts.settings, facts.selected)
    return [each for each in wanted if each.rpartition(":")[2] not in alone]


def _registry(reference: str) -> str:
    return registry.address(reference)[0].partition("/")[0]


def _worst(found: Sequence[CheckResult]) -> CheckResult:
    for state in (State.MISSING, State.UNKNOWN):
        of_it = [each for each in found if each.state is state]
        if of_it:
            details, remedies = (
                dict.fromkeys(texts) for texts in zip(*((e.detail, e.remedy) for e in of_it), strict=True)
            )
            return CheckResult(state, "; ".join(details), "; ".join(remedies))
    return fine("; ".join(each.detail for each in found))


def _answer(reference: str) -> CheckResult:
    host = _registry(reference)
    try:
        registry.platforms(reference, seconds=SECONDS)
    except registry.SilentError:
        return missing(
            f"{host} doesn't answer within {SECONDS:g} s",
            f"start it, or see to the network and to {registry.CONF}; without it nothing is pulled or published",
        )
    except registry.RefusedError:
        if _has_login(host):
            return missing(f"{host} refuses this user's login", f"docker login {host}")
        return unknown(
            f"{host} answers, and refuses whoever has no login", f"docker login {host}, to publish and to look"
        )
    except registry.ExchangedError:
        pass  # it answers; what it says of the image is the other row's matter
    except registry.RegistryError as error:
        return missing(str(error), "fix what the line says, then run this again")
    return fine(f"{host} answers")


def _image(facts: PreflightContext, reference: str, platforms: frozenset[str], logins: Path | None) -> CheckResult:
    version = images.system_of(reference, facts.settings, facts.selected).version
    bring = f"`rollback release publish {version} -s STACK` where it was built, or pin another release"
    if reference.rpartition(":")[2] in by_files():
        return missing(
            f"{reference} is {OF_FILES}: {version} runs in the sandbox alone",
            "write a release whose images name your repository (docs/releases.md), and pin that",
        )
    try:
        built_for = registry.platforms(reference, logins, SECONDS)
        whole = bool(built_for) and registry.present(reference, logins, SECONDS)
    except registry.RegistryError as error:
        return _not_shown(facts, reference, error, logins is not None, bring)
    lacking = sorted(platforms - built_for)
    if not built_for:
        return missing(f"{reference} isn't in its registry", bring)
    if not whole:
        return missing(f"{reference} isn't whole: its registry lost a layer", f"delete it there; {bring}")
    if lacking:
        return missing(
            f"{reference} is for {', '.join(sorted(built_for))}, and nodes are {', '.join(lacking)}",
            "pin a release whose image is for the nodes, or give the cluster nodes of that platform",
        )
    return fine(f"{reference} is whole, for {', '.join(sorted(built_for))}")


def _not_shown(
    facts: PreflightContext, reference: str, error: registry.RegistryError, by_secret: bool, bring: str
) -> CheckResult:
    """What an error of a registry says of an image. by_secret: whether it was asked with the nodes' login."""
    at = _registry(reference)
    if isinstance(error, registry.ExchangedError):
        return missing(str(error), f"find out who wrote it; {bring}")
    if not isinstance(error, registry.RefusedError):
        return unknown(f"{at} can't be asked for {reference}", "see the row of the registry")
    if by_secret:
        return missing(
            f"{at} refuses the pull secret {PULL_SECRET}: nodes can't pull {reference}",
            f"pulumi config set -s {facts.stack} --secret rag-api:registryToken TOKEN, then `rollback up`",
        )
    return unknown(
        f"{reference} isn't shown to this user; whether nodes may pull it can't be told", f"docker login {at}"
    )


def _platforms(facts: PreflightContext) -> tuple[frozenset[str], str]:
    """What the nodes are that take any pod, and where that is known from."""
    from kubernetes import client

    try:
        found = client.CoreV1Api(cluster.answering(facts)).list_node(_request_timeout=cluster.TIME).items
    except (UntoldError, client.ApiException):
        return frozenset({DEFAULT}), f"the nodes, which can't be listed, are taken for {DEFAULT}"
    taking = [each for each in found if not (each.spec.unschedulable or _is_tainted(each))]
    infos = [each.status.node_info for each in taking]
    names = frozenset(f"{each.operating_system}/{each.architecture}" for each in infos)
    return names, f"as the nodes are ({', '.join(sorted(names)) or 'there is none that takes pods'})"


def _is_tainted(node: Any) -> bool:
    return any(each.effect in ("NoSchedule", "NoExecute") for each in node.spec.taints or ())


@contextmanager
def _nodes_logins(facts: PreflightContext) -> Iterator[tuple[Path | None, str]]:
    """A folder with the login that pods pull with, gone afterwards, and whose it is; None for this user's own."""
    from kubernetes import client

    own = "this user's login"
    try:
        api = client.CoreV1Api(cluster.answering(facts))
        namespace = facts.settings.of(RagApiSettings).namespace
        secret = api.read_namespaced_secret(PULL_SECRET, namespace, _request_timeout=cluster.TIME)
        document = json.loads(base64.b64decode(secret.data[".dockerconfigjson"]))
        logins = dict(document["auths"])
    except UntoldError:
        yield None, f"{own}, since the cluster doesn't answer"
        return
    except client.ApiException as error:
        why = "isn't there yet" if error.status == cluster.NOT_FOUND else "may not be read"
        yield None, f"{own}, since the pull secret {PULL_SECRET} {why}"
        return
    except (ValueError, KeyError, TypeError, AttributeError):
        yield None, f"{own}, since the pull secret {PULL_SECRET} holds no login"
        return
    with tempfile.TemporaryDirectory(prefix="rollback-", ignore_cleanup_errors=True) as folder:
        _lying.add(folder)
        path = Path(folder) / "config.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps({"auths": {**logins, **_at_mirrors(facts, logins)}}))
        yield Path(folder), f"the pull secret {PULL_SECRET}"
    _lying.discard(folder)


def forget() -> None:
    """Delete the logins that lie on disk for looks that still hang: the program is about to end without them."""
    for folder in list(_lying):
        shutil.rmtree(folder, ignore_errors=True)


def _at_mirrors(facts: PreflightContext, logins: dict[str, Any]) -> dict[str, Any]:
    """The same logins where a registry has another address: a node takes them along to its mirror."""
    named = {login_key(registry_of(each)): _registry(each) for each in images.wanted(facts.settings, facts.selected)}
    return {at: logins[host] for host, at in named.items() if host in logins}


def _has_login(host: str) -> bool:
    """Whether Docker's configuration has a login for a registry, or a store of logins that may."""
    folder = os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker"
    try:
        known = json.loads((Path(folder) / "config.json").read_text())
        return bool(known.get("credsStore") or host in (known.get("credHelpers") or {}) or known["auths"].get(host))
    except (OSError, ValueError, KeyError, AttributeError):
        return False
