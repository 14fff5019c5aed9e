"""No type of the AWS SDK is passed by: properties that hold a resource's policy, an open address, or a function."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from policies import identity as rights
from policies.buckets import ACLS
from policies.endpoints import DATABASES
from policies.identity import ATTACHMENTS
from policies.ingress import FIREWALLS
from policies.invokers import EDGES, INVOKERS, NOT_CALLED
from policies.resource_policies import DOCUMENTS, NO_RESOURCE_POLICY
from policies.sharing import OPENING, SHARED
from tests.support.sdk_types import TOKEN

pytestmark = pytest.mark.long  # every source of the SDK is read

POLICY = re.compile(r"^(policy|policy_?document|access_?polic(y|ies)|resource_?policy|policies)$")
ARGUMENT = re.compile(r":param pulumi\.Input\[(.*?)\] (\w+): (.*?)(?=\n\s+:param |\n\s+\"\"\")", re.DOTALL)
INPUT = re.compile(r"\nclass (\w+)Args:\n(.*?)(?=\n@pulumi|\Z)", re.DOTALL)
FUNCTION = re.compile(r"\bLambda\b[^.]*\b(ARN|URI)\b|\b(ARN|URI)\b[^.]*\bLambda\b", re.IGNORECASE)
NO_FUNCTION = re.compile(r"role|layer|microvm|logs? |execute-api|execution_arn|lambda_permission", re.IGNORECASE)
CANNED_ACL = re.compile(r"acl|(canned|object|s3_object)_acl|canned_acl_for_objects")
ATTACHED = re.compile(r"^(managed_)?policy_arns?$")
GRANT_NOTHING = {
    "aws:resiliencehub/v2Service:V2Service",  # a resiliency policy
    "aws:resiliencehub/v2UserJourney:V2UserJourney",
    "aws:rolesanywhere/profile:Profile",  # bounds a session
}
OF_IDENTITIES = ("aws:iam/", "aws:ssoadmin/", "aws:organizations/policy:")
"""Rights of principals: ``policies.identity`` reads them."""


@cache
def sources() -> tuple[Path, ...]:
    spec = importlib.util.find_spec("pulumi_aws")
    assert spec is not None
    assert spec.submodule_search_locations
    return tuple(sorted(Path(spec.submodule_search_locations[0]).rglob("*.py")))


@cache
def resources() -> dict[str, dict[str, tuple[str, str]]]:
    """Type -> its arguments -> their type and description."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for file in sources():
        if file.name.startswith("get_") or file.name in ("_inputs.py", "outputs.py", "__init__.py"):
            continue
        text = file.read_text()
        if (token := TOKEN.search(text)) and token[1].startswith("aws:"):
            arguments = text.split('"""', 3)[1:3] if '"""' in text else []
            body = text[: text.find("class _", 1)] if "class _" in text else text
            found[token[1]] = {name: (kind, told) for kind, name, told in ARGUMENT.findall(body if arguments else "")}
    return found


def test_every_policy_of_a_resource_is_read() -> None:
    told = {
        kind
        for kind, arguments in resources().items()
        for name, (form, _) in arguments.items()
        if POLICY.match(name) and "Args" not in form.replace("PolicyDocumentArgs", "")
    }
    missing = (
        {each for each in told if not each.startswith(OF_IDENTITIES)} - DOCUMENTS.keys() - NO_RESOURCE_POLICY.keys()
    )
    assert missing == set()
    assert DOCUMENTS.keys() <= resources().keys()


def test_every_attachment_of_a_managed_policy_is_judged() -> None:
    told = {kind for kind, arguments in resources().items() if any(ATTACHED.match(name) for name in arguments)}
    assert told - ATTACHMENTS.keys() - GRANT_NOTHING == set()
    assert ATTACHMENTS.keys() | rights.DOCUMENTS.keys() <= resources().keys()


def test_every_address_of_the_internet_is_judged() -> None:
    told = {
        kind
        for kind, arguments in resources().items()
        if {"publicly_accessible", "public_connectivity"} & arguments.keys()
    }
    assert told - DATABASES == set()


def names_function(name: str, told: str) -> bool:
    said = f"{name} {told}"
    return FUNCTION.search(said) is not None and NO_FUNCTION.search(said) is None


def with_a_property(wanted: Callable[[str, str], bool]) -> Iterator[str]:
    """Types with a property, by its name and description, in itself or within it."""
    by_folder: dict[str, dict[str, str]] = {}
    for kind, arguments in resources().items():
        by_folder.setdefault(kind.split(":")[1].split("/")[0], {})[kind.rpartition(":")[2]] = kind
        if any(wanted(name, told) for name, (_, told) in arguments.items()):
            yield kind
    for file in (file for file in sources() if file.name == "_inputs.py"):
        kinds = by_folder.get(file.parent.name, {})
        for inner, body in INPUT.findall(file.read_text()):
            owners = [name for name in kinds if inner.startswith(name)]
            if owners and any(wanted(name, told) for _, name, told in ARGUMENT.findall(body)):
                yield kinds[max(owners, key=len)]


def test_every_type_that_names_a_function_is_looked_at_or_reviewed() -> None:
    reviewed = INVOKERS.keys() | EDGES.keys() | NOT_CALLED.keys()
    told = {each for each in with_a_property(names_function) if not each.startswith("aws:lambda/")}
    assert told - reviewed == set()
    assert reviewed - resources().keys() == set()


def test_every_canned_acl_is_read() -> None:
    assert set(with_a_property(lambda name, _: CANNED_ACL.fullmatch(name) is not None)) - ACLS.keys() == set()
    assert ACLS.keys() | FIREWALLS.keys() | OPENING.keys() | SHARED.keys() <= resources().keys()
