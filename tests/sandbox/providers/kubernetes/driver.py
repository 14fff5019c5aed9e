"""Talks to the provider over gRPC as the engine does, one resource at a time; much faster than a whole update."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import grpc
from google.rpc import status_pb2

from sandbox.providers import wire
from sandbox.providers.protocol import provider_pb2 as pb

CHANGES = pb.DiffResponse.DiffChanges


@dataclass
class Resource:
    """A resource as the engine keeps it in its state."""

    urn: str
    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    old_inputs: dict[str, Any] = field(default_factory=dict)


class InitFailedError(Exception):
    def __init__(self, details: Any) -> None:
        super().__init__("; ".join(details.reasons))
        self.reasons = list(details.reasons)
        self.id = details.id
        self.outputs = wire.decode(details.properties)


@dataclass
class Driver:
    """The engine's side of the protocol."""

    stub: Any

    def configure(self, **args: Any) -> None:
        self._call("Configure", pb.ConfigureRequest(args=wire.encode(args)))

    def urn(self, token: str, name: str) -> str:
        return f"urn:pulumi:dev::rag::kubernetes:{token}::{name}"

    def check(self, token: str, name: str, inputs: dict[str, Any], old: Resource | None = None) -> dict[str, Any]:
        request = pb.CheckRequest(
            urn=self.urn(token, name),
            olds=wire.encode(old.inputs if old else {}),
            news=wire.encode(inputs),
            randomSeed=b"\x01" * 32,
        )
        response = self._call("Check", request)
        assert not response.failures, response.failures
        return wire.decode(response.inputs)

    def diff(self, old: Resource, inputs: dict[str, Any], ignore: tuple[str, ...] = ()) -> Any:
        request = pb.DiffRequest(
            id=old.id,
            urn=old.urn,
            olds=wire.encode(old.outputs),
            news=wire.encode(inputs),
            old_inputs=wire.encode(old.inputs),
            ignoreChanges=ignore,
        )
        return self._call("Diff", request)

    def create(self, token: str, name: str, inputs: dict[str, Any], timeout: float = 0) -> Resource:
        checked, urn = self.check(token, name, inputs), self.urn(token, name)
        request = pb.CreateRequest(urn=urn, properties=wire.encode(checked), timeout=timeout)
        response = self._call("Create", request)
        return Resource(urn, response.id, checked, wire.decode(response.properties))

    def previewed(self, token: str, name: str, inputs: dict[str, Any], old: Resource | None = None) -> dict[str, Any]:
        checked, urn = self.check(token, name, inputs, old), self.urn(token, name)
        if old is None:
            request = pb.CreateRequest(urn=urn, properties=wire.encode(checked), preview=True)
            return wire.decode(self._call("Create", request).properties)
        update = pb.UpdateRequest(
            id=old.id, urn=urn, olds=wire.encode(old.outputs), news=wire.encode(checked), preview=True
        )
        return wire.decode(self._call("Update", update).properties)

    def update(
        self, old: Resource, inputs: dict[str, Any], timeout: float = 0, ignore: tuple[str, ...] = ()
    ) -> Resource:
        token, name = old.urn.split("kubernetes:", 1)[1].split("::")
        checked = self.check(token, name, inputs, old)
        request = pb.UpdateRequest(
            id=old.id,
            urn=old.urn,
            olds=wire.encode(old.outputs),
            news=wire.encode(checked),
            old_inputs=wire.encode(old.inputs),
            timeout=timeout,
            ignoreChanges=ignore,
        )
        response = self._call("Update", request)
        return Resource(old.urn, old.id, checked, wire.decode(response.properties))

    def refresh(self, old: Resource) -> Resource | None:
        request = pb.ReadRequest(
            id=old.id, urn=old.urn, properties=wire.encode(old.outputs), inputs=wire.encode(old.inputs)
        )
        response = self._call("Read", request)
        if not response.id:
            return None
        return Resource(old.urn, response.id, wire.decode(response.inputs), wire.decode(response.properties))

    def read(self, token: str, name: str, resource_id: str) -> Resource | None:
        return self.refresh(Resource(self.urn(token, name), resource_id, {}, {}))

    def delete(self, old: Resource, timeout: float = 0) -> None:
        request = pb.DeleteRequest(id=old.id, urn=old.urn, properties=wire.encode(old.outputs), timeout=timeout)
        self._call("Delete", request)

    def _call(self, method: str, request: Any) -> Any:
        try:
            return getattr(self.stub, method)(request)
        except grpc.RpcError as error:
            for key, value in error.trailing_metadata() or ():
                details = pb.ErrorResourceInitFailed()
                if key == "grpc-status-details-bin":
                    status = status_pb2.Status.FromString(value)
                    if status.details and status.details[0].Unpack(details):
                        raise InitFailedError(details) from error
            raise RuntimeError(error.details()) from error
