from __future__ import annotations

from typing import Any

import pytest

from sandbox.account.gateway import throttle
from sandbox.account.gateway.apis import fit
from tests.sandbox.account.gateway import ask, function


@pytest.fixture(scope="module")
def live(account: Any) -> str:
    return function(account, "gateway-api")


def test_an_http_api(account: Any, live: str) -> None:
    client = account.client("apigatewayv2")
    api = client.create_api(Name="http-api", ProtocolType="HTTP")
    integration = client.create_integration(
        ApiId=api["ApiId"], IntegrationType="AWS_PROXY", IntegrationUri=live, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    for key in ("GET /health", "GET /jobs/{id}"):
        client.create_route(ApiId=api["ApiId"], RouteKey=key, Target=f"integrations/{integration}")
    client.create_stage(ApiId=api["ApiId"], StageName="$default", AutoDeploy=True)
    url = api["ApiEndpoint"]
    assert url.startswith(account.url)
    assert ask(url + "/jobs/5").json["parameters"] == {"id": "5"}
    assert ask(url + "/health").json["key"] == "GET /health"
    assert ask(url + "/nothing").status == 404
    limits = {"ThrottlingRateLimit": 0.0, "ThrottlingBurstLimit": 0}
    client.update_stage(ApiId=api["ApiId"], StageName="$default", DefaultRouteSettings=limits)
    assert ask(url + "/health").status == 429
    assert account.total("AWS/ApiGateway", "4xx", {"ApiId": api["ApiId"]}) == 2


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("/", "/", {}),
        ("/a/{id}", "/a/1", {"id": "1"}),
        ("/a/{id}", "/a/", None),
        ("/a/{id}", "/a/1/2", None),
        ("/{proxy+}", "/a/b", {"proxy": "a/b"}),
        ("/{proxy+}", "/", None),
    ],
)
def test_patterns(pattern: str, path: str, expected: dict[str, str] | None) -> None:
    found = fit(pattern, path)
    assert (found[0] if found else None) == expected


def test_a_burst_is_let_through_and_then_the_rate_holds() -> None:
    assert [throttle.allows("bucket", 0.001, 2) for _ in range(3)] == [True, True, False]
    assert throttle.allows("another", None, None)
    assert throttle.allows("unlimited", -1, -1)
    assert not throttle.allows("stopped", 0, -1)
