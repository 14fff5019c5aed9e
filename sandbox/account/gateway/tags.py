"""Tags of REST APIs: moto keeps them, but lets only those of stages be changed.

Source: API Gateway API reference, TagResource, UntagResource and GetTags.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from moto.apigateway import urls
from moto.apigateway.responses import APIGatewayResponse

_API = re.compile(r"/tags/arn:[^/]+::/restapis/(?P<api>[^/]+)$")
_PATH = "{0}/tags/arn:(?P<partition>[^/]+):apigateway:(?P<region_name>[^/]+)::/restapis/(?P<function_id>[^/]+)$"


def _of_api(change: Callable[[Any, dict[str, str]], Any], of_stage: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """An operation on tags: `change` where the resource is an API, moto's own for a stage."""

    def answer(self: Any) -> Any:
        found = _API.search(unquote(self.path))
        return change(self, self.backend.get_rest_api(found["api"]).tags) if found else of_stage(self)

    return answer


def _tag(self: Any, tags: dict[str, str]) -> Any:
    tags.update(self._get_param("tags") or {})
    return 204, {"status": 204}, ""


def _untag(self: Any, tags: dict[str, str]) -> Any:
    for name in self.querystring.get("tagKeys") or []:
        tags.pop(name, None)
    return 204, {"status": 204}, ""


def _get(_: Any, tags: dict[str, str]) -> Any:
    return json.dumps({"tags": tags})


def install() -> None:
    """Put it in place of what moto does."""
    urls.url_paths[_PATH] = APIGatewayResponse.dispatch
    APIGatewayResponse.tag_resource = _of_api(_tag, APIGatewayResponse.tag_resource)
    APIGatewayResponse.untag_resource = _of_api(_untag, APIGatewayResponse.untag_resource)
    APIGatewayResponse.get_tags = _of_api(_get, APIGatewayResponse.get_tags)
