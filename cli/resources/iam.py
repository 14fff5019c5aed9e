"""IAM. SAM's roles bear names that CloudFormation made up: only those that the program names alike are found."""

from __future__ import annotations

from cli.resources.account import Account, Inputs, Lookup, text
from cli.resources.found import Found, Owner

ROLE = "AWS::IAM::Role"


def _role(inputs: Inputs, account: Account) -> list[Found]:
    name = text(inputs, "name")
    account.call("iam", "get_role", RoleName=name)
    return [Found(name, (Owner(ROLE, name),))]


def _role_policy(inputs: Inputs, account: Account) -> list[Found]:
    role, name = text(inputs, "role"), text(inputs, "name")
    account.call("iam", "get_role_policy", RoleName=role, PolicyName=name)
    return [Found(f"{role}:{name}", (Owner("AWS::IAM::Policy", name), Owner(ROLE, role)))]


def _attachment(inputs: Inputs, account: Account) -> list[Found]:
    role, arn = text(inputs, "role"), text(inputs, "policyArn")
    attached = account.pages("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=role)
    return [Found(f"{role}/{arn}", (Owner(ROLE, role),))] if arn in [each["PolicyArn"] for each in attached] else []


def _policy(inputs: Inputs, account: Account) -> list[Found]:
    name = text(inputs, "name")
    policies = account.pages("iam", "list_policies", "Policies", Scope="Local")
    return [
        Found(each["Arn"], (Owner("AWS::IAM::ManagedPolicy", each["Arn"], name),))
        for each in policies
        if each["PolicyName"] == name
    ]


LOOKUPS: dict[str, Lookup] = {
    "aws:iam/role:Role": _role,
    "aws:iam/rolePolicy:RolePolicy": _role_policy,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _attachment,
    "aws:iam/policy:Policy": _policy,
}
