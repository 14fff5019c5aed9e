"""IAM. SAM's roles bear names that CloudFormation made up: only those that the program names alike are found."""

from __future__ import annotations

from cli.resources.account import Account, Inputs, Lookup, text
from cli.resources.found import Match, Owner

ROLE = "AWS::IAM::Role"


def _role(inputs: Inputs, account: Account) -> list[Match]:
    name = text(inputs, "name")
    account.call("iam", "get_role", RoleName=name)
    return [Match(name, (Owner(ROLE, name),))]


def _role_policy(inputs: Inputs, account: Account) -> list[Match]:
    role, name = text(inputs, "role"), text(inputs, "name")
    account.call("iam", "get_role_policy", RoleName=role, PolicyName=name)
    return [Match(f"{role}:{name}", (Owner("AWS::IAM::Policy", name), Owner(ROLE, role)))]


def _attachment(inputs: Inputs, account: Account) -> list[Match]:
    role, arn = text(inputs, "role"), text(inputs, "policyArn")
    attached = account.pages("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=role)
    return [Match(f"{role}/{arn}", (Owner(ROLE, role),))] if arn in [each["PolicyArn"] for each in attached] else []


def _policy(inputs: Inputs, account: Account) -> list[Match]:
    name = text(inputs, "name")
    policies = account.pages("iam", "list_policies", "Policies", Scope="Local")
    return [
        Match(each["Arn"], (Owner("AWS::IAM::ManagedPolicy", each["Arn"], name),))
        for each in policies
        if each["PolicyName"] == name
    ]


LOOKUPS: dict[str, Lookup] = {
    "aws:iam/role:Role": _role,
    "aws:iam/rolePolicy:RolePolicy": _role_policy,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _attachment,
    "aws:iam/policy:Policy": _policy,
}
