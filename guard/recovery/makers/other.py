"""Kinds that nothing here copies: how their items are counted, and which tool makes a copy."""

from __future__ import annotations

from typing import Any

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

    def check(self, point: RecoveryPoint) -> None:
        """Refused."""
        raise _refused(point.store)

    def restore(self, point: RecoveryPoint, target: str, progress: Progress) -> int:  # noqa: ARG002
        """Refused."""
        raise _refused(point.store)


def _refused(store: Store) -> RecoveryError:
    return RecoveryError(f"{store}: {ELSEWHERE.get(store.kind, 'nothing here copies it')}")


def _claims(store: Store) -> int:
    from kubernetes import client, config

    with told(str(store)):
        settings: Any = client.Configuration()
        try:
            config.load_kube_config(client_configuration=settings)
        except config.ConfigException as error:
            raise RecoveryError(f"{store}: {error}") from None
        settings.retries = False
        core = client.CoreV1Api(client.ApiClient(settings))
        found = core.list_namespaced_persistent_volume_claim(store.name, _request_timeout=(5, 60))
        return len(found.items)
