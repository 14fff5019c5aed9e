"""Pulumi's generated protocol messages, without the rest of Pulumi's Python SDK.

Importing ``pulumi.runtime.proto`` the ordinary way runs ``pulumi/__init__.py``, which costs more than half a second:
too much for a plugin that the engine starts on every command. Here the two parent packages are stood in for by empty
ones while the messages load, and taken away again, so that a later ``import pulumi`` in the same process is the real
one.
"""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import PathFinder
from types import ModuleType
from typing import Any

_PARENTS = ("pulumi", "pulumi.runtime")


def _load() -> tuple[ModuleType, ...]:
    stood_in: list[str] = []
    search: list[str] | None = None
    for name in _PARENTS:
        if name in sys.modules:
            search = list(sys.modules[name].__path__)
            continue
        spec = PathFinder.find_spec(name, search)
        if spec is None or spec.submodule_search_locations is None:
            raise ImportError(f"package {name} is not installed beside {sys.executable}")
        search = list(spec.submodule_search_locations)
        shell = ModuleType(name)
        shell.__path__ = search
        sys.modules[name] = shell
        stood_in.append(name)
    try:
        return tuple(
            importlib.import_module(f"pulumi.runtime.proto.{part}")
            for part in ("provider_pb2", "provider_pb2_grpc", "plugin_pb2", "engine_pb2", "engine_pb2_grpc")
        )
    finally:
        for name in stood_in:
            sys.modules.pop(name, None)


provider_pb2: Any
provider_pb2_grpc: Any
plugin_pb2: Any
engine_pb2: Any
engine_pb2_grpc: Any
provider_pb2, provider_pb2_grpc, plugin_pb2, engine_pb2, engine_pb2_grpc = _load()
