"""Who may take a role.

Sources: IAM User Guide, "Principal", "Identity-provider controls for shared OIDC providers" and "Create a role for
OpenID Connect federation"; EKS User Guide, "Assign IAM roles to Kubernetes service accounts"; GitHub, "OpenID Connect
reference".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from policies.anyone import is_anyone, refusals, taken_back
from policies.conditions import conditioned, required, undecided
from policies.documents import Statement, actions, allowed, principals, wild
from policies.rule import NoConfig, PolicyContext, ResourceRule, Severity
from policies.subject import Resource

ROLE = "aws:iam/role:Role"
GITHUB = "token.actions.githubusercontent.com"
SUBJECT, AUDIENCE, APPLICATION = ("sub",), ("aud",), ("aud", "app_id")
SHARED_ISSUERS: Mapping[str, tuple[str, ...]] = {
    GITHUB: (
        "sub",
        "actor_id",
        "enterprise_id",
        "job_workflow_ref",
        "repository",
        "repository_id",
        "repository_owner",
        "repository_owner_id",
    ),
    "vstoken.actions.githubusercontent.com": SUBJECT,
    "oidc-configuration.audit-log.githubusercontent.com": SUBJECT,
    "gitlab.com": SUBJECT,
    "app.terraform.io": SUBJECT,
    "agent.buildkite.com": SUBJECT,
    "oidc.codefresh.io": SUBJECT,
    "studio.datachain.ai/api": SUBJECT,
    "scalr.io": SUBJECT,
    "tokens.cloud.shisho.dev": SUBJECT,
    "proidc.upbound.io": SUBJECT,
    "api.pulumi.com/oidc": AUDIENCE,
    "oidc.vercel.com": AUDIENCE,
    "sandboxes.cloud": AUDIENCE,
    "cognito-identity.amazonaws.com": AUDIENCE,
    "accounts.google.com": ("aud", "sub", "oaud"),
    "www.amazon.com": (*APPLICATION, "user_id"),
    "graph.facebook.com": (*APPLICATION, "id"),
}
"""Issuers that everybody's tokens come from -> the claims of which one has to name somebody."""
CLUSTER_ISSUER = re.compile(r"oidc\.eks\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/id/\w+")
PROVIDER_ARN = re.compile(r"arn:[a-z-]+:iam::\d*:oidc-provider/(.+)")
OWNED = re.compile(r"[^:/*?]+[:/][^:/*?]+[:/]")
"""The beginning of a subject that names an organization: ``repo:team/``, ``organization:team:``."""
OWNED_PATH = re.compile(r"[^:/*?]+/")
"""The beginning of a claim that is a path in an organization: ``team/app``, ``team/app/.github/workflows/…``."""
PATHS = ("job_workflow_ref", "repository")
OWNED_ACCOUNT = re.compile(r"system:serviceaccount:[^:*?]+:")
"""The beginning of a cluster's subject that names a namespace."""
ACCOMPANYING = ("sts:setcontext", "sts:setsourceidentity", "sts:tagsession")
"""What a request that takes a role may do at the same time, and nothing by itself."""


def named_trust(role: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """The role's trust policy names who may take it, by principal or by condition."""
    document = role.get("assumeRolePolicy")
    refused = refusals(document)
    for statement in allowed(document):
        closed = conditioned(statement) or taken_back(_taking(statement), refused)
        for kind, who in principals(statement):
            issuer = _issuer(who) if kind == "Federated" else None
            if ("*" in who or is_anyone(who)) and not closed:
                yield f"{role.name} can be assumed by {who}"
            elif issuer is not None and not _names_somebody(issuer, statement):
                yield f"{role.name} can be assumed by everybody to whom {issuer} gives a token"


def _taking(statement: Statement) -> Statement:
    """A statement without what only goes with taking a role: a refusal has no need to name that."""
    taking = [each for each in actions(statement) if each.lower() not in ACCOMPANYING]
    return {**statement, "Action": taking} if taking else statement


def _issuer(principal: str) -> str | None:
    """The host that issues the tokens, where its tokens alone don't say whose they are."""
    match = PROVIDER_ARN.fullmatch(principal)
    issuer = match[1] if match else principal
    return issuer if issuer in SHARED_ISSUERS or CLUSTER_ISSUER.fullmatch(issuer) else None


def _names_somebody(issuer: str, statement: Statement) -> bool:
    claims = SHARED_ISSUERS.get(issuer, SUBJECT)
    return undecided(statement) or any(
        key == f"{issuer}:{claim}".lower() and values and all(_owned(issuer, claim, value) for value in values)
        for claim in claims
        for key, values in required(statement)
    )


def _owned(issuer: str, claim: str, value: str) -> bool:
    """Whether a claim's value belongs to one organization: wildcards may stand behind its name alone."""
    if "${" in value:
        return False
    if not wild(value):
        return True
    if claim in PATHS:
        return OWNED_PATH.match(value) is not None
    return (OWNED if issuer in SHARED_ISSUERS else OWNED_ACCOUNT).match(value) is not None


RULES = (
    ResourceRule(
        name="iam-trust-named",
        description="Every role names the services or accounts that may take it.",
        severity=Severity.CRITICAL,
        remedy=(
            "Name a service, an account or a role in Principal; of a shared issuer, whose the token is in Condition."
        ),
        types=frozenset({ROLE}),
        check=named_trust,
    ),
)
