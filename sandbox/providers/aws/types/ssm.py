"""AWS Systems Manager: parameters."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.providers.aws.api import NotFoundError
from sandbox.providers.aws.model import Part, Props, Scope, Type, live_tags


def _put(scope: Scope, props: Props, overwrite: bool) -> Props:
    names = {
        "name": "Name",
        "type": "Type",
        "description": "Description",
        "tier": "Tier",
        "keyId": "KeyId",
        "allowedPattern": "AllowedPattern",
        "dataType": "DataType",
    }
    request: Props = {api: props[name] for name, api in names.items() if props.get(name)}
    request["Value"] = props.get("value", props.get("insecureValue", props.get("valueWo")))
    if overwrite:
        return scope.call("put_parameter", **request, Overwrite=True)
    tags = [{"Key": key, "Value": value} for key, value in sorted((props.get("tags") or {}).items())]
    # tags and Overwrite exclude each other in one call
    return scope.call("put_parameter", **request, Tags=tags) if tags else scope.call("put_parameter", **request)


def _make(scope: Scope, props: Props) -> Props:
    if props.get("overwrite"):
        answer = _put(scope, props, overwrite=True)
        _write_tags(scope, props, {})
        return answer
    return _put(scope, props, overwrite=False)


def _look(scope: Scope, props: Props) -> Props:
    found = scope.call("get_parameter", Name=props["name"], WithDecryption=True)["Parameter"]
    filters = [{"Key": "Name", "Option": "Equals", "Values": [props["name"]]}]
    described = scope.call("describe_parameters", ParameterFilters=filters).get("Parameters") or []
    if not described:
        raise NotFoundError(f"parameter {props['name']} is gone")
    facts = described[0]
    live: Props = {
        "name": found["Name"],
        "type": found["Type"],
        "arn": found["ARN"],
        "version": found["Version"],
        "dataType": found.get("DataType") or "text",
        "description": facts.get("Description") or None,
        "tier": facts.get("Tier") or "Standard",
        "allowedPattern": facts.get("AllowedPattern") or None,
        "hasValueWo": False,
    }
    if found["Type"] == "SecureString":
        live["keyId"] = facts.get("KeyId") or props.get("keyId") or "alias/aws/ssm"
    live["insecureValue" if "insecureValue" in props else "value"] = found["Value"]
    return live


def _change(scope: Scope, props: Props, _old: Props, changed: set[str]) -> None:
    if changed - {"tags", "overwrite"}:
        _put(scope, props, overwrite=True)


def _write_tags(scope: Scope, props: Props, old: Props) -> None:
    where = {"ResourceType": "Parameter", "ResourceId": props["name"]}
    before, after = old.get("tags") or {}, props.get("tags") or {}
    gone = sorted(set(before) - set(after))
    if gone:
        scope.call("remove_tags_from_resource", **where, TagKeys=gone)
    if after:
        scope.call("add_tags_to_resource", **where, Tags=[{"Key": key, "Value": value} for key, value in after.items()])


def _read_tags(scope: Scope, props: Props) -> Props:
    return live_tags(
        scope.call("list_tags_for_resource", ResourceType="Parameter", ResourceId=props["name"]).get("TagList")
    )


def _check(props: Props) -> Mapping[str, str]:
    if not any(name in props for name in ("value", "insecureValue", "valueWo")):
        return {"value": "a parameter needs a value (or insecureValue)"}
    return {}


PARAMETER = Type(
    "aws:ssm/parameter:Parameter",
    "ssm",
    autoname="name",
    replace=("name", "dataType"),
    rename={"name": "Name"},
    delete="delete_parameter",
    make=_make,
    look=_look,
    change=_change,
    check=_check,
    volatile=lambda changed, _props: {"version"} if changed - {"tags", "overwrite"} else set(),
    parts=(Part(("tags",), _write_tags, _read_tags, at_create=False),),
    computed=(
        "arn",
        "dataType",
        "keyId",
        "tier",
    ),
)

TYPES = (PARAMETER,)
