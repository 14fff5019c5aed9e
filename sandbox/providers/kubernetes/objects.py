"""Objects as the program, the state and the API server name them: tokens, names, ids, annotations, key spelling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.providers.kubernetes.errors import ConfigError

ANNOTATION = "pulumi.com/"
AUTONAMED = ANNOTATION + "autonamed"
SKIP_AWAIT = ANNOTATION + "skipAwait"
TIMEOUT_SECONDS = ANNOTATION + "timeoutSeconds"
PATCH_FORCE = ANNOTATION + "patchForce"
FIELD_MANAGER = ANNOTATION + "patchFieldManager"
PROPAGATION = ANNOTATION + "deletionPropagationPolicy"

MANAGER = "__fieldManager"
"""The output that keeps the name of the field manager of a resource."""

_BUNDLES = frozenset(
    {"helm.sh/v3:Release", "helm.sh/v3:Chart", "helm.sh/v4:Chart", "yaml:ConfigFile", "yaml:ConfigGroup"}
    | {"yaml/v2:ConfigFile", "yaml/v2:ConfigGroup", "kustomize:Directory", "kustomize/v2:Directory"}
)


def urn_type(urn: str) -> str:
    """The type token in a URN."""
    return urn.split("::")[2].rpartition("$")[2]


def urn_name(urn: str) -> str:
    """The logical name in a URN."""
    return urn.split("::", 3)[3]


def api_of(token: str) -> tuple[str, str]:
    """(apiVersion, kind) of a type token such as ``kubernetes:apps/v1:Deployment``.

    Raises `ConfigError` for what is no single object: lists, patches, charts and bundles of files.
    """
    _, _, rest = token.partition(":")
    api_version, _, kind = rest.rpartition(":")
    native = "." not in api_version or ".k8s.io/" in api_version
    if rest in _BUNDLES or (native and kind.endswith(("List", "Patch"))):
        raise ConfigError(f"{token} is not part of the sandbox's kubernetes provider: declare its objects one by one")
    return api_version.removeprefix("core/"), kind


def metadata_of(thing: Mapping[str, Any]) -> Mapping[str, Any]:
    """An object's metadata; empty when it has none or a preview doesn't know it yet."""
    metadata = thing.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}


def annotation(thing: Mapping[str, Any], name: str) -> str | None:
    """The value of an object's annotation, or None."""
    annotations = metadata_of(thing).get("annotations")
    value = annotations.get(name) if isinstance(annotations, Mapping) else None
    return str(value) if value is not None else None


def flagged(thing: Mapping[str, Any], name: str) -> bool:
    """Whether an object's annotation says true."""
    return (annotation(thing, name) or "").lower() == "true"


def name_of(thing: Mapping[str, Any]) -> str:
    """An object's name."""
    return str(metadata_of(thing).get("name", ""))


def namespace_of(thing: Mapping[str, Any]) -> str | None:
    """An object's namespace, or None for one of the whole cluster."""
    value = metadata_of(thing).get("namespace")
    return str(value) if value else None


def id_of(thing: Mapping[str, Any]) -> str:
    """A resource's id: ``namespace/name``, or ``name`` for an object of the whole cluster."""
    namespace = namespace_of(thing)
    return f"{namespace}/{name_of(thing)}" if namespace else name_of(thing)


def split_id(resource_id: str, default_namespace: str) -> tuple[str, str]:
    """(namespace, name) of an id; an id without a namespace means the default one."""
    namespace, _, name = resource_id.rpartition("/")
    return namespace or default_namespace, name


def title(thing: Mapping[str, Any]) -> str:
    """What a message calls an object: ``Deployment production/rag-api``."""
    return f"{thing.get('kind', 'object')} {id_of(thing)}"


def with_name(inputs: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The inputs with a name that was made up for them, and the annotation that says so."""
    metadata = dict(metadata_of(inputs))
    annotations = metadata.get("annotations")
    metadata["name"] = name
    if annotations is None or isinstance(annotations, Mapping):
        metadata["annotations"] = {**(annotations or {}), AUTONAMED: "true"}
    return {**inputs, "metadata": metadata}


def to_api(value: Any) -> Any:
    """Pulumi's spelling of keys to the API's: ``x_kubernetes_…`` to ``x-kubernetes-…``; bookkeeping keys dropped."""
    if isinstance(value, Mapping):
        return {
            key.replace("_", "-") if key.startswith("x_kubernetes_") else key: to_api(item)
            for key, item in value.items()
            if not key.startswith("__")
        }
    return [to_api(item) for item in value] if isinstance(value, list) else value


def from_api(value: Any) -> Any:
    """The API's spelling of keys to Pulumi's: ``x-kubernetes-…`` to ``x_kubernetes_…``."""
    if isinstance(value, Mapping):
        return {
            key.replace("-", "_") if key.startswith("x-kubernetes-") else key: from_api(item)
            for key, item in value.items()
        }
    return [from_api(item) for item in value] if isinstance(value, list) else value
