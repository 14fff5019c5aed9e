"""The provider's settings: what the program or the stack's configuration passes to it.

Source: Pulumi registry, kubernetes provider, "Provider Configuration". Settings that make no difference on a cluster of
the sandbox (helmReleaseSettings, kubeClientSettings, suppressDeprecationWarnings and so on) are taken and not used;
server-side apply is always on.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.providers.kubernetes import kubeconfig
from sandbox.providers.wire import has_unknown

_CONNECTION = ("kubeconfig", "context", "cluster", "namespace")


@dataclass(frozen=True)
class Settings:
    """The settings that matter here. `cluster` is None while a preview doesn't know the kubeconfig yet."""

    cluster: kubeconfig.Cluster | None
    config_map_mutable: bool = False
    secret_mutable: bool = False
    patch_force: bool = False
    upsert: bool = False


def read(args: Mapping[str, Any]) -> Settings:
    """The settings in a Configure request's arguments. Raises `errors.ConfigError`."""
    cluster = None
    if not has_unknown({name: args.get(name) for name in _CONNECTION}):
        cluster = kubeconfig.load(
            args.get("kubeconfig"), args.get("context"), args.get("cluster"), args.get("namespace")
        )
    return Settings(
        cluster,
        config_map_mutable=_flag(args, "enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE"),
        secret_mutable=_flag(args, "enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE"),
        patch_force=_flag(args, "enablePatchForce", "PULUMI_K8S_ENABLE_PATCH_FORCE"),
        upsert=_flag(args, "upsertExistingObjects", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS"),
    )


def _flag(args: Mapping[str, Any], name: str, variable: str) -> bool:
    # Nested settings come as JSON text, so a flag is a bool or the word for it.
    value = args.get(name, os.environ.get(variable, ""))
    return str(value).lower() in {"true", "1"}
