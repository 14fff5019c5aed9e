"""Where a store lies: account and region, or cluster and namespace.

A name alone is never enough to count, copy, compare or let go: every region has a table ``orders`` of its own. What a
program declares is located by its provider and its ``region``; what the last update left by what the service answered.
Source: pulumi-aws 7 (``region`` of every resource), "AWS General Reference: Amazon Resource Names".
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pulumi
from pulumi import _types

from guard.casing import to_camel

PROVIDER = "pulumi:providers:"
CREDENTIALS = (
    "accessKey",
    "secretKey",
    "token",
    "profile",
    "assumeRole",
    "assumeRoles",
    "assumeRoleWithWebIdentity",
    "sharedConfigFiles",
    "sharedCredentialsFiles",
    "endpoints",
)
"""Settings of the AWS provider by which it may reach another account than the environment's credentials do."""
CLUSTER_SCOPED = (
    "kubernetes:core/v1:Namespace",
    "kubernetes:core/v1:PersistentVolume",
    "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
)


@dataclass(frozen=True)
class Cluster:
    """How a Kubernetes provider reaches its cluster; nothing in it: as the environment does."""

    context: str | None = None
    kubeconfig: str | None = field(default=None, repr=False)
    """A path, or the content itself."""


@dataclass(frozen=True)
class Location:
    """Where a store lies. What isn't known is None, and is never taken to be the same as anything."""

    region: str | None = None
    account: str | None = None
    """The account's number, where the service told it."""
    credentials: str = ""
    """Empty where the environment's own credentials reach it; else what tells the provider's."""
    cluster: Cluster | None = None
    """Of a Kubernetes resource."""
    namespace: str | None = None
    uid: str | None = None
    """What Kubernetes knows the object by."""
    unknown: str | None = None
    """Why it can't be told where the store lies, in a few words."""

    def is_same_place(self, other: Location) -> bool:
        """Whether both are known to be one place."""
        if self.unknown or other.unknown:
            return False
        if self.cluster is not None or other.cluster is not None:
            return (self.cluster, self.namespace) == (other.cluster, other.namespace)
        known = self.region is not None and self.region == other.region
        return known and self.credentials == other.credentials and _agree(self.account, other.account)

    def differences(self, declared: Location) -> tuple[str, ...]:
        """The inputs by which a declaration leads to another place, as far as both are known."""
        if self.unknown or declared.unknown:
            return ()
        changed = []
        if self.region and declared.region and self.region != declared.region:
            changed.append("region")
        if (self.credentials, self.cluster) != (declared.credentials, declared.cluster):
            changed.append("provider")
        return tuple(changed)


@dataclass(frozen=True)
class Provider:
    """What a provider says about where its resources lie."""

    urn: str | None = None
    """None: the default provider of the stack."""
    region: str | None = None
    credentials: str = ""
    cluster: Cluster = Cluster()
    namespace: str | None = None
    unknown: str | None = None

    def location(self, token: str, inputs: Mapping[str, Any]) -> Location:
        """Where a resource with these inputs (top level in camelCase, plain values only) lies."""
        if is_kubernetes(token):
            namespace = None if token in CLUSTER_SCOPED else _namespace(inputs) or self.namespace or "default"
            return Location(cluster=self.cluster, namespace=namespace, unknown=self.unknown)
        own = inputs.get("region")
        region = own if isinstance(own, str) and own else self.region
        return Location(region=region, credentials=self.credentials, unknown=self.unknown)


def declared_provider(urn: str, token: str, props: Any) -> Provider:
    """A provider that a program declares, from its arguments as Python spells them."""
    plain = {name: value for name, value in _arguments(props).items() if value is not None}
    if token == f"{PROVIDER}kubernetes":
        return _kubernetes(urn, plain)
    region = plain.get("region")
    return Provider(
        urn=urn,
        region=region if isinstance(region, str) else None,
        credentials=urn if any(plain.get(name) for name in CREDENTIALS) else "",
    )


def default_provider(token: str) -> Provider:
    """The stack's default provider for a type: its settings are the stack's configuration and the environment."""
    if is_kubernetes(token):
        settings = pulumi.Config("kubernetes")
        chosen = {name: settings.get(name) for name in ("context", "kubeconfig", "namespace")}
        return _kubernetes(None, {name: value for name, value in chosen.items() if value})
    settings = pulumi.Config("aws")
    region = settings.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    own = any(settings.get(name) for name in CREDENTIALS)
    return Provider(region=region, credentials="the stack's configuration" if own else "")


def is_kubernetes(token: str) -> bool:
    """Whether a type is of a Kubernetes cluster."""
    return token.startswith("kubernetes:")


def observed(token: str, outputs: Mapping[str, Any], provider: Provider) -> Location:
    """Where a resource lies that a service told of: its outputs count, and its provider for what they don't tell."""
    if is_kubernetes(token):
        metadata = outputs.get("metadata")
        uid = metadata.get("uid") if isinstance(metadata, Mapping) else None
        return replace(provider.location(token, outputs), uid=str(uid) if uid else None)
    _, region, account = _of_arn(outputs.get("arn"))
    own = outputs.get("region")
    return Location(
        region=own if isinstance(own, str) and own else region or provider.region,
        account=account,
        credentials=provider.credentials,
        unknown=provider.unknown,
    )


def _kubernetes(urn: str | None, plain: Mapping[str, Any]) -> Provider:
    hidden = [name for name in ("context", "kubeconfig", "namespace", "cluster") if _is_later(plain.get(name))]
    if hidden:
        return Provider(urn=urn, unknown=f"its provider's {hidden[0]} is known only during the update")
    if plain.get("cluster"):
        return Provider(urn=urn, unknown="its provider chooses a cluster by name; give it a context instead")
    # The SDK fills the environment's own file in, which is where the default provider leads as well.
    kubeconfig = None if plain.get("kubeconfig") == os.environ.get("KUBECONFIG") else plain.get("kubeconfig")
    return Provider(urn=urn, cluster=Cluster(plain.get("context"), kubeconfig), namespace=plain.get("namespace"))


def _is_later(value: Any) -> bool:
    return value is not None and not isinstance(value, str)


def _arguments(props: Any) -> dict[str, Any]:
    given = _types.input_type_to_untranslated_dict(props) if _types.is_input_type(type(props)) else props
    return {to_camel(str(name)): value for name, value in dict(given or {}).items()}


def _namespace(inputs: Mapping[str, Any]) -> str | None:
    metadata = inputs.get("metadata")
    found = metadata.get("namespace") if isinstance(metadata, Mapping) else None
    return str(found) if found else None


def _of_arn(arn: object) -> tuple[str | None, str | None, str | None]:
    """Partition, region and account of an ARN; None for what it leaves out."""
    parts = arn.split(":", 5) if isinstance(arn, str) else []
    if len(parts) < 6 or parts[0] != "arn":
        return None, None, None
    return parts[1] or None, parts[3] or None, parts[4] if parts[4].isdigit() else None


def _agree(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other
