"""rag-api: its images, its pods and routes, and what it answers through the ingress gateway."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from cli.health import ingress, routes
from cli.health.serving import Serving, nearest
from cli.health.waiting import looks
from cli.targets import pod_logs
from stacks.rag_api import Canary, RagApiRelease, RagApiSettings
from stacks.releases import load, window
from stacks.selection import Selected
from stacks.settings import StackSettings

PATIENCE = 180.0
"""Seconds within which all pods are ready."""
QUESTION = "How do I roll back a release?"


def serving(chosen: Selected, told: Mapping[str, Any], settings: StackSettings) -> Serving:
    """What the pods of each subset run, and which share of the requests the live routes give it.

    Raises what the Kubernetes client raises.
    """
    from kubernetes import config

    assert isinstance(chosen.release, RagApiRelease)
    config.load_kube_config()
    namespace, canary = str(told["namespace"]), settings.of(RagApiSettings).canary
    stable = _deployment(str(told["deployment"]), namespace)
    aside = _deployment(f"{told['deployment']}-canary", namespace, missing=True)
    live = routes.read(namespace)
    ready = _ready(namespace)
    images = {routes.STABLE: _image(stable), routes.CANARY: _image(aside) if aside else None}
    names = {
        subset: _release(image, _meant(chosen, canary if subset == routes.CANARY else None, told))
        for subset, image in images.items()
    }
    shares = [(_answers(subset, names, images, ready), percent) for subset, percent in routes.first(live)]
    waiting = _waiting(stable, int(told["replicas"]))
    whole = shares[0][0] if len({name for name, _ in shares}) == 1 else None
    known = whole if whole in names.values() and not waiting else None
    text = whole or ", ".join(f"{percent:g} % {name}" for name, percent in shares) or "no route"
    wanted = {routes.STABLE: chosen.release.image, **({routes.CANARY: _canary_image(canary)} if canary else {})}
    notes = [f"{canary.weight} % of requests go to a canary of {canary.version} (rag-api:canary)"] if canary else []
    return Serving(
        known,
        f"{text}, {waiting}" if waiting else text,
        as_asked=not waiting and all(images.get(subset) == image for subset, image in wanted.items()),
        drift=tuple(routes.drift(live, canary, ready, namespace)),
        notes=tuple(notes),
    )


def _deployment(name: str, namespace: str, *, missing: bool = False) -> Any:
    """A Deployment; None where ``missing`` is no error and there is none."""
    from kubernetes import client

    try:
        return client.AppsV1Api().read_namespaced_deployment(name, namespace, _request_timeout=routes.SECONDS)
    except client.ApiException as error:
        if missing and error.status == HTTPStatus.NOT_FOUND:
            return None
        raise


def _image(deployment: Any) -> str:
    return str(deployment.spec.template.spec.containers[0].image)


def _release(image: str | None, meant: Sequence[str]) -> str | None:
    """The release that brings an image: the first of those that are meant where several do."""
    brought = [
        version
        for version, release in window("rag-api").items()
        if isinstance(release, RagApiRelease) and release.image == image
    ]
    return nearest(brought, *meant)


def _meant(chosen: Selected, canary: Canary | None, told: Mapping[str, Any]) -> list[str]:
    """The releases that can be expected: the one asked for, and what the last update deployed."""
    aside = [canary.version] if canary else []
    return [*aside, chosen.version, str(told.get("release"))]


def _canary_image(canary: Canary) -> str | None:
    release = load(canary.version).systems.of(RagApiRelease)
    return release.image if release else None


def _answers(
    subset: str, names: Mapping[str, str | None], images: Mapping[str, str | None], ready: Mapping[str, int]
) -> str:
    """Who answers the requests that a subset gets."""
    if not ready.get(subset):
        return f"no pods of {subset}"
    return names.get(subset) or (f"image {images[subset]}" if images.get(subset) else subset)


def _waiting(deployment: Any, asked: int) -> str:
    """What a rollout waits for; empty where nothing is."""
    wanted = max(deployment.spec.replicas or 0, asked)
    if (updated := deployment.status.updated_replicas or 0) < wanted:
        return f"{updated}/{wanted} pods updated"
    if (ready := deployment.status.ready_replicas or 0) < wanted:
        return f"{ready}/{wanted} pods ready"
    return ""


def _ready(namespace: str) -> dict[str, int]:
    """Subset -> its pods that are ready."""
    from kubernetes import client

    pods = client.CoreV1Api().list_namespaced_pod(
        namespace, label_selector=f"app={routes.APP}", _request_timeout=routes.SECONDS
    )
    return dict(Counter((pod.metadata.labels or {}).get("track", "") for pod in pods.items if _is_ready(pod)))


def look(told: Mapping[str, Any]) -> str:
    """The Deployment with its pods."""
    return f"kubectl -n {told['namespace']} get deployment,pods -l app=rag-api"


def logs(told: Mapping[str, Any]) -> str:
    """The pods' logs: of those that run, and of those that ended."""
    namespace = str(told["namespace"])
    if folder := pod_logs():
        return f"`tail -n 20 {folder}/{namespace}.{routes.APP}-*.log` (the sandbox's pods have no `kubectl logs`)"
    command = f"kubectl -n {namespace} logs -l app={routes.APP} --prefix --tail 50"
    return f"`{command}`, `{command} --previous` of those that crashed"


def pods(told: Mapping[str, Any], _region: str) -> str:
    """All pods run and are ready, and there are enough of them (runbook rag-api, verification checklist)."""
    from kubernetes import client, config

    config.load_kube_config()
    api = client.CoreV1Api()
    wanted = int(told["replicas"])
    for _ in looks(PATIENCE):
        pods = api.list_namespaced_pod(told["namespace"], label_selector="app=rag-api,track=stable").items
        live = [pod for pod in pods if pod.metadata.deletion_timestamp is None]
        ready = [pod for pod in live if _is_ready(pod)]
        if len(ready) >= wanted and len(ready) == len(live):
            return f"{len(ready)} pods ready"
    raise TimeoutError(f"{len(ready)} of {max(wanted, len(live))} pods ready after {PATIENCE:.0f} s")


def _is_ready(pod: Any) -> bool:
    return any(each.type == "Ready" and each.status == "True" for each in pod.status.conditions or [])


def health(told: Mapping[str, Any], _region: str) -> str:
    """The health address answers with what was deployed (runbook rag-api, immediate checks), or with the canary's."""
    host, path = _split(told["health"])
    gateway = ingress.find(told["ingress"])
    expected = {told["release"], *([told["canary"]["version"]] if told.get("canary") else [])}
    said = gateway.call(host, path)
    if said.get("release") not in expected:
        raise AssertionError(f"{told['health']} answers for {said.get('release')}, not {told['release']}")
    return f"{told['health']} answers for {said['release']} at {gateway.address}:{gateway.port}"


def query(told: Mapping[str, Any], _region: str) -> str:
    """A query has results."""
    host, _ = _split(told["health"])
    found = ingress.find(told["ingress"]).call(host, "/query", {"query": QUESTION, "top_k": 3})["results"]
    if not found:
        raise AssertionError(f"{QUESTION!r} has no results")
    return f"{len(found)} results for a query"


def _split(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.netloc, parts.path


CHECKS = {"pods": pods, "health": health, "query": query}
