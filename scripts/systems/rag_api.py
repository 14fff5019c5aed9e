"""rag-api: the Deployment's image, its pods, and what it answers through the ingress gateway."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from scripts.systems import ingress
from scripts.systems.waiting import looks
from stacks.rag_api import RagApiRelease
from stacks.selection import Selected

PATIENCE = 180.0
"""Seconds within which all pods are ready."""
QUESTION = "How do I roll back a release?"


def runs(chosen: Selected, told: Mapping[str, Any], _region: str) -> str:
    """The pinned release, when the Deployment's pods all run its image and enough of them are ready.

    Raises what the Kubernetes client raises.
    """
    from kubernetes import client, config

    assert isinstance(chosen.release, RagApiRelease)
    config.load_kube_config()
    found = client.AppsV1Api().read_namespaced_deployment(told["deployment"], told["namespace"])
    image = found.spec.template.spec.containers[0].image
    if image != chosen.release.image:
        return f"image {image}"
    wanted = max(found.spec.replicas or 0, int(told["replicas"]))
    if (updated := found.status.updated_replicas or 0) < wanted:
        return f"{updated}/{wanted} pods updated"
    if (ready := found.status.ready_replicas or 0) < wanted:
        return f"{ready}/{wanted} pods ready"
    return chosen.version


def look(told: Mapping[str, Any]) -> str:
    """The Deployment with its pods."""
    return f"kubectl -n {told['namespace']} get deployment,pods -l app=rag-api"


def pods(told: Mapping[str, Any], _region: str) -> str:
    """All pods run and are ready, and there are enough of them (seed 001, "Verification Checklist")."""
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
    """The health address answers with the deployed release (seed 001, "Immediate Checks"), or with the canary's."""
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
