"""What a cluster itself says of each of its stores: whether it is there, and whether it is the very one of the state.

A claim, a volume or a StatefulSet that was deleted and made anew bears its name and another uid. Source: Kubernetes API
reference, ObjectMeta (uid, creationTimestamp).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from core.errors import ServiceError, translate_errors
from core.state import resources_of
from guard.durable import look_up
from guard.inventory import CLUSTER, Guarded, provider
from guard.location import PROVIDER, Cluster, Provider, declared_provider
from guard.sightings import ASKERS, Sighting

SECONDS = (5, 15)
"""How long a cluster may take to be reached, and to answer."""
SNAPSHOTS = ("snapshot.storage.k8s.io", "v1")
UNKNOWN = Provider(unknown="its provider isn't in the state")
Ask = Callable[[Any, str, str], Any]
"""(client, name, namespace) -> the object."""


def _core(method: str, *, within: bool = True) -> Ask:
    return _typed("CoreV1Api", method, within=within)


def _typed(api: str, method: str, *, within: bool) -> Ask:
    def ask(connection: Any, name: str, namespace: str) -> Any:
        from kubernetes import client

        place = (name, namespace) if within else (name,)
        return getattr(getattr(client, api)(connection), method)(*place, _request_timeout=SECONDS)

    return ask


def _snapshot(connection: Any, name: str, namespace: str) -> Any:
    from kubernetes import client

    custom: Any = client.CustomObjectsApi(connection)
    return custom.get_namespaced_custom_object(*SNAPSHOTS, namespace, "volumesnapshots", name, _request_timeout=SECONDS)


ASKED: Mapping[str, Ask] = {
    "core:PersistentVolumeClaim": _core("read_namespaced_persistent_volume_claim"),
    "core:PersistentVolume": _core("read_persistent_volume", within=False),
    "core:Secret": _core("read_namespaced_secret"),
    "core:ConfigMap": _core("read_namespaced_config_map"),
    "core:Namespace": _core("read_namespace", within=False),
    "apps:StatefulSet": _typed("AppsV1Api", "read_namespaced_stateful_set", within=True),
    "apiextensions.k8s.io:CustomResourceDefinition": _typed(
        "ApiextensionsV1Api", "read_custom_resource_definition", within=False
    ),
    "snapshot.storage.k8s.io:VolumeSnapshot": _snapshot,
}
"""Group and kind, whichever version -> how it is asked for."""


def look(stores: Iterable[Guarded], state: Mapping[str, Any]) -> tuple[dict[str, Sighting], dict[str, str]]:
    """What the clusters say of each store, by URN; and why one couldn't be asked for, by URN.

    Types that nobody here asks for are left out. Never raises for what a cluster says, or where none answers; one that
    doesn't is asked once.
    """
    known, homes = providers(state), identities(state)
    asked = [store for store in stores if store.type.startswith(CLUSTER) and _kind(store.type) in ASKED]
    groups: dict[str, list[Guarded]] = {}
    for store in asked:
        groups.setdefault(store.place.partition(" ")[0], []).append(store)
    seen: dict[str, Sighting] = {}
    unasked: dict[str, str] = {}
    for name, own in groups.items():
        for urn, answer in _asked(own, known.get(name, UNKNOWN), homes.get(name)).items():
            if isinstance(answer, Sighting):
                seen[urn] = answer
            else:
                unasked[urn] = answer
    return seen, unasked


def providers(state: Mapping[str, Any]) -> dict[str, Provider]:
    """The Kubernetes providers of a state, by what a store's place calls them."""
    token = f"{PROVIDER}kubernetes"
    return {
        provider(f"{each['urn']}::id"): declared_provider(str(each["urn"]), token, each.get("inputs") or {})
        for each in resources_of(state)
        if each["type"] == token
    }


def identities(state: Mapping[str, Any]) -> dict[str, str]:
    """The uid of ``kube-system``, by which a cluster is known, where the stack reads it: by what a place calls the
    provider."""
    token, home = "kubernetes:core/v1:Namespace", "kube-system"
    return {
        provider(str(each.get("provider") or "")): str(look_up(each.get("outputs"), "metadata.uid"))
        for each in resources_of(state)
        if each["type"] == token and look_up(each.get("outputs"), "metadata.name") == home
    }


def connect(cluster: Cluster) -> Any:
    """A client of a cluster (``kubernetes.client.ApiClient``), as its context and kubeconfig lead there.

    Raises ``ServiceError`` where they lead nowhere.
    """
    from guard.recovery.makers.other import api_client

    return api_client("the cluster", cluster.kubeconfig, cluster.context)


def _asked(stores: list[Guarded], its: Provider, home: str | None) -> dict[str, Sighting | str]:
    """The answers of one cluster."""
    if its.unknown:
        return {store.urn: f"{store.name}: {its.unknown}" for store in stores}
    try:
        with translate_errors("no cluster answers"):
            connection = connect(its.cluster)
            if home is not None and _home(connection) != home:
                raise ServiceError("another cluster answers than the one that the stack was deployed to")
            first = _ask(connection, stores[0])
    except ServiceError as error:
        return {store.urn: f"{store.name}: {error}" for store in stores}
    with ThreadPoolExecutor(ASKERS) as askers:
        answers = list(askers.map(lambda store: _one(connection, store), stores[1:]))
    return {stores[0].urn: first, **{store.urn: said for store, said in zip(stores[1:], answers, strict=True)}}


def _home(connection: Any) -> str:
    return str(ASKED["core:Namespace"](connection, "kube-system", "").metadata.uid)


def _one(connection: Any, store: Guarded) -> Sighting | str:
    try:
        with translate_errors(store.name):
            return _ask(connection, store)
    except ServiceError as error:
        return str(error)


def _ask(connection: Any, store: Guarded) -> Sighting:
    from kubernetes.client import ApiException

    try:
        found = ASKED[_kind(store.type)](connection, store.name, store.place.partition(" ")[2] or "default")
    except ApiException as error:
        if error.status == 404:
            return Sighting(there=False)
        raise
    if isinstance(found, Mapping):
        metadata = found.get("metadata") or {}
        return Sighting(there=True, instance=str(metadata.get("uid") or ""), created=metadata.get("creationTimestamp"))
    return Sighting(there=True, instance=str(found.metadata.uid or ""), created=found.metadata.creation_timestamp)


def _kind(token: str) -> str:
    _, group, kind = token.split(":", 2)
    return f"{group.partition('/')[0]}:{kind}"
