"""Deleted layer versions: functions that were made with one keep it (Lambda, "Deleting a layer version").

The version can't be looked up or given to a function any more, but lives on as long as functions need it. moto forgets
it, and an older version of a function, the one that a rollback goes back to, would start without its packages.
"""

from __future__ import annotations

from typing import Any

from moto.awslambda.models import LambdaBackend, Layer, lambda_backends

from sandbox.account import state

_delete = Layer.delete_version


def _deleted() -> dict[str, bytes]:
    return state.kept("deleted-layer-versions", dict)


def _delete_version(self: Layer, layer_version: str) -> None:
    found = self.layer_versions.get(str(layer_version))
    if found is not None:
        _deleted()[found.arn] = found.code_bytes
    _delete(self, layer_version)


def content(function: Any, arn: str) -> bytes | None:
    """Return the zip of a layer version that a moto function was made with; None where there never was one."""
    backend: LambdaBackend = lambda_backends[function.account_id][function.region]
    found = backend.layers_versions_by_arn(arn)
    return found.code_bytes if found is not None else _deleted().get(arn)


def install() -> None:
    """Put this in the place of moto's."""
    Layer.delete_version = _delete_version
