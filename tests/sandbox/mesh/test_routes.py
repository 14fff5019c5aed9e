"""Which rule takes a request, and where it sends it."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from components.rag_api.traffic import routes as declared
from sandbox.mesh import model
from sandbox.mesh.endpoints import Endpoints
from sandbox.mesh.ingress import LABELS
from sandbox.mesh.names import covers, fqdn, narrower, service_of
from sandbox.mesh.routes import virtual_hosts
from sandbox.mesh.table import NO_ROUTE, Refusal, Table, Way
from stacks.rag_api import Canary
from tests.sandbox.mesh.objects import gateway, route, virtual_service


def table(*virtual_services: dict[str, Any], gateways: list[dict[str, Any]] | None = None) -> Table:
    domains = virtual_hosts(virtual_services, gateways or [gateway("*")], LABELS)
    return Table(domains, Endpoints([], {}, []))


def goes_to(where: Table, host: str, **more: Any) -> str:
    """The Service that a request goes to, or the status it is refused with."""
    found = where.way(model.Request(host, **more), Random(1))
    return str(found.status) if isinstance(found, Refusal) else found.destination.host


@pytest.mark.parametrize(
    ("match", "accepted", "refused"),
    [
        ({"uri": {"exact": "/health"}}, {"path": "/health"}, {"path": "/health/"}),
        ({"uri": {"prefix": "/v1"}}, {"path": "/v1x"}, {"path": "/V1"}),
        ({"uri": {"prefix": "/v1"}, "ignoreUriCase": True}, {"path": "/V1/query"}, {"path": "/v2"}),
        ({"uri": {"regex": "/v[0-9]+/.*"}}, {"path": "/v12/query"}, {"path": "/x/v1/query"}),
        ({"method": {"exact": "POST"}}, {"method": "POST"}, {"method": "GET"}),
        ({"headers": {"X-Track": {"exact": "canary"}}}, {"headers": {"x-track": "canary"}}, {"headers": {}}),
        ({"headers": {"x-track": {}}}, {"headers": {"x-track": ""}}, {"headers": {"x-other": "1"}}),
        ({"withoutHeaders": {"x-track": {}}}, {"headers": {}}, {"headers": {"x-track": "1"}}),
        ({"queryParams": {"top_k": {"prefix": "1"}}}, {"query": {"top_k": "10"}}, {"query": {"top_k": "2"}}),
        ({"authority": {"exact": "api.example.com"}, "scheme": {"exact": "http"}}, {}, {"scheme": "https"}),
        (
            {"uri": {"prefix": "/"}, "headers": {"a": {"exact": "1"}, "b": {"exact": "2"}}},
            {"headers": {"a": "1", "b": "2"}},
            {"headers": {"a": "1"}},
        ),
    ],
)
def test_all_conditions_of_a_match_must_hold(
    match: dict[str, Any], accepted: dict[str, Any], refused: dict[str, Any]
) -> None:
    where = table(virtual_service(["api.example.com"], [route("api", match=[match])]))
    assert goes_to(where, "api.example.com", **accepted) == "api"
    assert goes_to(where, "api.example.com", **refused) == "404"


def test_one_of_several_matches_is_enough_and_the_first_rule_decides() -> None:
    where = table(
        virtual_service(
            ["api.example.com"],
            [
                route("first", match=[{"uri": {"exact": "/a"}}, {"uri": {"exact": "/b"}}]),
                route("second", match=[{"uri": {"prefix": "/b"}}]),
                route("rest"),
                route("never"),
            ],
        )
    )
    found = {path: goes_to(where, "api.example.com", path=path) for path in ("/a", "/b", "/bc", "/c")}
    assert found == {"/a": "first", "/b": "first", "/bc": "second", "/c": "rest"}


weights = st.lists(st.integers(0, 100), min_size=1, max_size=5)


@given(weights, st.integers(0, 2**32))
def test_a_share_is_a_weight_of_the_sum(given_weights: list[int], seed: int) -> None:
    spec = {"route": [{"destination": {"host": f"s{n}"}, "weight": each} for n, each in enumerate(given_weights)]}
    total = sum(given_weights)
    if len(given_weights) > 1 and not total:
        with pytest.raises(ValidationError, match="add up to 0"):
            model.HttpRoute.model_validate(spec)
        return
    rule = model.HttpRoute.model_validate(spec)
    draws, draw = 400, Random(seed)
    seen = Counter(rule.pick(draw).host for _ in range(draws))
    for number, weight in enumerate(given_weights):
        share = weight / total if len(given_weights) > 1 else 1.0
        # Hoeffding's inequality: off by more than this once in 10^13.
        assert abs(seen[f"s{number}"] / draws - share) < 0.2
        assert seen[f"s{number}"] == 0 or share > 0


@given(st.integers(0, 100), st.integers(0, 2**32))
def test_without_route_0_a_canary_gets_nothing(weight: int, seed: int) -> None:
    split = declared(Canary(version="v1.2.3", weight=weight))
    where = table(virtual_service(["api.example.com"], split[1:]))
    found = where.way(model.Request("api.example.com"), Random(seed))
    assert isinstance(found, Way)
    assert (found.destination.subset, found.namespace) == ("stable", "production")
    assert split[1:] == declared(None)


def test_the_best_domain_has_all_the_say() -> None:
    where = table(
        virtual_service(["*"], [route("any")], name="c"),
        virtual_service(["*.example.com"], [route("wide")], name="b"),
        virtual_service(["*.api.example.com"], [route("narrow")], name="d"),
        virtual_service(["api.example.com"], [route("exact", match=[{"uri": {"exact": "/a"}}])], name="a"),
    )
    assert goes_to(where, "api.example.com", path="/a") == "exact"
    assert goes_to(where, "api.example.com", path="/b") == "404"
    assert goes_to(where, "www.example.com") == "wide"
    assert goes_to(where, "v2.api.example.com") == "narrow"
    assert goes_to(where, "example.com") == "any"


def test_of_two_for_one_host_the_older_comes_first() -> None:
    young = virtual_service(["api.example.com"], [route("young")], name="a", created="2026-02-01T00:00:00Z")
    old = virtual_service(["api.example.com"], [route("old", match=[{"uri": {"prefix": "/o"}}])], name="b")
    where = table(young, old)
    assert goes_to(where, "api.example.com", path="/o") == "old"
    assert goes_to(where, "api.example.com", path="/y") == "young"


def test_only_what_a_gateway_of_this_ingress_lets_in() -> None:
    one = virtual_service(["api.example.com"], [route("api")])

    def reached(*hosts: str, **more: Any) -> bool:
        return goes_to(table(one, gateways=[gateway(*hosts, **more)]), "api.example.com") == "api"

    assert reached("*")
    assert reached("*.example.com")
    assert reached("api.example.com", protocol="HTTPS")
    assert reached("production/api.example.com")
    assert reached("*/api.example.com")
    assert not reached("www.example.com")
    assert not reached("staging/api.example.com")
    assert not reached("./api.example.com")
    assert not reached("*", selector="egressgateway")
    assert not reached("*", name="other")
    assert not reached("*", protocol="TCP")


def test_the_gateways_hosts_narrow_those_of_the_virtual_service() -> None:
    where = table(virtual_service(["*"], [route("api")]), gateways=[gateway("api.example.com")])
    assert goes_to(where, "api.example.com") == "api"
    assert goes_to(where, "www.example.com") == "404"


def test_rules_for_the_mesh_alone_concern_no_request_from_outside() -> None:
    assert goes_to(table(virtual_service(["api"], [route("api")], gateways=["mesh"])), "api") == "404"
    local = {**gateway("*"), "metadata": {"name": "own", "namespace": "production"}}
    own = virtual_service(["api.example.com"], [route("api")], gateways=["mesh", "own"])
    assert goes_to(table(own, gateways=[local]), "api.example.com") == "api"


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ({"mirror": {"host": "api"}}, "spec.http.0.mirror: is not emulated"),
        ({"fault": {"abort": {"httpStatus": 500}}}, "spec.http.0.fault: is not emulated"),
        ({"match": [{"sourceLabels": {"app": "web"}}]}, "spec.http.0.match.0.sourceLabels: is not emulated"),
        ({"timeout": "soon"}, "spec.http.0.timeout: Value error, 'soon' is no duration like 5s"),
        ({"match": [{"uri": {"regex": "("}}]}, "spec.http.0.match.0.uri.regex: Value error, is no regular expression"),
    ],
)
def test_what_is_not_emulated_is_refused_and_named(rule: dict[str, Any], place: str) -> None:
    where = table(virtual_service(["api.example.com"], [route("api", **rule)]))
    found = where.way(model.Request("api.example.com"), Random(1))
    assert isinstance(found, Refusal)
    assert found.status == 501
    assert f"VirtualService production/routes: {place}" in found.text


def test_a_virtual_service_whose_rules_are_all_removed_has_no_route() -> None:
    where = table(virtual_service(["api.example.com"], []))
    assert where.way(model.Request("api.example.com"), Random(1)) is NO_ROUTE


@pytest.mark.parametrize(
    ("text", "expected"), [("5s", 5), ("100ms", 0.1), ("1m30s", 90), ("1h", 3600), ("0s", 0), ("1.5s", 1.5)]
)
def test_durations(text: str, expected: float) -> None:
    assert model.seconds(text) == pytest.approx(expected)
    rule = model.HttpRoute.model_validate(route("api", timeout=text))
    assert model.seconds(rule.timeout) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "5", "s", "-5s", "5 s"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        model.seconds(text)


def test_names() -> None:
    assert fqdn("api", "production") == "api.production.svc.cluster.local"
    assert fqdn("api.other.svc.cluster.local", "production") == "api.other.svc.cluster.local"
    assert service_of("api.production.svc.cluster.local") == ("production", "api")
    assert service_of("api.example.com") is None


labels = st.lists(st.sampled_from(["a", "b", "api", "example", "com"]), min_size=1, max_size=4).map(".".join)
patterns = st.one_of(labels, labels.map("*.{}".format), st.just("*"))


@given(patterns, patterns)
def test_what_two_patterns_share_is_covered_by_both(one: str, other: str) -> None:
    shared = narrower(one, other)
    assert shared == narrower(other, one)
    if shared is not None:
        assert covers(one, shared)
        assert covers(other, shared)


@given(labels, patterns)
def test_a_host_is_covered_by_itself_and_what_is_above_it(host: str, pattern: str) -> None:
    assert covers(host, host)
    assert covers("*", host)
    assert covers(f"*.{host}", f"x.{host}")
    assert not covers(f"*.{host}", host)
    if covers(pattern, host):
        assert pattern in ("*", host) or host.endswith(pattern.removeprefix("*"))
