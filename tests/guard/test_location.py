"""Where a store lies: what a program declares, and what a service told."""

from __future__ import annotations

from typing import Any

import pytest

from guard.location import Cluster, Location, Provider, declared_provider, observed

TABLE, CLAIM = "aws:dynamodb/table:Table", "kubernetes:core/v1:PersistentVolumeClaim"
AWS, KUBERNETES = "pulumi:providers:aws", "pulumi:providers:kubernetes"


def test_a_region_of_its_own_comes_before_its_providers() -> None:
    provider = declared_provider("west", AWS, {"region": "us-west-2"})
    assert provider.location(TABLE, {}).region == "us-west-2"
    assert provider.location(TABLE, {"region": "eu-west-1"}).region == "eu-west-1"


@pytest.mark.parametrize("setting", ["profile", "access_key", "assume_roles", "endpoints"])
def test_credentials_of_its_own_tell_a_provider_from_the_environment(setting: str) -> None:
    own = declared_provider("other", AWS, {"region": "us-east-1", setting: object()})
    plain = declared_provider("plain", AWS, {"region": "us-east-1", setting: None})
    assert not own.location(TABLE, {}).is_same_place(plain.location(TABLE, {}))


def test_what_the_service_told_counts() -> None:
    arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"
    found = observed(TABLE, {"arn": arn}, Provider(region="us-east-1"))
    assert (found.region, found.account) == ("eu-west-1", "123456789012")
    assert observed(TABLE, {"region": "us-west-2", "arn": "nonsense"}, Provider()).region == "us-west-2"
    assert observed(TABLE, {}, Provider()).region is None


def test_a_region_that_isnt_known_is_never_the_same() -> None:
    assert not Location().is_same_place(Location())
    assert Location(region="us-east-1").is_same_place(Location(region="us-east-1", account="123456789012"))
    one, other = (Location(region="us-east-1", account=number * 12) for number in "12")
    assert not one.is_same_place(other)


def test_a_claim_lies_in_a_cluster_and_a_namespace() -> None:
    provider = declared_provider("k", KUBERNETES, {"context": "west", "namespace": "shop"})
    assert provider.location(CLAIM, {}) == Location(cluster=Cluster("west"), namespace="shop")
    assert provider.location(CLAIM, {"metadata": {"namespace": "other"}}).namespace == "other"
    assert not provider.location(CLAIM, {}).is_same_place(
        Provider().location(CLAIM, {"metadata": {"namespace": "shop"}})
    )


@pytest.mark.parametrize("settings", [{"kubeconfig": object()}, {"context": object()}, {"cluster": "west"}])
def test_a_cluster_that_is_known_only_later_is_no_place(settings: dict[str, Any]) -> None:
    place = declared_provider("k", KUBERNETES, settings).location(CLAIM, {})
    assert place.unknown
    assert not place.is_same_place(place)


def test_the_environments_own_kubeconfig_is_the_default_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/somewhere/config")
    assert declared_provider("k", KUBERNETES, {"kubeconfig": "/somewhere/config"}).cluster == Cluster()


def test_another_provider_is_a_difference_where_both_are_known() -> None:
    west, east = Location(region="us-west-2"), Location(region="us-east-1")
    assert west.differences(east) == ("region",)
    assert west.differences(Location()) == ()
    assert Location(cluster=Cluster("a")).differences(Location(cluster=Cluster("b"))) == ("provider",)
    assert west.differences(Location(unknown="later")) == ()
