"""Kinds that nothing here copies: how their items are counted, and which tool makes a copy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from core.errors import ServiceError, translate_errors
from guard.durable import Kind
from guard.recovery.digest import Content
from guard.recovery.judgement import ELSEWHERE
from guard.recovery.maker import Copy, Order, Progress
from guard.recovery.points import LocatedStore, RecoveryPoint


class Others:
    """Secrets, volumes, namespaces, hosts, belts."""

    def count(self, store: LocatedStore) -> int:
        """A secret is one, a belt none, a namespace what is in it; what lies on a volume can't be seen from here."""
        match store.kind:
            case Kind.SECRET:
                return 1
            case Kind.BELT:
                return 0
            case Kind.NAMESPACE:
                return _in_namespace(store)
        elsewhere = ELSEWHERE.get(store.kind, "nothing here copies it")
        raise ServiceError(f"{store}: what it holds can't be counted from here; {elsewhere}")

    def measure(self, store: LocatedStore, progress: Progress) -> Content:  # noqa: ARG002
        """Refused."""
        raise _refused(store)

    def copy(self, order: Order) -> Copy:
        """Refused."""
        raise _refused(order.store)

    def verify(self, point: RecoveryPoint, progress: Progress) -> str:  # noqa: ARG002
        """Refused."""
        raise _refused(point.store)

    def check(self, point: RecoveryPoint) -> None:
        """Refused."""
        raise _refused(point.store)

    def restore(self, point: RecoveryPoint, target: str, progress: Progress) -> int:  # noqa: ARG002
        """Refused."""
        raise _refused(point.store)


def _refused(store: LocatedStore) -> ServiceError:
    return ServiceError(f"{store}: {ELSEWHERE.get(store.kind, 'nothing here copies it')}")


def _in_namespace(store: LocatedStore) -> int:
    """How many claims, Secrets and ConfigMaps go with a namespace; those of the cluster's own aren't counted.

    A namespace that isn't there, or is another one by its uid, has nothing that could be counted.
    """
    with translate_errors(str(store)):
        core = _core(store)
        there = core.read_namespace(store.name, _request_timeout=(5, 60))
        if store.uid and there.metadata.uid != store.uid:
            raise ServiceError(f"{store}: the cluster that answers has another namespace of this name")
        given: Any = {"namespace": store.name, "_request_timeout": (5, 60)}
        claims = core.list_namespaced_persistent_volume_claim(**given).items
        secrets = [each for each in core.list_namespaced_secret(**given).items if each.type != TOKEN]
        maps = [
            each for each in core.list_namespaced_config_map(**given).items if each.metadata.name not in OF_THE_CLUSTER
        ]
        return len(claims) + len(secrets) + len(maps)


def _core(store: LocatedStore) -> Any:
    connection = api_client(str(store), store.kubeconfig, store.context)
    from kubernetes import client

    return client.CoreV1Api(connection)


def api_client(what: str, kubeconfig: str | None, context: str | None) -> Any:
    """A client for a cluster, whichever context is the current one. Raises ``ServiceError``, beginning with ``what``.

    ``kubeconfig``: a path, or the content itself.
    """
    try:
        from kubernetes import client, config
    except ImportError:
        raise ServiceError(
            f"{what}: clusters are asked with kubernetes, which isn't installed: pip install kubernetes"
        ) from None
    settings: Any = client.Configuration()
    try:
        if kubeconfig and not Path(kubeconfig).expanduser().is_file():
            config.load_kube_config_from_dict(yaml.safe_load(kubeconfig), context, settings)
        else:
            config.load_kube_config(kubeconfig, context, settings)
    except (config.ConfigException, yaml.YAMLError, OSError) as error:
        raise ServiceError(f"{what}: {error}") from None
    settings.retries = False
    return client.ApiClient(settings)


OF_THE_CLUSTER = frozenset({"kube-root-ca.crt", "istio-ca-root-cert"})
"""ConfigMaps that the cluster itself puts into every namespace, and would again."""
TOKEN = "kubernetes.io/service-account-token"  # noqa: S105 - a type of Secret: the cluster issues it anew
