"""The protocol's message classes and stubs, taken from the Pulumi SDK without running the SDK itself.

Importing `pulumi` loads all of it, about 0.2 s that every command would wait for. The stubs below need none of it, so
empty packages with the right search path stand in for the two parents.
"""

import importlib.util
import sys
import types
from pathlib import Path


def _stand_in(name: str, folder: Path) -> None:
    package = types.ModuleType(name)
    package.__path__ = [str(folder)]
    sys.modules.setdefault(name, package)


def _without_the_sdk() -> None:
    found = importlib.util.find_spec("pulumi")
    if found is None or not found.submodule_search_locations:
        raise ImportError(f"the Pulumi SDK is not installed for {sys.executable}")
    folder = Path(found.submodule_search_locations[0])
    _stand_in("pulumi", folder)
    _stand_in("pulumi.runtime", folder / "runtime")


_without_the_sdk()

from google.protobuf import empty_pb2, json_format  # noqa: E402
from pulumi.runtime.proto import (  # noqa: E402
    analyzer_pb2,
    engine_pb2,
    engine_pb2_grpc,
    language_pb2,
    language_pb2_grpc,
    plugin_pb2,
)

MESSAGE_LIMIT_BYTES = 400 * 1024 * 1024
"""What the engine itself allows (sdk/go/common/util/rpcutil); gRPC's own 4 MB is too small for large stacks."""

CHANNEL_OPTIONS = [
    ("grpc.max_receive_message_length", MESSAGE_LIMIT_BYTES),
    ("grpc.max_send_message_length", MESSAGE_LIMIT_BYTES),
]

__all__ = [
    "CHANNEL_OPTIONS",
    "analyzer_pb2",
    "empty_pb2",
    "engine_pb2",
    "engine_pb2_grpc",
    "json_format",
    "language_pb2",
    "language_pb2_grpc",
    "plugin_pb2",
]
