"""What happens to objects in the cluster: made, changed, read, deleted, each followed by its wait."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.providers.kubernetes import difference, objects, ownership, shape
from sandbox.providers.kubernetes.api import Api, Kind
from sandbox.providers.kubernetes.errors import ApiError, KubernetesError, UnknownKindError
from sandbox.providers.kubernetes.readiness.wait import Waiting
from sandbox.providers.kubernetes.settings import Settings

_SETTLE_SECONDS = 10.0
"""How long a creation waits for its namespace or its kind to appear, as when both are made in one update."""

_TRIES = 10

_PROPAGATION = {"orphan": "Orphan", "background": "Background"}


@dataclass
class Lifecycle:
    """The operations on one cluster. `tell` and `warn` take a URN and a text."""

    api: Api
    settings: Settings
    tell: Callable[[str, str], None]
    warn: Callable[[str, str], None]
    cancelled: threading.Event

    def create(self, urn: str, inputs: Mapping[str, Any]) -> tuple[Kind, dict[str, Any]]:
        """Make an object and return it as it is right after. Raises `KubernetesError` when there is one already."""
        body = objects.to_api(inputs)
        kind = self._settled(lambda: self.api.kind(body["apiVersion"], body["kind"]))
        if not self.settings.upsert and self.api.find(kind, objects.namespace_of(body), objects.name_of(body)):
            raise KubernetesError(
                f"{objects.title(body)} exists already in the cluster: import it, or set upsertExistingObjects on the "
                "provider to take it over"
            )
        return kind, self._settled(lambda: self._apply(kind, body, manager_of(urn, inputs, {})))

    def update(
        self, urn: str, inputs: Mapping[str, Any], old: Mapping[str, Any], ignored: Sequence[str] = ()
    ) -> tuple[Kind, dict[str, Any]]:
        """Change an object (or make it again when somebody deleted it) and return it as it is right after.

        What was changed by hand with kubectl is taken over first, as the real provider does; other managers' fields
        (autoscalers, ``kubectl scale``, other programs) conflict. Raises `KubernetesError` then. `ignored` are the
        paths of ignoreChanges: they keep what the live object says.
        """
        body = objects.to_api(inputs)
        kind, manager = self.api.kind(body["apiVersion"], body["kind"]), manager_of(urn, inputs, old)
        live = self._take_over(kind, body, manager)
        if live is not None:
            for text in ignored:
                body = shape.keep_live(body, live, difference.parse_path(text))
        return kind, self._apply(kind, body, manager)

    def _take_over(self, kind: Kind, body: Mapping[str, Any], manager: str) -> dict[str, Any] | None:
        """Make what was changed with kubectl ours; the live object, or None when there is none."""
        for last in [False] * _TRIES + [True]:
            live = self.api.find(kind, objects.namespace_of(body), objects.name_of(body))
            managed = ownership.merged(live, manager) if live else None
            if live is None or managed is None:
                return live
            try:
                self.api.set_managed_fields(kind, live, managed)
                return live
            except ApiError as error:
                # A controller wrote the object's status in between: look again.
                if error.code not in {409, 422} or last:
                    raise
                self.cancelled.wait(0.1)
        return None

    def ready(
        self, urn: str, kind: Kind, inputs: Mapping[str, Any], live: dict[str, Any], seconds: float
    ) -> dict[str, Any]:
        """The object once it is ready. Raises `NotReadyError`; `seconds` is the custom timeout, 0 for none."""
        return self._waiting(urn, kind, inputs, seconds).until_ready(live)

    def read(self, api_version: str, kind_name: str, resource_id: str) -> dict[str, Any] | None:
        """The live object of an id, or None when it (or its whole kind) is gone."""
        try:
            kind = self.api.kind(api_version, kind_name)
        except UnknownKindError:
            return None
        namespace, name = objects.split_id(resource_id, self.api.cluster.namespace)
        return self.api.find(kind, namespace if kind.namespaced else None, name)

    def delete(self, urn: str, resource_id: str, old: Mapping[str, Any], seconds: float) -> None:
        """Delete an object and wait until it is gone; one that is missing already is fine. Raises `NotReadyError`."""
        api_version, kind_name = str(old.get("apiVersion", "")), str(old.get("kind", ""))
        live = self.read(api_version, kind_name, resource_id)
        if live is None:
            return
        kind = self.api.kind(api_version, kind_name)
        wanted = (objects.annotation(old, objects.PROPAGATION) or "").lower()
        propagation = _PROPAGATION.get(wanted, "Foreground")
        self.api.delete(kind, objects.namespace_of(live), objects.name_of(live), propagation)
        self._waiting(urn, kind, old, seconds).until_gone(live)

    def _waiting(self, urn: str, kind: Kind, inputs: Mapping[str, Any], seconds: float) -> Waiting:
        return Waiting(
            self.api,
            kind,
            inputs,
            lambda text: self.tell(urn, text),
            lambda text: self.warn(urn, text),
            self.cancelled,
            seconds,
        )

    def _apply(self, kind: Kind, body: Mapping[str, Any], manager: str) -> dict[str, Any]:
        force = self.settings.patch_force or objects.flagged(body, objects.PATCH_FORCE)
        try:
            return self.api.apply(kind, body, manager, force)
        except ApiError as error:
            if error.conflicts:
                raise KubernetesError(conflict_text(body, error)) from error
            raise

    def _settled(self, attempt: Callable[[], Any]) -> Any:
        """The attempt's result, tried again for a while when the kind or the namespace isn't there yet."""
        deadline = time.monotonic() + _SETTLE_SECONDS
        while True:
            try:
                return attempt()
            except (UnknownKindError, ApiError) as error:
                early = isinstance(error, UnknownKindError) or (error.missing and error.kind == "namespaces")
                if not early or time.monotonic() > deadline or self.cancelled.wait(0.3):
                    raise


def manager_of(urn: str, inputs: Mapping[str, Any], old: Mapping[str, Any]) -> str:
    """The field manager of a resource: the annotation's, the state's, or a name that is always the same for its URN."""
    given = objects.annotation(inputs, objects.FIELD_MANAGER) or old.get(objects.MANAGER)
    return str(given) if given else f"pulumi-kubernetes-{hashlib.sha256(urn.encode()).hexdigest()[:8]}"


def conflict_text(body: Mapping[str, Any], error: ApiError) -> str:
    """One line that says which fields somebody else manages, who, and what can be done."""
    by_manager: dict[str, list[str]] = {}
    for field, message in error.conflicts:
        manager = message.split('"')[1] if message.count('"') > 1 else message
        by_manager.setdefault(manager, []).append(field)
    parts = [
        f'{", ".join(fields)} {"is" if len(fields) == 1 else "are"} managed by "{manager}"'
        for manager, fields in by_manager.items()
    ]
    return (
        f"{objects.title(body)}: {'; '.join(parts)} - leave the field out of the program, or take it over with the "
        f'annotation {objects.PATCH_FORCE}: "true"'
    )
