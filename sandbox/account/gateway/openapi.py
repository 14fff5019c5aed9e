"""REST APIs out of an OpenAPI document, as SAM and CloudFormation declare them: Swagger 2.0 and OpenAPI 3.0.

Source: API Gateway Developer Guide, "Develop REST APIs using OpenAPI", and its extensions
`x-amazon-apigateway-integration` and `x-amazon-apigateway-any-method`. moto reads OpenAPI 3 only, and without `ANY`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.apigateway import models
from moto.apigateway.exceptions import (
    BadRequestException,
    InvalidOpenAPIDocumentException,
    InvalidOpenApiDocVersionException,
    InvalidOpenApiModeException,
)

Document = dict[str, Any]

ANY = "x-amazon-apigateway-any-method"
INTEGRATION = "x-amazon-apigateway-integration"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", ANY)


def _put_rest_api(self: Any, function_id: str, api_doc: Document, fail_on_warnings: bool, mode: str = "merge") -> Any:
    """Merge a document into an API, or put it in the place of all the API had."""
    api = self.get_rest_api(function_id)
    if mode not in ("merge", "overwrite"):
        raise InvalidOpenApiModeException
    if api_doc.get("swagger") != "2.0" and not str(api_doc.get("openapi", "")).startswith("3.0"):
        raise InvalidOpenApiDocVersionException
    if fail_on_warnings:
        try:
            models.validate(api_doc)
        except models.OpenAPIValidationError as error:
            raise InvalidOpenAPIDocumentException(error) from error
    operations = list(_operations(api_doc))
    if mode == "overwrite":
        _clear(api)
        api.name = (api_doc.get("info") or {}).get("title") or api.name
        api.description = (api_doc.get("info") or {}).get("description", "")
    for path, verb, operation in operations:
        resource = _resource(self, api, path)
        _add_method(self, api, resource, verb, operation)
    return api


def _operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Yield path, verb and operation, refusing what would silently be left out."""
    for path, item in sorted((document.get("paths") or {}).items()):
        for key, operation in item.items():
            if key.lower() not in METHODS:
                continue
            verb = "ANY" if key.lower() == ANY else key.upper()
            if operation.get("security", document.get("security")):
                text = f"{verb} {path} has a security requirement, and the local account has no authorizers."
                raise BadRequestException(text)
            yield path, verb, operation


def _clear(api: Any) -> None:
    api.default.resource_methods.clear()
    api.resources = {api.default.id: api.default}


def _resource(backend: Any, api: Any, path: str) -> Any:
    """Return the resource of a path, made with all those above it where they are missing."""
    at = api.default
    for part in filter(None, path.split("/")):
        below = (child for child in api.resources.values() if child.parent_id == at.id and child.path_part == part)
        at = next(below, None) or backend.create_resource(api.id, at.id, part)
    return at


def _add_method(backend: Any, api: Any, resource: Any, verb: str, operation: Document) -> None:
    method = backend.put_method(api.id, resource.id, verb, "NONE", operation_name=operation.get("operationId"))
    for code in operation.get("responses") or {}:
        method.create_response(str(code), {}, {})
    given = operation.get(INTEGRATION)
    if given is None:
        return
    arguments = {name: value for name, value in backend._build_integration_args(given).items() if value is not None}
    arguments["integration_type"] = str(given.get("type", "")).upper()
    arguments.setdefault("integration_method", None)
    arguments.setdefault("uri", "")
    backend.put_integration(api.id, resource.id, verb, **arguments)
    for response in backend._build_integration_responses_args(given):
        backend.put_integration_response(api.id, resource.id, verb, **response)


def install() -> None:
    """Put the reader in place of moto's."""
    models.APIGatewayBackend.put_rest_api = _put_rest_api
