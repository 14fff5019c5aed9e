"""Requests to the systems' own addresses."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

SECONDS = 30
"""How long an answer may take."""


def get(url: str) -> Any:
    """The JSON that an address answers with. Raises ``OSError`` (``HTTPError`` for a status of 400 and above)."""
    with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - an address of our own output
        return json.load(answer)


def post(url: str, body: Mapping[str, Any]) -> Any:
    """The JSON that an address answers a JSON body with. Raises as ``get`` does."""
    request = urllib.request.Request(  # noqa: S310
        url, data=json.dumps(body).encode(), headers={"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
        return json.load(answer)


def release_of(told: Mapping[str, Any]) -> str:
    """What the health address says, when it answers with the release that was deployed; else ``AssertionError``."""
    body = get(told["health"])
    if body.get("release") != told["release"]:
        raise AssertionError(f"{told['health']} answers for {body.get('release')}, not {told['release']}")
    return f"{told['health']} answers for {body['release']}"
