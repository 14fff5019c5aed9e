"""The few calls to the Kubernetes REST API that a provider needs, for every kind alike.

Plain urllib3 over discovery instead of the official client: that one takes more than a second to import, and the engine
starts this plugin on every command. Source: Kubernetes documentation, "Kubernetes API Concepts", "Server-Side Apply".
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from sandbox.providers.kubernetes.errors import ApiError, UnknownKindError, UnreachableError
from sandbox.providers.kubernetes.kubeconfig import Cluster

APPLY = "application/apply-patch+yaml"  # JSON is YAML

_CONNECT_SECONDS = 3.0
_READ_SECONDS = 60.0


@dataclass(frozen=True)
class Kind:
    """How the API server serves a kind."""

    api_version: str
    name: str
    plural: str
    namespaced: bool

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """The address of one object, or (without a name) of all objects in a namespace or the cluster."""
        parts = [group_path(self.api_version)]
        if self.namespaced and namespace:
            parts.append(f"namespaces/{quote(namespace)}")
        parts.append(self.plural)
        if name:
            parts.append(quote(name, safe=""))
        return "/".join(parts)


def group_path(api_version: str) -> str:
    """The path under which an API version is served; the core group has one of its own."""
    version = api_version.removeprefix("core/")
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


class Api:
    """A cluster's API server. Safe for many threads."""

    def __init__(self, cluster: Cluster) -> None:
        import urllib3

        self.cluster = cluster
        self._kinds: dict[str, dict[str, Kind]] = {}
        self._lock = threading.Lock()
        self._failures = (urllib3.exceptions.HTTPError, OSError)
        self._pool = urllib3.PoolManager(
            num_pools=2,
            maxsize=32,
            retries=False,
            timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS),
            ssl_context=cluster.tls,
        )

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
    ) -> dict[str, Any]:
        """Send one request and return the answer's JSON. Raises `ApiError` and `UnreachableError`."""
        url = self.cluster.server + path + (f"?{urlencode(query)}" if query else "")
        headers = {"Accept": "application/json", "Content-Type": content_type, **self.cluster.headers}
        data = json.dumps(body).encode() if body is not None else None
        try:
            response = self._pool.request(method, url, body=data, headers=headers)
        except self._failures as error:
            raise UnreachableError(
                f"the sandbox cluster at {self.cluster.server} does not answer; start it with make up"
            ) from error
        try:
            answer = json.loads(response.data) if response.data else {}
        except ValueError:
            answer = {"message": response.data.decode(errors="replace")[:500]}
        if response.status >= 400:
            raise ApiError(response.status, answer if isinstance(answer, dict) else {})
        return answer if isinstance(answer, dict) else {}

    def check(self) -> None:
        """Raise `UnreachableError` at once when nobody answers at the server's address."""
        self.request("GET", "/version")

    def kind(self, api_version: str, name: str) -> Kind:
        """How a kind is served. Raises `UnknownKindError` when the cluster doesn't serve it."""
        with self._lock:
            known = self._kinds.get(api_version, {}).get(name)
        if known:
            return known
        try:
            listed = self.request("GET", group_path(api_version))
        except ApiError as error:
            if not error.missing:
                raise
            listed = {}
        found = {
            str(item["kind"]): Kind(api_version, str(item["kind"]), str(item["name"]), bool(item.get("namespaced")))
            for item in listed.get("resources") or []
            if "/" not in str(item.get("name", ""))
        }
        with self._lock:
            self._kinds[api_version] = found
        if name not in found:
            raise UnknownKindError(
                f"the cluster at {self.cluster.server} serves no kind {name} in {api_version}; "
                "is its CustomResourceDefinition missing?"
            )
        return found[name]

    def get(self, kind: Kind, namespace: str | None, name: str) -> dict[str, Any]:
        """One object. Raises `ApiError`, whose `missing` says that there is none."""
        return self.request("GET", kind.path(namespace, name))

    def find(self, kind: Kind, namespace: str | None, name: str) -> dict[str, Any] | None:
        """One object, or None when there is none."""
        try:
            return self.get(kind, namespace, name)
        except ApiError as error:
            if error.missing:
                return None
            raise

    def matching(self, kind: Kind, namespace: str | None, **query: str) -> list[dict[str, Any]]:
        """The objects of a kind that fit the query (labelSelector, fieldSelector)."""
        return list(self.request("GET", kind.path(namespace), query).get("items") or [])

    def apply(self, kind: Kind, body: Mapping[str, Any], manager: str, force: bool = False) -> dict[str, Any]:
        """Server-side apply: make or change an object, as the manager of exactly the fields in `body`."""
        metadata = body.get("metadata") or {}
        query = {"fieldManager": manager, "force": "true" if force else "false", "fieldValidation": "Strict"}
        return self.request("PATCH", kind.path(metadata.get("namespace"), metadata["name"]), query, body, APPLY)

    def set_managed_fields(self, kind: Kind, live: Mapping[str, Any], managed: list[dict[str, Any]]) -> None:
        """Say anew whose fields are whose, unless the object has changed since (`ApiError` then)."""
        metadata = live["metadata"]
        patch = [
            {"op": "replace", "path": "/metadata/managedFields", "value": managed},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
        ]
        address = kind.path(metadata.get("namespace"), metadata["name"])
        self.request("PATCH", address, body=patch, content_type="application/json-patch+json")

    def delete(self, kind: Kind, namespace: str | None, name: str, propagation: str) -> None:
        """Ask for an object's deletion; one that is missing already is fine."""
        try:
            self.request("DELETE", kind.path(namespace, name), body={"propagationPolicy": propagation})
        except ApiError as error:
            if not error.missing:
                raise
