"""Amazon EC2: security groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.providers.aws.api import NotFoundError
from sandbox.providers.aws.model import Part, Props, Scope, Type, live_tags


def _make(scope: Scope, props: Props) -> Props:
    network = {"VpcId": props["vpcId"]} if props.get("vpcId") else {}
    answer = scope.call("create_security_group", GroupName=props["name"], Description=props["description"], **network)
    # a new group lets everything out, which Pulumi's resource takes back
    found = scope.call("describe_security_groups", GroupIds=[answer["GroupId"]])["SecurityGroups"][0]
    if found.get("IpPermissionsEgress"):
        scope.call(
            "revoke_security_group_egress", GroupId=answer["GroupId"], IpPermissions=found["IpPermissionsEgress"]
        )
    return answer


def _permission(rule: Mapping[str, Any]) -> dict[str, Any]:
    note = {"Description": rule["description"]} if rule.get("description") else {}
    permission: dict[str, Any] = {"IpProtocol": str(rule["protocol"])}
    if str(rule["protocol"]) != "-1":
        permission |= {"FromPort": int(rule["fromPort"]), "ToPort": int(rule["toPort"])}
    if rule.get("cidrBlocks"):
        permission["IpRanges"] = [{"CidrIp": block, **note} for block in rule["cidrBlocks"]]
    if rule.get("ipv6CidrBlocks"):
        permission["Ipv6Ranges"] = [{"CidrIpv6": block, **note} for block in rule["ipv6CidrBlocks"]]
    groups = [*(rule.get("securityGroups") or []), *([rule["self_id"]] if rule.get("self_id") else [])]
    if groups:
        permission["UserIdGroupPairs"] = [{"GroupId": group, **note} for group in groups]
    return permission


def _rule(found: Mapping[str, Any], group: str) -> Props:
    rule: Props = {
        "protocol": found["IpProtocol"],
        "fromPort": found.get("FromPort", 0),
        "toPort": found.get("ToPort", 0),
    }
    notes = []
    for api, member, name in (("IpRanges", "CidrIp", "cidrBlocks"), ("Ipv6Ranges", "CidrIpv6", "ipv6CidrBlocks")):
        if found.get(api):
            rule[name] = sorted(item[member] for item in found[api])
            notes += [item.get("Description") for item in found[api]]
    pairs = [item["GroupId"] for item in found.get("UserIdGroupPairs") or []]
    if group in pairs:
        rule["self"] = True
    if set(pairs) - {group}:
        rule["securityGroups"] = sorted(set(pairs) - {group})
    if any(notes):
        rule["description"] = next(note for note in notes if note)
    return rule


def _described(scope: Scope, group: str) -> Props:
    found = scope.call("describe_security_groups", GroupIds=[group])["SecurityGroups"]
    if not found:
        raise NotFoundError(f"security group {group} is gone")
    first: Props = found[0]
    return first


def _look(scope: Scope, props: Props) -> Props:
    found = _described(scope, props["id"])
    group = found["GroupId"]
    return {
        "name": found["GroupName"],
        "description": found["Description"],
        "vpcId": found.get("VpcId"),
        "ownerId": found.get("OwnerId"),
        "arn": scope.arn(f"security-group/{group}"),
        "ingress": [_rule(item, group) for item in found.get("IpPermissions") or []],
        "egress": [_rule(item, group) for item in found.get("IpPermissionsEgress") or []],
        **live_tags(found.get("Tags")),
    }


def _writer(way: str, member: str) -> Any:
    def write(scope: Scope, props: Props, _old: Props) -> None:
        live = _described(scope, props["id"]).get(member) or []
        if live:
            scope.call(f"revoke_security_group_{way}", GroupId=props["id"], IpPermissions=live)
        rules = [{**rule, "self_id": props["id"] if rule.get("self") else None} for rule in props.get(way) or []]
        if rules:
            permissions = [_permission(rule) for rule in rules]
            scope.call(f"authorize_security_group_{way}", GroupId=props["id"], IpPermissions=permissions)

    return write


def _write_tags(scope: Scope, props: Props, old: Props) -> None:
    before, after = old.get("tags") or {}, props.get("tags") or {}
    gone = sorted(set(before) - set(after))
    if gone:
        scope.call("delete_tags", Resources=[props["id"]], Tags=[{"Key": key} for key in gone])
    if after:
        tags = [{"Key": key, "Value": value} for key, value in after.items()]
        scope.call("create_tags", Resources=[props["id"]], Tags=tags)


def _remove(scope: Scope, props: Props) -> None:
    scope.call("delete_security_group", GroupId=props["id"])


SECURITY_GROUP = Type(
    "aws:ec2/securityGroup:SecurityGroup",
    "ec2",
    key=("groupId",),
    identify=lambda _scope, _props, answer: str(answer["GroupId"]),
    autoname="name",
    replace=("name", "namePrefix", "description", "vpcId"),
    defaults={"description": "Managed by Pulumi", "revokeRulesOnDelete": False},
    make=_make,
    look=_look,
    remove=_remove,
    parts=(
        Part(("ingress",), _writer("ingress", "IpPermissions")),
        Part(("egress",), _writer("egress", "IpPermissionsEgress")),
        Part(("tags",), _write_tags),
    ),
    computed=(
        "egress",
        "ingress",
        "vpcId",
    ),
)

TYPES = (SECURITY_GROUP,)
