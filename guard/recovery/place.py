"""A store of a program or a state, as the service that holds it is asked about it: in its own region and account."""

from __future__ import annotations

from core.aws import account
from core.errors import ServiceError, translate_errors
from guard import store as program
from guard.durable import Kind
from guard.location import is_kubernetes
from guard.recovery.points import LocatedStore

NO_REGION = "us-east-1"
"""A record has a region; that of a Kubernetes store says nothing."""
GLOBAL = (Kind.BUCKET, Kind.BELT)
"""Kinds whose names are unique among all accounts."""


def located(store: program.Store, kind: Kind) -> LocatedStore:
    """The store as its service is asked about it.

    Raises ``ServiceError`` where it isn't known where the store lies, and where the credentials in use lead to another
    account: there, a namesake would be counted.
    """
    place = store.location
    if place.unknown:
        raise ServiceError(f"where it lies isn't known: {place.unknown}")
    if is_kubernetes(store.type):
        cluster = place.cluster
        return LocatedStore(
            urn=store.urn,
            type=store.type,
            kind=kind,
            name=store.name,
            region=NO_REGION,
            context=cluster.context if cluster else None,
            kubeconfig=cluster.kubeconfig if cluster else None,
            namespace=place.namespace,
            uid=place.uid,
        )
    if not place.region:
        raise ServiceError("its region isn't known before the update: give its provider a region in plain text")
    mine = caller_account(place.region)
    if place.account is None and place.credentials and kind not in GLOBAL:
        raise ServiceError(f"its account isn't known: its provider has credentials of its own ({place.credentials})")
    if place.account not in (None, mine):
        raise ServiceError(f"it lies in account {place.account}, and the credentials in use lead to {mine}")
    return LocatedStore(urn=store.urn, type=store.type, kind=kind, name=store.name, region=place.region, account=mine)


def in_reach(store: LocatedStore) -> LocatedStore:
    """A store of a state with the account that it lies in, which has to be that of the credentials in use.

    Raises ``ServiceError`` where they lead to another one: there, a namesake would be copied.
    """
    if is_kubernetes(store.type):
        return store
    mine = caller_account(store.region)
    if store.account not in (None, mine):
        raise ServiceError(f"{store} lies in account {store.account}, and the credentials in use lead to {mine}")
    return store.model_copy(update={"account": mine})


def caller_account(region: str) -> str:
    """The account that the credentials in use lead to. Raises ``ServiceError``."""
    with translate_errors("the account"):
        return account(region)
