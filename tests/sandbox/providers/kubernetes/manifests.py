"""Inputs that several tests use."""

from __future__ import annotations

from typing import Any


def deployment(namespace: str, image: str = "example.test/app:1", **spec: Any) -> dict[str, Any]:
    """Three replicas of one container; further keywords go into the specification."""
    labels = {"app": "api"}
    containers = [{"name": "api", "image": image, "resources": {"limits": {"cpu": "1000m"}}}]
    return {
        "metadata": {"name": "api", "namespace": namespace, "labels": labels},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
            **spec,
        },
    }


def virtual_service(namespace: str, weight: int) -> dict[str, Any]:
    """An Istio route that gives the canary the rest of a weight in per cent."""
    route = [
        {"destination": {"host": "api"}, "weight": weight},
        {"destination": {"host": "api-canary"}, "weight": 100 - weight},
    ]
    return {"metadata": {"name": "api", "namespace": namespace}, "spec": {"hosts": ["api"], "http": [{"route": route}]}}
