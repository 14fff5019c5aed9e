"""The live routes of rag-api: what they send where, beside what the settings ask for, and who is there to answer."""

from __future__ import annotations

from typing import Any

import pytest

from cli.health import routes
from components.rag_api.traffic import routes as declared
from stacks.rag_api import Canary

RULE = {"subsets": [{"name": track, "labels": {"track": track}} for track in ("stable", "canary")]}
READY = {"stable": 3, "canary": 1}


def to(subset: str, weight: int | None = None, host: str = "rag-api") -> dict[str, Any]:
    destination = {"destination": {"host": host, "subset": subset}}
    return destination if weight is None else {**destination, "weight": weight}


def said(http: list[dict[str, Any]], canary: Canary | None = None, ready: dict[str, int] | None = None) -> list[str]:
    live = routes.parse({"http": http}, RULE)
    found = routes.drift(live, canary, READY if ready is None else ready, "production")
    assert all(each.resources for each in found)
    return [each.what for each in found]


@pytest.mark.parametrize("canary", [None, *(Canary(version="v1.2.2", weight=weight) for weight in (0, 20, 100))])
def test_what_the_program_declares_is_what_is_asked_for(canary: Canary | None) -> None:
    assert said(declared(canary), canary) == []


@pytest.mark.parametrize(
    ("http", "what"),
    [
        (
            [{"route": [to("stable", 50), to("canary", 50)]}, {"route": [to("stable")]}],
            "50 % to stable, 50 % to canary",
        ),
        ([{"route": [to("stable", 1), to("canary", 3)]}], "25 % to stable, 75 % to canary"),
        ([{"route": [to("canary")]}], "100 % to canary"),
        ([{"route": [to("stable", 0), to("canary", 100)]}], "100 % to canary"),
        ([], "nothing anywhere"),
    ],
)
def test_a_route_that_was_changed_by_hand(http: list[dict[str, Any]], what: str) -> None:
    assert said(http) == [f"the VirtualService sends {what}; the settings ask for 100 % to stable"]


def test_another_host_is_called_by_its_name() -> None:
    assert said([{"route": [to("v2", host="other.svc")]}]) == [
        "the VirtualService sends 100 % to other.svc; the settings ask for 100 % to stable",
        "100 % of requests go to other.svc, which has no ready pods: they fail",
    ]


def test_a_subset_without_pods_fails_its_share() -> None:
    http = [{"route": [to("stable", 50), to("canary", 50)]}]
    assert said(http, ready={"stable": 3})[1] == "50 % of requests go to canary, which has no ready pods: they fail"


def test_a_canary_whose_share_was_taken_off_by_hand() -> None:
    canary = Canary(version="v1.2.2", weight=20)
    assert said([{"route": [to("stable")]}], canary) == [
        "the VirtualService sends 100 % to stable; the settings ask for 80 % to stable, 20 % to canary"
    ]


def test_a_route_for_some_requests_and_a_subset_of_other_pods_are_said() -> None:
    http = [{"match": [{"headers": {"x": {"exact": "1"}}}], "route": [to("stable")]}, {"route": [to("stable")]}]
    (line,) = said(http)
    assert "only requests that match something" in line
    live = routes.parse({"http": declared(None)}, {"subsets": [{"name": "stable", "labels": {"track": "canary"}}]})
    (drift,) = routes.drift(live, None, READY, "production")
    assert drift.what == "the DestinationRule has {'track': 'canary'} for the subset stable"
