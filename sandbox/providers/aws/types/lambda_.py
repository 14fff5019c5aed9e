"""AWS Lambda: functions with their code and versions, aliases."""

from __future__ import annotations

from sandbox.providers import wire
from sandbox.providers.aws.model import Part, Props, Scope, Type, tag_part

_CODE = {
    "code",
    "s3Bucket",
    "s3Key",
    "s3ObjectVersion",
    "sourceCodeHash",
    "imageUri",
    "sourceKmsKeyArn",
    "architectures",
}
_LIVE_ONLY = {"tags", "reservedConcurrentExecutions", "publish", "skipDestroy", "codeSigningConfigArn"}
"""Function inputs that no published version holds."""


def _invoke_arn(scope: Scope, arn: str) -> str:
    return f"arn:aws:apigateway:{scope.region}:lambda:path/2015-03-31/functions/{arn}/invocations"


def _code(props: Props) -> Props:
    code = props.get("code")
    if code is not None:
        return {"ZipFile": wire.archive_bytes(code)}
    names = (("s3Bucket", "S3Bucket"), ("s3Key", "S3Key"), ("s3ObjectVersion", "S3ObjectVersion"))
    return {api: props[name] for name, api in (*names, ("imageUri", "ImageUri")) if props.get(name)}


def _prepare(_scope: Scope, operation: str, props: Props) -> Props:
    props = {name: value for name, value in props.items() if name not in ("reservedConcurrentExecutions", "code")} | (
        {"code": _code(props)} if operation == "create_function" else {}
    )
    if operation.startswith("update_"):
        props.pop("publish", None)  # a version is published once, when everything else is done
    return props


def _change(scope: Scope, props: Props, old: Props, changed: set[str]) -> None:
    settings = FUNCTION.takes(scope, "update_function_configuration", changed - _CODE)
    if settings:
        scope.call(
            "update_function_configuration",
            **FUNCTION.parameters(scope, "update_function_configuration", {**_EMPTIED, **props}, settings),
        )
        _settled(scope, props["name"])
    if changed & _CODE:
        request = {**_code(props), **({"Architectures": props["architectures"]} if "architectures" in changed else {})}
        scope.call("update_function_code", FunctionName=props["name"], **request)
        _settled(scope, props["name"])
    if props.get("publish") and (settings or changed & (_CODE | {"publish"})):
        scope.call("publish_version", FunctionName=old["name"])


_EMPTIED: Props = {
    "environment": {"variables": {}},
    "layers": [],
    "description": "",
    "deadLetterConfig": {"targetArn": ""},
    "tracingConfig": {"mode": "PassThrough"},
    "kmsKeyArn": "",
    "ephemeralStorage": {"size": 512},
    "vpcConfig": {"subnetIds": [], "securityGroupIds": []},
}
"""What to send for a setting that the program doesn't name any more."""


def _is_settled(scope: Scope, name: str) -> bool:
    found = scope.call("get_function_configuration", FunctionName=name)
    return found.get("LastUpdateStatus") in (None, "Successful") and found.get("State") in (None, "Active", "Inactive")


def _settled(scope: Scope, name: str) -> None:
    scope.wait(lambda: _is_settled(scope, name), f"updating function {name}")


def _versions(scope: Scope, name: str) -> list[Props]:
    found: list[Props] = []
    marker: Props = {}
    while True:
        page = scope.call("list_versions_by_function", FunctionName=name, **marker)
        found += page["Versions"]
        if not page.get("NextMarker"):
            return found
        marker = {"Marker": page["NextMarker"]}


def _tune(scope: Scope, found: Props, props: Props) -> Props:
    name = found["FunctionName"]
    arn = found["FunctionArn"].removesuffix(":$LATEST")
    numbers = [int(item["Version"]) for item in _versions(scope, name) if item["Version"].isdigit()]
    version = str(max(numbers)) if numbers else "$LATEST"
    letters = (found.get("DeadLetterConfig") or {}).get("TargetArn")
    tracing = (found.get("TracingConfig") or {}).get("Mode")
    snap_start = found.get("SnapStart") or {}
    network = found.get("VpcConfig") or {}
    live: Props = {
        "arn": arn,
        "version": version,
        "qualifiedArn": f"{arn}:{version}",
        "invokeArn": _invoke_arn(scope, arn),
        "qualifiedInvokeArn": _invoke_arn(scope, f"{arn}:{version}"),
        "responseStreamingInvokeArn": _invoke_arn(scope, arn)
        .replace("2015-03-31", "2021-11-15")
        .replace("/invocations", "/response-streaming-invocations"),
        "sourceCodeSize": found.get("CodeSize"),
        "codeSha256": found.get("CodeSha256"),
        "environment": {"variables": values} if (values := (found.get("Environment") or {}).get("Variables")) else None,
        "layers": [layer["Arn"] for layer in found.get("Layers") or []] or None,
        "vpcConfig": _network(network) if network.get("SubnetIds") else None,
        "description": found.get("Description") or None,
        "snapStart": {"applyOn": snap_start["ApplyOn"]} if snap_start.get("ApplyOn") not in (None, "None") else None,
    }
    # the account's own choice counts only where the program made one
    live["tracingConfig"] = (
        {"mode": tracing} if tracing and (tracing != "PassThrough" or props.get("tracingConfig")) else None
    )
    if "DeadLetterConfig" in found:
        live["deadLetterConfig"] = {"targetArn": letters} if letters else None
    else:
        live["deadLetterConfig"] = props.get("deadLetterConfig")
    if "s3Bucket" in props:
        live.pop("code", None)
    return live


def _network(found: Props) -> Props:
    return {"subnetIds": sorted(found["SubnetIds"]), "securityGroupIds": sorted(found.get("SecurityGroupIds") or [])}


def _volatile(changed: set[str], props: Props) -> set[str]:
    loose: set[str] = set()
    if changed & _CODE:
        loose |= {"codeSha256", "sourceCodeSize"}
    if changed - _LIVE_ONLY:
        loose.add("lastModified")
    if props.get("publish") and changed - (_LIVE_ONLY - {"publish"}):
        loose |= {"version", "qualifiedArn", "qualifiedInvokeArn"}
    return loose


def _write_concurrency(scope: Scope, props: Props, _old: Props) -> None:
    reserved = int(props.get("reservedConcurrentExecutions", -1))
    if reserved >= 0:
        scope.call("put_function_concurrency", FunctionName=props["name"], ReservedConcurrentExecutions=reserved)
    elif _read_concurrency(scope, props)["reservedConcurrentExecutions"] >= 0:
        scope.call("delete_function_concurrency", FunctionName=props["name"])


def _read_concurrency(scope: Scope, props: Props) -> Props:
    found = scope.call("get_function_concurrency", FunctionName=props["name"])
    return {"reservedConcurrentExecutions": found.get("ReservedConcurrentExecutions", -1)}


def _write_signing(scope: Scope, props: Props, _old: Props) -> None:
    arn = props.get("codeSigningConfigArn")
    if arn:
        scope.call("put_function_code_signing_config", FunctionName=props["name"], CodeSigningConfigArn=arn)
    else:
        scope.call("delete_function_code_signing_config", FunctionName=props["name"])


def _remove(scope: Scope, props: Props) -> None:
    if not props.get("skipDestroy"):
        scope.call("delete_function", FunctionName=props["name"])


FUNCTION = Type(
    "aws:lambda/function:Function",
    "lambda",
    create="create_function",
    read="get_function_configuration",
    autoname="name",
    required=("role",),
    replace=("name", "packageType", "tenancyConfig"),
    rename={"name": "FunctionName", "code": "Code"},
    defaults={
        "memorySize": 128,
        "packageType": "Zip",
        "publish": False,
        "reservedConcurrentExecutions": -1,
        "skipDestroy": False,
        "timeout": 3,
    },
    unread=("code", "sourceCodeHash", "s3Bucket", "s3Key", "s3ObjectVersion", "publish", "skipDestroy", "imageUri"),
    ordered=("layers",),
    prepare=_prepare,
    identify=lambda _scope, props, _answer: str(props["name"]),
    tune=_tune,
    change=_change,
    remove=_remove,
    ready=lambda scope, props: _is_settled(scope, props["name"]),
    volatile=_volatile,
    parts=(
        Part(("reservedConcurrentExecutions",), _write_concurrency, _read_concurrency),
        Part(("codeSigningConfigArn",), _write_signing, at_create=False),
        tag_part("list_tags", "tag_resource", "untag_resource", "Resource"),
    ),
    computed=(
        "architectures",
        "codeSha256",
        "ephemeralStorage",
        "loggingConfig",
        "tracingConfig",
    ),
)


def _prepare_alias(_scope: Scope, operation: str, props: Props) -> Props:
    weights = (props.get("routingConfig") or {}).get("additionalVersionWeights") or {}
    routing = {"routingConfig": {"additionalVersionWeights": weights}} if weights or operation == "update_alias" else {}
    return {**{name: value for name, value in props.items() if name != "routingConfig"}, **routing}


def _tune_alias(scope: Scope, found: Props, _props: Props) -> Props:
    weights = (found.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
    return {
        "routingConfig": {"additionalVersionWeights": weights} if weights else None,
        "arn": found["AliasArn"],
        "invokeArn": _invoke_arn(scope, found["AliasArn"]),
    }


ALIAS = Type(
    "aws:lambda/alias:Alias",
    "lambda",
    create="create_alias",
    read="get_alias",
    update=("update_alias",),
    delete="delete_alias",
    key=("functionName", "name"),
    autoname="name",
    replace=("functionName", "name"),
    rename={"arn": "AliasArn"},
    resets={"description": ""},
    whole=True,
    prepare=_prepare_alias,
    tune=_tune_alias,
    unread=("functionName",),
)


TYPES = (FUNCTION, ALIAS)
