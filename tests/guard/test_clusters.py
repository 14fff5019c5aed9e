"""What a cluster says of claims, volumes and StatefulSets, asked over the wire, and what the audit makes of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from guard import clusters
from guard.findings import Severity
from guard.inventory import durable
from guard.losses import Account
from guard.sightings import Sighting
from sandbox.paths import free_ports
from tests.guard.audits import STARTED, found, update
from tests.guard.states import noted, state, urn

PROVIDER = "urn:pulumi:prod::rollback-stack::pulumi:providers:kubernetes::west"
CLAIM, STATEFUL = "kubernetes:core/v1:PersistentVolumeClaim", "kubernetes:apps/v1:StatefulSet"
PATHS = {
    CLAIM: "/api/v1/namespaces/shop/persistentvolumeclaims/data",
    STATEFUL: "/apis/apps/v1/namespaces/shop/statefulsets/data",
    "kubernetes:core/v1:PersistentVolume": "/api/v1/persistentvolumes/data",
    "kubernetes:core/v1:Namespace": "/api/v1/namespaces/data",
    "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition": (
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/data"
    ),
    "kubernetes:snapshot.storage.k8s.io/v1:VolumeSnapshot": (
        "/apis/snapshot.storage.k8s.io/v1/namespaces/shop/volumesnapshots/data"
    ),
}
INSIDE = (CLAIM, STATEFUL, "kubernetes:snapshot.storage.k8s.io/v1:VolumeSnapshot")
SINCE = "2026-11-20T01:00:00Z"


@pytest.fixture
def cluster() -> Iterator[dict[str, str]]:
    """An API server: path -> uid. Its port is the one of ``port``."""
    objects: dict[str, str] = {}

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            uid = objects.get(self.path)
            metadata = {"name": "data", "uid": uid, "creationTimestamp": SINCE}
            whole = {"spec": {"group": "g", "names": {"kind": "K", "plural": "k"}, "scope": "Cluster", "versions": []}}
            serving = {**whole, "spec": {**whole["spec"], "serviceName": "s", "selector": {}, "template": {}}}
            body = json.dumps({"metadata": metadata, **serving} if uid else {"kind": "Status", "code": 404}).encode()
            self.send_response(200 if uid else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Quietly."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    objects["port"] = str(server.server_port)
    yield objects
    server.shutdown()
    thread.join()
    server.server_close()


def kubeconfig(port: str) -> str:
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "west",
            "contexts": [{"name": "west", "context": {"cluster": "west", "user": "west"}}],
            "clusters": [{"name": "west", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
            "users": [{"name": "west", "user": {}}],
        }
    )


def here(port: str, token: str = CLAIM, uid: str = "one", **inputs: Any) -> dict[str, Any]:
    """A state with one object, and the provider that leads to its cluster."""
    metadata = {"name": "data", "uid": uid, **({"namespace": "shop"} if token in INSIDE else {})}
    settings = inputs or {"kubeconfig": kubeconfig(port)}
    return state(
        {"urn": PROVIDER, "type": "pulumi:providers:kubernetes", "custom": True, "inputs": settings},
        {
            "urn": urn("data", token),
            "type": token,
            "custom": True,
            "id": "data",
            "provider": f"{PROVIDER}::id",
            "inputs": {"metadata": metadata},
            "outputs": {"metadata": metadata},
            "protect": True,
            "retainOnDelete": True,
            "resourceHooks": {"BeforeDelete": ["durable-store"]},
        },
    )


def look(of: dict[str, Any]) -> tuple[dict[str, Sighting], dict[str, str]]:
    return clusters.look(durable(of).values(), of)


@pytest.mark.parametrize("token", PATHS)
def test_each_kind_is_asked_for_by_its_path(token: str, cluster: dict[str, str]) -> None:
    assert look(here(cluster["port"], token))[0][urn("data", token)] == Sighting(there=False)
    cluster[PATHS[token]] = "one"
    found, unasked = look(here(cluster["port"], token))
    assert (found[urn("data", token)].instance, unasked) == ("one", {})
    assert found[urn("data", token)].created is not None


def audited(of: dict[str, Any], *, sightings: dict[str, Sighting] | None = None) -> list[tuple[str, Severity, str]]:
    """What the audit finds of a state that the last update left as it is."""
    last = noted(of, STARTED, sightings=sightings or {})
    return [(each.kind, each.severity, each.text) for each in found(of, [update()], last, account=Account(*look(of)))]


@pytest.mark.parametrize("token", [CLAIM, STATEFUL])
def test_what_is_gone_or_was_made_anew_is_found(token: str, cluster: dict[str, str]) -> None:
    of = here(cluster["port"], token)
    ((kind, severity, text),) = audited(of)
    assert (kind, severity) == ("store-missing", Severity.HIGH)
    assert "data is in the state and not in the cluster" in text
    cluster[PATHS[token]] = "two"
    ((kind, severity, _),) = audited(of)
    assert (kind, severity) == ("store-remade", Severity.HIGH)
    cluster[PATHS[token]] = "one"
    assert audited(of) == []


def test_a_refresh_that_took_the_new_one_over_excuses_nothing(cluster: dict[str, str]) -> None:
    cluster[PATHS[CLAIM]] = "two"
    of, first = here(cluster["port"], uid="two"), {urn("data", CLAIM): Sighting(there=True, instance="one")}
    last = noted(here(cluster["port"]), STARTED, sightings=first)
    kinds = [each.kind for each in found(of, [update()], last, account=Account(*look(of)))]
    assert "store-remade" in kinds or "store-replaced" in kinds


def test_a_cluster_that_doesnt_answer_is_told_as_what_it_is() -> None:
    ((kind, severity, text),) = audited(here(str(free_ports(1)[0])))
    assert (kind, severity) == ("cluster-not-asked", Severity.UNKNOWN)
    assert text.startswith("whether it is in the cluster isn't known: data: no cluster answers")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"context": "nowhere", "kubeconfig": kubeconfig("1")}, "nowhere"),
        ({"kubeconfig": {"4dabf18193072939515e22adb298388d": "secret"}}, "its provider's kubeconfig is known only"),
        ({"cluster": "by-name"}, "its provider chooses a cluster by name"),
    ],
)
def test_a_provider_that_leads_nowhere_never_leads_to_another_cluster(settings: dict[str, Any], said: str) -> None:
    ((kind, _, text),) = audited(here("1", **settings))
    assert kind == "cluster-not-asked"
    assert said in text


def test_a_provider_that_the_state_lacks_is_never_the_environments() -> None:
    of = here("1")
    of["deployment"]["resources"].pop(0)
    assert "isn't in the state" in look(of)[1][urn("data", CLAIM)]


def test_another_cluster_answers_for_nothing(cluster: dict[str, str]) -> None:
    of = here(cluster["port"])
    home = {"name": "kube-system", "uid": "the-stacks-own"}
    of["deployment"]["resources"].append(
        {
            "urn": urn("home", "kubernetes:core/v1:Namespace"),
            "type": "kubernetes:core/v1:Namespace",
            "custom": True,
            "external": True,
            "id": "kube-system",
            "provider": f"{PROVIDER}::id",
            "outputs": {"metadata": home},
        }
    )
    cluster["/api/v1/namespaces/kube-system"] = "another"
    ((kind, _, text),) = audited(of)
    assert kind == "cluster-not-asked"
    assert "another cluster answers" in text
    cluster["/api/v1/namespaces/kube-system"] = "the-stacks-own"
    assert [kind for kind, *_ in audited(of)] == ["store-missing"]
