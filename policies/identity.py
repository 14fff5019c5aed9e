"""Least privilege: single actions on single resources, and roles that only a named party may take.

Source: IAM User Guide, "Security best practices in IAM"; Service Authorization Reference for the names of services.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from policies.documents import allowed, principals
from policies.rule import Facts, NoConfig, ResourceRule, Severity
from policies.subject import Resource, items
from stacks.model import Model

ROLE = "aws:iam/role:Role"
INLINE = ("aws:iam/rolePolicy:RolePolicy", "aws:iam/userPolicy:UserPolicy", "aws:iam/groupPolicy:GroupPolicy")
DOCUMENTS = frozenset({ROLE, "aws:iam/policy:Policy", *INLINE})
ATTACHMENTS = frozenset(
    {
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:iam/userPolicyAttachment:UserPolicyAttachment",
        "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
        "aws:iam/policyAttachment:PolicyAttachment",
    }
)
ADMINISTRATORS = ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess")
Service = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$")]


class DataServices(Model):
    """Which services hold data."""

    data_services: Annotated[tuple[Service, ...], Field(min_length=1)] = (
        "dynamodb",
        "s3",
        "sqs",
        "rds",
        "rds-data",
        "secretsmanager",
        "kms",
    )
    """The prefixes of their actions."""


def documents(resource: Resource) -> Iterator[Any]:
    """The documents of a resource that say what may be done."""
    if resource.type != ROLE:
        yield resource.get("policy")
        return
    for inline in items(resource.get("inlinePolicies")):
        if isinstance(inline, Mapping):
            yield inline.get("policy")


def single_actions(resource: Resource, config: DataServices, _facts: Facts) -> Iterator[str]:
    """No action stands for several: not ``*`` and ``service:*`` anywhere, no wildcard at all where data is."""
    for attached in items(resource.get("policyArn")) if resource.type in ATTACHMENTS else ():
        name = str(attached).rpartition("/")[2]
        if ":iam::aws:policy/" in str(attached) and _administrative(name):
            yield f"{resource.name} attaches {name}, which allows everything"
    for statement in _statements(resource):
        if "NotAction" in statement:
            yield f"{resource.name} allows everything but {', '.join(map(str, items(statement['NotAction'])))}"
        for action in map(str, items(statement.get("Action"))):
            service, _, name = action.lower().partition(":")
            if "*" in service or name == "*" or (service in config.data_services and set("*?") & set(name)):
                yield f"{resource.name} allows {action}"


def single_resources(resource: Resource, config: DataServices, _facts: Facts) -> Iterator[str]:
    """What is allowed on data is allowed on named resources."""
    for statement in _statements(resource):
        actions = [str(action) for action in items(statement.get("Action"))]
        on_data = [each for each in actions if each.lower().partition(":")[0] in config.data_services]
        if not on_data:
            continue
        if "NotResource" in statement:
            yield f"{resource.name} allows {', '.join(on_data)} on everything but some resources"
        for target in map(str, items(statement.get("Resource"))):
            if _any_resource(target):
                yield f"{resource.name} allows {', '.join(on_data)} on {target}"


def named_trust(role: Resource, _config: NoConfig, _facts: Facts) -> Iterator[str]:
    """The role's trust policy names who may take it."""
    for statement in allowed(role.get("assumeRolePolicy")):
        for who in principals(statement):
            if "*" in who:
                yield f"{role.name} may be taken by {who}"


def _statements(resource: Resource) -> Iterator[Mapping[str, Any]]:
    if resource.type in DOCUMENTS:
        for document in documents(resource):
            yield from allowed(document)


def _administrative(name: str) -> bool:
    return name in ADMINISTRATORS or name.endswith("FullAccess")


def _any_resource(target: str) -> bool:
    """Whether an ARN (or ``*``) names no single resource: ``arn:aws:s3:::*``, ``arn:aws:dynamodb:…:table/*``."""
    if not target.startswith("arn:"):
        return "*" in target
    last = (target.split(":", 5) + [""] * 6)[5]
    kind, _, name = last.partition("/") if "/" in last else last.rpartition(":")
    # `bucket/*` is what lies in one bucket; `table/*` is every table. Only S3's names have no kind before them.
    of_a_bucket = target.split(":")[2:3] == ["s3"] and "/" in last
    return set(kind) <= set("*?") and bool(kind) if of_a_bucket else not name.strip("*?")


RULES = (
    ResourceRule(
        "iam-single-actions",
        "No statement allows every action of a service that holds data, or of everything.",
        Severity.HIGH,
        "List the actions that the code calls; attach no administrator's policy.",
        DOCUMENTS | ATTACHMENTS,
        single_actions,
        config=DataServices,
    ),
    ResourceRule(
        "iam-single-resources",
        "No statement allows actions on data without naming the resource.",
        Severity.HIGH,
        "Name the resource's ARN, as the resource's own output gives it.",
        DOCUMENTS,
        single_resources,
        config=DataServices,
    ),
    ResourceRule(
        "iam-trust-named",
        "Every role names the services or accounts that may take it.",
        Severity.CRITICAL,
        "Name a service, an account or a role in Principal.",
        frozenset({ROLE}),
        named_trust,
    ),
)
