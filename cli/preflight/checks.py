"""The table of a preflight: every row, and what looks at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from cli.preflight import account, cluster, hosts, permissions, registries, stores, tools
from cli.preflight.facts import PreflightContext
from cli.preflight.rows import CheckResult
from cli.rights.document import steps

CHECKS: Mapping[str, Callable[[PreflightContext], CheckResult]] = {
    "credentials": account.credentials,
    "region": account.region,
    "backend": tools.backend,
    "state": tools.state,
    "secrets": tools.secrets,
    "engine": tools.engine,
    "python host": tools.host,
    **{f"plugin: {name}": partial(tools.plugin, name) for name in tools.PLUGINS},
    "artifact bucket": stores.artifact_bucket,
    "recovery bucket": stores.recovery_bucket,
    "artifacts": stores.pinned_artifacts,
    "cluster": cluster.reachable,
    "istio": cluster.istio,
    "cluster rights": cluster.access,
    "registry": registries.answers,
    "images": registries.pullable,
    "hosts": hosts.hosts,
    **dict(account.QUOTAS),
    **{f"rights: {name}": permissions.step(name) for name in steps()},
}
"""The rows, in the order of the table. Each is looked at by itself."""
