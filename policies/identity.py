"""Least privilege: single actions on single resources, and roles that only a named party may take.

Source: IAM User Guide, "Security best practices in IAM" and "Grant permissions to pass a role"; Service Authorization
Reference for the names of services and for what has resources.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from core.model import Model
from policies import trust
from policies.authorization import has_resources
from policies.conditions import required, undecided
from policies.documents import Statement, actions, allowed, wild
from policies.managed import grants_whole_service
from policies.rule import PolicyContext, ResourceRule, Severity
from policies.subject import Resource, items

ROLE = "aws:iam/role:Role"
DOCUMENTS: Mapping[str, str] = {
    "aws:iam/groupPolicy:GroupPolicy": "policy",
    "aws:iam/policy:Policy": "policy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:iam/userPolicy:UserPolicy": "policy",
    "aws:iot/policy:Policy": "policy",
    "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy": "inlinePolicy",
}
"""Type -> the property that says what may be done; a role's inline policies beside these."""
ATTACHMENTS: Mapping[str, str] = {
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": "policyArn",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": "policyArn",
    "aws:iam/groupPolicyAttachmentsExclusive:GroupPolicyAttachmentsExclusive": "policyArns",
    "aws:iam/policyAttachment:PolicyAttachment": "policyArn",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "policyArn",
    "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive": "policyArns",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": "policyArn",
    "aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive": "policyArns",
    "aws:quicksight/iamPolicyAssignment:IamPolicyAssignment": "policyArn",
    "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment": "managedPolicyArn",
    "aws:ssoadmin/managedPolicyAttachmentsExclusive:ManagedPolicyAttachmentsExclusive": "managedPolicyArns",
    ROLE: "managedPolicyArns",
}
"""Type -> the property that names managed policies. A permissions boundary isn't one: it allows nothing."""
HANDS_ON = ("iam:passrole", "sts:assumerole")
"""What gives the rights of other roles to whoever may do it."""
PASSED_TO = "iam:passedtoservice"
RESOURCE_KEYS = ("kms:requestalias", "kms:resourcealiases", "secretsmanager:secretid")
TAG_KEYS = re.compile(r"[a-z0-9-]+:resourcetag/.+|rds:(?!req-)[a-z-]+-tag/.+|s3:(accesspoint|bucket)tag/.+")
"""Condition keys that name resources where an ARN doesn't (Service Authorization Reference)."""
ADDED_CHARACTERS = "-??????"
"""Secrets Manager ends a secret's ARN with six characters of its own."""
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
    if resource.type in DOCUMENTS:
        yield resource.get(DOCUMENTS[resource.type])
    elif resource.type == ROLE:
        for inline in items(resource.get("inlinePolicies")):
            if isinstance(inline, Mapping):
                yield inline.get("policy")


def single_actions(resource: Resource, config: DataServices, _facts: PolicyContext) -> Iterator[str]:
    """No action stands for several: not ``*`` and ``service:*`` anywhere, no wildcard at all where data is."""
    for attached in map(str, items(resource.get(ATTACHMENTS[resource.type])) if resource.type in ATTACHMENTS else ()):
        if grants_whole_service(attached):
            yield f"{resource.name} attaches {attached.rpartition('/')[2]}, which allows everything"
    for statement in _statements(resource):
        if "NotAction" in statement:
            yield f"{resource.name} allows everything but {', '.join(map(str, items(statement['NotAction'])))}"
        for action in actions(statement):
            service, _, name = action.lower().partition(":")
            if wild(service) or not name.strip("*?") or (service in config.data_services and wild(name)):
                yield f"{resource.name} allows {action}"


def single_resources(resource: Resource, config: DataServices, _facts: PolicyContext) -> Iterator[str]:
    """What is allowed on data, or hands on the rights of roles, is allowed on named resources."""
    for statement in _statements(resource):
        targets = [target for target in map(str, items(statement.get("Resource"))) if any_resource(target)]
        if "NotResource" in statement:
            targets.append("everything but some resources")
        # Most statements name resources: what their actions are is asked of the reference for the others alone.
        meant = _on_named_resources(statement, config) if targets and not _narrowed(statement) else []
        if meant:
            yield from (f"{resource.name} allows {', '.join(meant)} on {target}" for target in targets)


def _on_named_resources(statement: Statement, config: DataServices) -> list[str]:
    """The actions of a statement that have to be on named resources."""
    if "NotAction" in statement:
        return [f"everything but {', '.join(map(str, items(statement['NotAction'])))}"]
    return [each for each in actions(statement) if _on_data(each, config) or _hands_on(each, statement)]


def _on_data(action: str, config: DataServices) -> bool:
    service = action.lower().partition(":")[0]
    if wild(service):
        return any(fnmatchcase(each, service) for each in config.data_services)
    return service in config.data_services and has_resources(action)


def _hands_on(action: str, statement: Statement) -> bool:
    """Whether an action hands on the rights of roles, to any service (IAM bounds that by ``iam:PassedToService``)."""
    if not any(fnmatchcase(each, action.lower()) for each in HANDS_ON):
        return False
    passed = any(key == PASSED_TO and not any(map(wild, values)) for key, values in required(statement))
    return not (passed and action.lower() == "iam:passrole")


def _narrowed(statement: Statement) -> bool:
    """Whether a condition names the resources, by their tags or aliases."""
    return undecided(statement) or any(
        (key in RESOURCE_KEYS or TAG_KEYS.fullmatch(key)) and not any(map(_any_value, values))
        for key, values in required(statement)
    )


def _any_value(value: str) -> bool:
    """Whether the value of such a condition names no resource: ``*``, ``alias/*``, an ARN without a name."""
    return not value.removeprefix("alias/").strip("*?") or (value.startswith("arn:") and any_resource(value))


def any_resource(target: str) -> bool:
    """Whether an ARN (or ``*``) names no single resource: ``arn:aws:s3:::*``, ``…:table/*``, ``arn:aws:s3:::prefix*``.

    What lies below a named resource may have wildcards: objects of a bucket, indexes of a table.
    """
    if not target.startswith("arn:"):
        return "*" in target
    parts = (target.split(":", 5) + [""] * 6)[:6]
    service, rest = parts[2], parts[5]
    if service == "s3" and not parts[4]:
        return _wildcard(rest.partition("/")[0])
    # `table/jobs/index/*`, `secret:db-??????`, `db:orders`, and SQS's names, which have no kind before them.
    separator = "/" if "/" in rest else ":"
    kind, found, below = rest.partition(separator)
    name = (below if separator == ":" or service == "iam" else below.partition("/")[0]) if found else kind
    if service == "secretsmanager":
        name = name.removesuffix(ADDED_CHARACTERS)
    return not name or _wildcard(name) or bool(found and _wildcard(kind))


def _wildcard(text: str) -> bool:
    return "*" in text or "?" in text


def _statements(resource: Resource) -> Iterator[Statement]:
    for document in documents(resource):
        yield from allowed(document)


RULES = (
    ResourceRule(
        name="iam-single-actions",
        description="No statement allows every action of a service that holds data, or of everything.",
        severity=Severity.HIGH,
        remedy="List the actions that the code calls; attach no administrator's policy.",
        types=frozenset({*DOCUMENTS, *ATTACHMENTS}),
        check=single_actions,
        config=DataServices,
    ),
    ResourceRule(
        name="iam-single-resources",
        description="No statement allows actions on data without naming the resource.",
        severity=Severity.HIGH,
        remedy="Name the resource's ARN, as the resource's own output gives it.",
        types=frozenset({*DOCUMENTS, ROLE}),
        check=single_resources,
        config=DataServices,
    ),
    *trust.RULES,
)
