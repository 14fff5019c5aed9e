"""Amazon API Gateway, REST APIs: deployments, stages and their settings."""

from __future__ import annotations

from sandbox.providers.aws import shapes
from sandbox.providers.aws.api import NotFoundError
from sandbox.providers.aws.model import Part, Props, Scope, Type
from sandbox.providers.aws.types.apigateway import API_NAMES, live_map, map_patch, replace, replacements, write_tags


def _look_deployment(scope: Scope, props: Props) -> Props:
    position: Props = {}
    while True:
        page = scope.call("get_deployments", restApiId=props["restApi"], limit=500, **position)
        for found in page.get("items") or []:
            if found["id"] == props["deploymentId"]:
                description, created = found.get("description") or None, found.get("createdDate")
                return {"restApi": props["restApi"], "description": description, "createdDate": str(created)}
        if not page.get("position"):
            raise NotFoundError(f"deployment {props['deploymentId']} is gone")
        position = {"position": page["position"]}


def _change_deployment(scope: Scope, props: Props, _old: Props, changed: set[str]) -> None:
    patch = replacements(props, changed, {"description": "/description"})
    if patch:
        scope.call("update_deployment", restApiId=props["restApi"], deploymentId=props["id"], patchOperations=patch)


DEPLOYMENT = Type(
    "aws:apigateway/deployment:Deployment",
    "apigateway",
    create="create_deployment",
    look=_look_deployment,
    delete="delete_deployment",
    key=("deploymentId",),
    parents=("restApi",),
    identify=lambda _scope, _props, answer: str(answer["id"]),
    replace=("restApi", "triggers", "variables"),
    rename=API_NAMES,
    change=_change_deployment,
)


def _prepare_stage(_scope: Scope, operation: str, props: Props) -> Props:
    if operation == "create_stage":
        return {k: v for k, v in props.items() if k != "accessLogSettings"}
    return {k: v for k, v in props.items() if k in STAGE.key}


def _change_stage(scope: Scope, props: Props, old: Props, changed: set[str]) -> None:
    paths = {
        "deployment": "/deploymentId",
        "description": "/description",
        "xrayTracingEnabled": "/tracingEnabled",
        "cacheClusterEnabled": "/cacheClusterEnabled",
        "cacheClusterSize": "/cacheClusterSize",
    }
    patch = replacements(props, changed, paths)
    if "variables" in changed:
        patch += map_patch("/variables", old.get("variables"), props.get("variables"))
    if patch:
        scope.call("update_stage", restApiId=props["restApi"], stageName=props["stageName"], patchOperations=patch)


def _write_access_log(scope: Scope, props: Props, _old: Props) -> None:
    block = props.get("accessLogSettings")
    patch = [{"op": "remove", "path": "/accessLogSettings"}]
    if block:
        patch = [
            replace("/accessLogSettings/destinationArn", block["destinationArn"]),
            replace("/accessLogSettings/format", block["format"]),
        ]
    scope.call("update_stage", restApiId=props["restApi"], stageName=props["stageName"], patchOperations=patch)


def _tune_stage(scope: Scope, found: Props, props: Props) -> Props:
    api, stage = props["restApi"], found["stageName"]
    log = found.get("accessLogSettings") or {}
    return {
        "deployment": found.get("deploymentId"),
        "xrayTracingEnabled": bool(found.get("tracingEnabled")),
        "variables": live_map(found.get("variables")),
        "description": found.get("description") or None,
        "accessLogSettings": {name: log[name] for name in ("destinationArn", "format")}
        if log.get("destinationArn")
        else None,
        "arn": f"arn:aws:apigateway:{scope.region}::/restapis/{api}/stages/{stage}",
        "executionArn": scope.arn(f"{api}/{stage}", "execute-api"),
        # The account answers for a REST API below its own address; API Gateway's host names lead out of it.
        "invokeUrl": f"{scope.api.endpoint}/_aws/execute-api/{api}/{stage}",
    }


STAGE = Type(
    "aws:apigateway/stage:Stage",
    "apigateway",
    create="create_stage",
    read="get_stage",
    delete="delete_stage",
    key=("restApi", "stageName"),
    replace=("restApi", "stageName"),
    rename={**API_NAMES, "deployment": "deploymentId", "xrayTracingEnabled": "tracingEnabled"},
    prepare=_prepare_stage,
    change=_change_stage,
    tune=_tune_stage,
    unread=("cacheClusterSize", "canarySettings"),
    parts=(
        Part(("accessLogSettings",), _write_access_log),
        Part(("tags",), write_tags("/restapis/{restApi}/stages/{stageName}"), at_create=False),
    ),
)

_SETTINGS = {
    "metricsEnabled": ("metrics/enabled", "metricsEnabled"),
    "loggingLevel": ("logging/loglevel", "loggingLevel"),
    "dataTraceEnabled": ("logging/dataTrace", "dataTraceEnabled"),
    "throttlingBurstLimit": ("throttling/burstLimit", "throttlingBurstLimit"),
    "throttlingRateLimit": ("throttling/rateLimit", "throttlingRateLimit"),
    "cachingEnabled": ("caching/enabled", "cachingEnabled"),
    "cacheTtlInSeconds": ("caching/ttlInSeconds", "cacheTtlInSeconds"),
    "cacheDataEncrypted": ("caching/dataEncrypted", "cacheDataEncrypted"),
    "requireAuthorizationForCacheControl": (
        "caching/requireAuthorizationForCacheControl",
        "requireAuthorizationForCacheControl",
    ),
    "unauthorizedCacheControlHeaderStrategy": (
        "caching/unauthorizedCacheControlHeaderStrategy",
        "unauthorizedCacheControlHeaderStrategy",
    ),
}


def _put_settings(scope: Scope, props: Props, afresh: bool = False) -> Props:
    path, settings = props["methodPath"], props.get("settings") or {}
    patch = [{"op": "remove", "path": f"/{path}"}] if afresh else []
    patch += [
        replace(f"/{path}/{_SETTINGS[name][0]}", value) for name, value in sorted(settings.items()) if name in _SETTINGS
    ]
    return scope.call("update_stage", restApiId=props["restApi"], stageName=props["stageName"], patchOperations=patch)


def _look_settings(scope: Scope, props: Props) -> Props:
    stage = scope.call("get_stage", restApiId=props["restApi"], stageName=props["stageName"])
    found = (stage.get("methodSettings") or {}).get(props["methodPath"])
    if not found:
        raise NotFoundError(f"stage {props['stageName']} has no settings for {props['methodPath']}")
    declared = props.get("settings")
    given = set(declared) if isinstance(declared, dict) else _said(found)
    kind = METHOD_SETTINGS.properties["settings"]
    settings = {
        name: shapes.from_api(kind[name], found[member], {})
        for name, (_, member) in _SETTINGS.items()
        # the account fills in the rest by itself
        if found.get(member) is not None and name in given
    }
    return {
        "restApi": props["restApi"],
        "stageName": props["stageName"],
        "methodPath": props["methodPath"],
        "settings": settings,
    }


def _said(found: Props) -> set[str]:
    """The settings that an import gets: those that say something. Of a cache that is off, none do."""
    cache = {"cachingEnabled", "cacheTtlInSeconds", "cacheDataEncrypted"} if found.get("cachingEnabled") else set()
    switched_on = {name for name in ("metricsEnabled", "dataTraceEnabled") if found.get(name)}
    logging = {"loggingLevel"} if found.get("loggingLevel") not in (None, "OFF") else set()
    return {"throttlingBurstLimit", "throttlingRateLimit", *cache, *switched_on, *logging}


def _change_settings(scope: Scope, props: Props, old: Props, _changed: set[str]) -> None:
    dropped = set(old.get("settings") or {}) - set(props.get("settings") or {})
    _put_settings(scope, props, afresh=bool(dropped))


def _remove_settings(scope: Scope, props: Props) -> None:
    patch = [{"op": "remove", "path": f"/{props['methodPath']}"}]
    scope.call("update_stage", restApiId=props["restApi"], stageName=props["stageName"], patchOperations=patch)


METHOD_SETTINGS = Type(
    "aws:apigateway/methodSettings:MethodSettings",
    "apigateway",
    key=("restApi", "stageName", "methodPath"),
    replace=("restApi", "stageName", "methodPath"),
    make=_put_settings,
    look=_look_settings,
    change=_change_settings,
    remove=_remove_settings,
)

TYPES = (DEPLOYMENT, STAGE, METHOD_SETTINGS)
