"""Kinds that nothing here copies: how their items are counted, and which tool makes a copy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from guard.durable import Kind
from guard.recovery.digest import Content
from guard.recovery.errors import RecoveryError, told
from guard.recovery.judgement import ELSEWHERE
from guard.recovery.maker import Copy, Order, Progress
from guard.recovery.points import RecoveryPoint, Store


class Others:
    """Secrets, volumes, namespaces, hosts, belts."""

    def count(self, store: Store) -> int:
        """A secret is one, a belt none, a namespace has its claims; what lies on a volume can't be seen from here."""
        match store.kind:
            case Kind.SECRET:
                return 1
            case Kind.BELT:
                return 0
            case Kind.NAMESPACE:
                return _claims(store)
        raise RecoveryError(f"{store}: what lies on it can't be counted from here; {ELSEWHERE[store.kind]}")

    def measure(self, store: Store, progress: Progress) -> Content:  # noqa: ARG002
        """Refused."""
        raise _refused(store)

    def copy(self, order: Order) -> Copy:
        """Refused."""
        raise _refused(order.store)

    def verify(self, point: RecoveryPoint, progress: Progress) -> str:  # noqa: ARG002
        """Refused."""
        raise _refused(point.store)

    def restore(self, point: RecoveryPoint, target: str, progress: Progress) -> int:  # noqa: ARG002
        """Refused."""
        raise _refused(point.store)


def _refused(store: Store) -> RecoveryError:
    return RecoveryError(f"{store}: {ELSEWHERE.get(store.kind, 'nothing here copies it')}")


def _claims(store: Store) -> int:
    """The claims in a namespace of the store's own cluster. A namespace that isn't there has lost nothing to count."""
    with told(str(store)):
        core = _core(store)
        there = core.read_namespace(store.name, _request_timeout=(5, 60))
        if store.uid and there.metadata.uid != store.uid:
            raise RecoveryError(f"{store}: the cluster that answers has another namespace of this name")
        found = core.list_namespaced_persistent_volume_claim(store.name, _request_timeout=(5, 60))
        return len(found.items)


def _core(store: Store) -> Any:
    """A client for the cluster that the store lies in, whichever context is the current one."""
    from kubernetes import client, config

    settings: Any = client.Configuration()
    try:
        content = store.kubeconfig
        if content and not Path(content).expanduser().is_file():
            config.load_kube_config_from_dict(yaml.safe_load(content), store.context, settings)
        else:
            config.load_kube_config(content, store.context, settings)
    except (config.ConfigException, yaml.YAMLError, OSError) as error:
        raise RecoveryError(f"{store}: {error}") from None
    settings.retries = False
    return client.CoreV1Api(client.ApiClient(settings))
