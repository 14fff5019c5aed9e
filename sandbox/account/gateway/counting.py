"""The metrics of a request (API Gateway Developer Guide, "Amazon API Gateway dimensions and metrics")."""

from __future__ import annotations

from sandbox.account import metrics


def request(
    region: str, dimensions: list[dict[str, str]], errors: tuple[str, str], status: int, latency: float, inner: float
) -> None:
    """Count one request.

    Args:
        region: the API's region.
        dimensions: the sets of dimensions that the metrics are written under.
        errors: the names of the metrics for answers 4xx and 5xx, which REST and HTTP APIs call differently.
        status: the HTTP status of the answer.
        latency: seconds from the request to the answer.
        inner: seconds of those that the integration took.
    """
    values = {
        "Count": (1.0, "Count"),
        errors[0]: (float(400 <= status < 500), "Count"),
        errors[1]: (float(status >= 500), "Count"),
        "Latency": (latency * 1000, "Milliseconds"),
        "IntegrationLatency": (inner * 1000, "Milliseconds"),
    }
    for name, (value, unit) in values.items():
        for where in dimensions:
            metrics.put(region, "AWS/ApiGateway", name, value, where, unit)
