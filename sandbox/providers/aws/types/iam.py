"""AWS IAM: roles, policies and their attachments, instance profiles."""

from __future__ import annotations

import json
from typing import Any

from sandbox.providers.aws.api import NotFoundError
from sandbox.providers.aws.model import Part, Props, Scope, Type, live_tags, tag_part


def _tags(kind: str, resource: str, source: str) -> Part:
    return tag_part("", f"tag_{kind}", f"untag_{kind}", resource, source)


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def _prepare_role(_scope: Scope, operation: str, props: Props) -> Props:
    if operation == "update_assume_role_policy":
        return {**props, "PolicyDocument": props["assumeRolePolicy"]}
    return props


def _change_role(scope: Scope, props: Props, _old: Props, changed: set[str]) -> None:
    if "assumeRolePolicy" in changed:
        scope.call("update_assume_role_policy", RoleName=props["name"], PolicyDocument=props["assumeRolePolicy"])
    if "permissionsBoundary" in changed:
        if props.get("permissionsBoundary"):
            scope.call(
                "put_role_permissions_boundary",
                RoleName=props["name"],
                PermissionsBoundary=props["permissionsBoundary"],
            )
        else:
            scope.call("delete_role_permissions_boundary", RoleName=props["name"])


def _tune_role(_scope: Scope, found: Props, _props: Props) -> Props:
    return {
        "assumeRolePolicy": _text(found["AssumeRolePolicyDocument"]),
        "permissionsBoundary": (found.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn"),
    }


def _attached(scope: Scope, role: str) -> list[str]:
    found = scope.call("list_attached_role_policies", RoleName=role)["AttachedPolicies"]
    return sorted(item["PolicyArn"] for item in found)


def _write_attached(scope: Scope, props: Props, _old: Props) -> None:
    wanted, live = set(props.get("managedPolicyArns") or []), set(_attached(scope, props["name"]))
    for arn in sorted(live - wanted):
        scope.call("detach_role_policy", RoleName=props["name"], PolicyArn=arn)
    for arn in sorted(wanted - live):
        scope.call("attach_role_policy", RoleName=props["name"], PolicyArn=arn)


def _read_attached(scope: Scope, props: Props) -> Props:
    # attachments that are resources of their own are none of the role's business
    return {"managedPolicyArns": _attached(scope, props["name"])} if "managedPolicyArns" in props else {}


def _inline(scope: Scope, role: str) -> list[Props]:
    names = scope.call("list_role_policies", RoleName=role)["PolicyNames"]
    documents = {
        name: scope.call("get_role_policy", RoleName=role, PolicyName=name)["PolicyDocument"] for name in names
    }
    return [{"name": name, "policy": _text(documents[name])} for name in sorted(names)]


def _write_inline(scope: Scope, props: Props, _old: Props) -> None:
    wanted = {item["name"]: item["policy"] for item in props.get("inlinePolicies") or [] if item.get("name")}
    for item in _inline(scope, props["name"]):
        if item["name"] not in wanted:
            scope.call("delete_role_policy", RoleName=props["name"], PolicyName=item["name"])
    for name, policy in sorted(wanted.items()):
        scope.call("put_role_policy", RoleName=props["name"], PolicyName=name, PolicyDocument=policy)


def _read_inline(scope: Scope, props: Props) -> Props:
    return {"inlinePolicies": _inline(scope, props["name"])} if "inlinePolicies" in props else {}


def _remove_role(scope: Scope, props: Props) -> None:
    name = props["name"]
    if props.get("managedPolicyArns") or props.get("forceDetachPolicies"):
        for arn in _attached(scope, name):
            scope.call("detach_role_policy", RoleName=name, PolicyArn=arn)
    if props.get("inlinePolicies") or props.get("forceDetachPolicies"):
        for item in _inline(scope, name):
            scope.call("delete_role_policy", RoleName=name, PolicyName=item["name"])
    scope.call("delete_role", RoleName=name)


ROLE = Type(
    "aws:iam/role:Role",
    "iam",
    create="create_role",
    read="get_role",
    update=("update_role",),
    inside="Role",
    autoname="name",
    replace=("name", "namePrefix", "path"),
    rename={"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"},
    defaults={"maxSessionDuration": 3600, "path": "/", "forceDetachPolicies": False},
    outputs={"arn": "Arn", "uniqueId": "RoleId", "createDate": "CreateDate"},
    unread=("forceDetachPolicies",),
    resets={"description": ""},
    whole=True,
    prepare=_prepare_role,
    tune=_tune_role,
    change=_change_role,
    remove=_remove_role,
    parts=(
        Part(("managedPolicyArns",), _write_attached, _read_attached),
        Part(("inlinePolicies",), _write_inline, _read_inline),
        _tags("role", "RoleName", "name"),
    ),
    computed=(
        "inlinePolicies",
        "managedPolicyArns",
    ),
)

ROLE_POLICY = Type(
    "aws:iam/rolePolicy:RolePolicy",
    "iam",
    create="put_role_policy",
    read="get_role_policy",
    update=("put_role_policy",),
    delete="delete_role_policy",
    key=("role", "name"),
    separator=":",
    autoname="name",
    replace=("role", "name", "namePrefix"),
    rename={"role": "RoleName", "name": "PolicyName", "policy": "PolicyDocument"},
    whole=True,
    tune=lambda _scope, found, _props: {"policy": _text(found["PolicyDocument"])},
)


def _attach(scope: Scope, props: Props) -> Props:
    return scope.call("attach_role_policy", RoleName=props["role"], PolicyArn=props["policyArn"])


def _look_attachment(scope: Scope, props: Props) -> Props:
    if props["policyArn"] not in _attached(scope, props["role"]):
        raise NotFoundError(f"policy {props['policyArn']} is not attached to role {props['role']}")
    return {"role": props["role"], "policyArn": props["policyArn"]}


def _detach(scope: Scope, props: Props) -> None:
    scope.call("detach_role_policy", RoleName=props["role"], PolicyArn=props["policyArn"])


ATTACHMENT = Type(
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "iam",
    key=("role", "policyArn"),
    replace=("role", "policyArn"),
    make=_attach,
    look=_look_attachment,
    remove=_detach,
)


def _look_policy(scope: Scope, props: Props) -> Props:
    found = scope.call("get_policy", PolicyArn=props["arn"])["Policy"]
    version = scope.call("get_policy_version", PolicyArn=props["arn"], VersionId=found["DefaultVersionId"])
    return {
        "arn": found["Arn"],
        "name": found["PolicyName"],
        "path": found.get("Path"),
        "description": found.get("Description") or None,
        "policyId": found.get("PolicyId"),
        **live_tags(found.get("Tags")),
        "policy": _text(version["PolicyVersion"]["Document"]),
    }


def _change_policy(scope: Scope, props: Props, old: Props, changed: set[str]) -> None:
    if "policy" not in changed:
        return
    arn = old["arn"]
    versions = scope.call("list_policy_versions", PolicyArn=arn)["Versions"]
    spare = [item for item in versions if not item["IsDefaultVersion"]]
    if len(versions) >= 5:  # IAM keeps five versions of a policy
        oldest = min(spare, key=lambda item: int(item["VersionId"].removeprefix("v")))
        scope.call("delete_policy_version", PolicyArn=arn, VersionId=oldest["VersionId"])
    scope.call("create_policy_version", PolicyArn=arn, PolicyDocument=props["policy"], SetAsDefault=True)


def _remove_policy(scope: Scope, props: Props) -> None:
    for item in scope.call("list_policy_versions", PolicyArn=props["arn"])["Versions"]:
        if not item["IsDefaultVersion"]:
            scope.call("delete_policy_version", PolicyArn=props["arn"], VersionId=item["VersionId"])
    scope.call("delete_policy", PolicyArn=props["arn"])


POLICY = Type(
    "aws:iam/policy:Policy",
    "iam",
    create="create_policy",
    key=("arn",),
    autoname="name",
    replace=("name", "namePrefix", "path", "description"),
    rename={"name": "PolicyName", "policy": "PolicyDocument"},
    defaults={"path": "/"},
    identify=lambda _scope, _props, answer: str(answer["Policy"]["Arn"]),
    look=_look_policy,
    change=_change_policy,
    remove=_remove_policy,
    parts=(_tags("policy", "PolicyArn", "arn"),),
)


def _write_profile_role(scope: Scope, props: Props, _old: Props) -> None:
    name = props["name"]
    found = scope.call("get_instance_profile", InstanceProfileName=name)["InstanceProfile"]
    for role in found.get("Roles") or []:
        if role["RoleName"] != props.get("role"):
            scope.call("remove_role_from_instance_profile", InstanceProfileName=name, RoleName=role["RoleName"])
    if props.get("role") and props["role"] not in [role["RoleName"] for role in found.get("Roles") or []]:
        scope.call("add_role_to_instance_profile", InstanceProfileName=name, RoleName=props["role"])


def _read_profile_role(scope: Scope, props: Props) -> Props:
    found = scope.call("get_instance_profile", InstanceProfileName=props["name"])["InstanceProfile"]
    roles = found.get("Roles") or []
    return {"role": roles[0]["RoleName"] if roles else None}


def _remove_profile(scope: Scope, props: Props) -> None:
    _write_profile_role(scope, {"name": props["name"]}, {})
    scope.call("delete_instance_profile", InstanceProfileName=props["name"])


PROFILE = Type(
    "aws:iam/instanceProfile:InstanceProfile",
    "iam",
    create="create_instance_profile",
    read="get_instance_profile",
    inside="InstanceProfile",
    autoname="name",
    replace=("name", "namePrefix", "path"),
    rename={"name": "InstanceProfileName"},
    defaults={"path": "/"},
    outputs={"arn": "Arn", "uniqueId": "InstanceProfileId", "createDate": "CreateDate"},
    remove=_remove_profile,
    parts=(
        Part(("role",), _write_profile_role, _read_profile_role),
        _tags("instance_profile", "InstanceProfileName", "name"),
    ),
)

TYPES = (ROLE, ROLE_POLICY, ATTACHMENT, POLICY, PROFILE)
