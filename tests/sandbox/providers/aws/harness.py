"""A stand-in for the engine at the level of the protocol: one provider, resources made, read, changed and deleted."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

import boto3
import grpc

from sandbox.providers import wire
from sandbox.providers.protocol import provider_pb2 as messages
from sandbox.providers.protocol import provider_pb2_grpc


def boto(service: str, url: str) -> Any:
    """A client of the emulated account."""
    make: Any = boto3.client
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return make(service, endpoint_url=url, region_name="us-east-1", **keys)


@dataclass
class Made:
    """A resource in the harness's state."""

    urn: str
    id: str
    inputs: dict[str, Any]
    state: dict[str, Any]


class Harness:
    def __init__(self, port: int) -> None:
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.stub = provider_pb2_grpc.ResourceProviderStub(self.channel)
        self.seed = secrets.token_bytes(32)

    def configure(self, **args: Any) -> None:
        self.stub.Configure(messages.ConfigureRequest(args=wire.encode(args), acceptSecrets=True))

    def urn(self, token: str, name: str) -> str:
        return f"urn:pulumi:test::proj::{token}::{name}"

    def check(self, token: str, name: str, inputs: dict[str, Any], old: dict[str, Any] | None = None) -> dict[str, Any]:
        request = messages.CheckRequest(
            urn=self.urn(token, name), news=wire.encode(inputs), olds=wire.encode(old or {}), randomSeed=self.seed
        )
        answer = self.stub.Check(request)
        assert not answer.failures, [failure.reason for failure in answer.failures]
        return wire.decode(answer.inputs)

    def create(self, token: str, name: str, /, **inputs: Any) -> Made:
        checked = self.check(token, name, inputs)
        urn = self.urn(token, name)
        answer = self.stub.Create(messages.CreateRequest(urn=urn, properties=wire.encode(checked)))
        return Made(urn, answer.id, checked, wire.decode(answer.properties))

    def read(self, made: Made) -> Any:
        return self.stub.Read(
            messages.ReadRequest(
                id=made.id, urn=made.urn, properties=wire.encode(made.state), inputs=wire.encode(made.inputs)
            )
        )

    def refresh(self, made: Made) -> tuple[dict[str, Any], dict[str, Any]] | None:
        answer = self.read(made)
        return (wire.decode(answer.inputs), wire.decode(answer.properties)) if answer.id else None

    def diff(self, made: Made, **inputs: Any) -> Any:
        return self.diff_checked(
            made, self.check(made.urn.split("::")[2], made.urn.split("::")[3], inputs, made.inputs)
        )

    def diff_checked(self, made: Made, checked: dict[str, Any]) -> Any:
        return self.stub.Diff(
            messages.DiffRequest(
                id=made.id,
                urn=made.urn,
                olds=wire.encode(made.state),
                old_inputs=wire.encode(made.inputs),
                news=wire.encode(checked),
            )
        )

    def update(self, made: Made, /, preview: bool = False, **inputs: Any) -> Made:
        checked = self.check(made.urn.split("::")[2], made.urn.split("::")[3], inputs, made.inputs)
        answer = self.stub.Update(
            messages.UpdateRequest(
                id=made.id,
                urn=made.urn,
                olds=wire.encode(made.state),
                old_inputs=wire.encode(made.inputs),
                news=wire.encode(checked),
                preview=preview,
            )
        )
        return Made(made.urn, made.id, checked, wire.decode(answer.properties))

    def delete(self, made: Made) -> None:
        self.stub.Delete(
            messages.DeleteRequest(
                id=made.id, urn=made.urn, properties=wire.encode(made.state), old_inputs=wire.encode(made.inputs)
            )
        )
