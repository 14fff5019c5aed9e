"""Rows about the account: whose credentials, which region, and the quotas that an update comes up against."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cli.preflight.artifacts import ABSENT
from cli.preflight.facts import PreflightContext
from cli.preflight.rows import CheckResult, code, fine, line, missing, unknown
from cli.targets import REFUSED, explain, is_local
from core.state import live_resources_of, resources_of_type
from stacks.artifact_objects import FUNCTION, LAYER, artifact_objects
from stacks.systems import TABLE, Need, needing

ROLE = "aws:iam/role:Role"
DATABASE = "aws:rds/instance:Instance"
NEW_ROLES = sum(each.roles for each in TABLE)
"""Roles that the program declares with every system on."""
BAD = (*REFUSED, "SignatureDoesNotMatch", "RequestExpired")
"""Error codes of credentials that are wrong or over (Common Errors of the API references)."""


def credentials(facts: PreflightContext) -> CheckResult:
    """Whose credentials are in use, and whether the stack remembers another account."""
    try:
        caller = facts.caller
    except Exception as error:
        return _without(error)
    kind = "emulated account" if is_local() else "account"
    said = f"{kind} {caller.account}, as {caller.arn}"
    try:
        before = facts.target.get("account")
    except RuntimeError as error:
        return unknown(f"{said}; whether it is the stack's {error}", "see to the row of the backend first")
    if before and before != caller.account:
        return missing(
            f"{said}; {facts.stack} was deployed to account {before}",
            f"use the credentials of {before} (AWS_PROFILE), or another stack",
        )
    return fine(said if before else f"{said}; {facts.stack} wasn't deployed yet")


def _without(error: Exception) -> CheckResult:
    """What to say where nobody tells who calls."""
    from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError, ReadTimeoutError

    if isinstance(error, ClientError):
        what = "they have run out or are wrong" if code(error) in BAD else "the account refuses them"
        return missing(f"{what}: {_one_line(error)}", "log in anew (`aws sso login`, or new keys), then run this again")
    if isinstance(error, ReadTimeoutError):
        return unknown(str(explain(error)), "try again; if it stays so, see to the network")
    if isinstance(error, ConnectionError | HTTPClientError):
        return missing(str(explain(error)), "see to the network, AWS_ENDPOINT_URL and AWS_PROFILE")
    if isinstance(error, BotoCoreError):  # no credentials, a profile that isn't there, a broken file
        return missing(
            _one_line(error), "log in (`aws sso login`, or set AWS_PROFILE); `aws configure list` shows what is used"
        )
    raise error


def region(facts: PreflightContext) -> CheckResult:
    """Whether the environment, the setting and what is deployed agree on the region."""
    wanted = facts.settings.region
    name = next((each for each in ("AWS_REGION", "AWS_DEFAULT_REGION") if os.environ.get(each)), "")
    given = os.environ.get(name, "")
    if given and given != wanted:
        return missing(
            f"{facts.stack} lies in {wanted} (aws:region), and {name} is {given}",
            f"export {name}={wanted}, so that every other AWS tool looks where `rollback` does",
        )
    deployed = sorted(_regions(facts.known_state()) - {wanted})
    if deployed:
        return missing(
            f"the setting aws:region is {wanted}, and resources of {facts.stack} lie in {', '.join(deployed)}",
            f"another region replaces everything: pulumi config set -s {facts.stack} aws:region {deployed[0]}",
        )
    return fine(f"{wanted} by the stack's setting" + ("" if given else "; the environment names none"))


def _regions(state: Mapping[str, Any]) -> set[str]:
    """The regions of deployed functions and queues, by their ARNs."""
    found = (str((each.get("outputs") or {}).get("arn") or "") for each in live_resources_of(state))
    return {arn.split(":")[3] for arn in found if arn.startswith("arn:") and arn.split(":")[2] in ("lambda", "sqs")}


def functions_quota(facts: PreflightContext) -> CheckResult:
    """Lambda: functions that may run at once, and room for code (GetAccountSettings)."""
    facts.known_caller()
    wanted = [item for item in artifact_objects(facts.settings, facts.selected) if item.type in (FUNCTION, LAYER)]
    functions = sum(item.type == FUNCTION for item in wanted)
    if not functions:
        return fine("not needed: no system of the stack has functions")
    try:
        found = facts.client("lambda").get_account_settings()
    except Exception as error:
        return _unasked("GetAccountSettings", error)
    limit, used = found["AccountLimit"], found["AccountUsage"]
    at_once, room = int(limit["ConcurrentExecutions"]), int(limit["TotalCodeSize"]) - int(used["TotalCodeSize"])
    try:
        needed = _bytes(facts)
    except (BotoCoreError, ClientError) as error:
        return unknown(
            f"{at_once} functions may run at once; how much code there will be isn't known: {line(error)}",
            f"whoever checks has to be able to look at {facts.settings.project.artifact_bucket} (s3:GetObject)",
        )
    said = f"{at_once} functions may run at once, {functions} are declared; {room / 1e9:.1f} GB of code fit"
    if at_once < functions:
        return missing(said, _raise_quota("lambda", "L-B99A9384", "Concurrent executions"))
    if needed > room:
        return missing(
            f"{said}, {needed / 1e9:.1f} GB are needed",
            f"{_raise_quota('lambda', 'L-2ACBD22F', 'Function and layer storage')}; or delete old versions",
        )
    return fine(said)


def _bytes(facts: PreflightContext) -> int:
    """The bytes of the zips of functions and layers that aren't deployed yet; 0 for one that isn't published.

    Raises what boto3 raises for anything but an absence.
    """
    s3, bucket = facts.client("s3"), facts.settings.project.artifact_bucket
    total = 0
    for item in facts.needed:
        if item.type in (FUNCTION, LAYER):
            try:
                total += int(s3.head_object(Bucket=bucket, Key=item.key)["ContentLength"])
            except ClientError as error:
                if code(error) not in ABSENT:
                    raise  # the row of the artifacts tells of what isn't there
    return total


def roles_quota(facts: PreflightContext) -> CheckResult:
    """IAM: roles that the account may still make (GetAccountSummary)."""
    facts.known_caller()
    new = max(0, NEW_ROLES - len(list(resources_of_type(facts.known_state(), ROLE))))
    try:
        found = facts.client("iam").get_account_summary()["SummaryMap"]
        used, limit = int(found["Roles"]), int(found["RolesQuota"])
    except Exception as error:
        return _unasked("GetAccountSummary", error)
    said = f"{used} of {limit} roles are made; up to {new} more are needed"
    return fine(said) if used + new <= limit else missing(said, _raise_quota("iam", "L-FE177D64", "Roles per account"))


def databases_quota(facts: PreflightContext) -> CheckResult:
    """RDS: instances that the account may still make (DescribeAccountAttributes)."""
    if not needing(Need.DATABASE, facts.selected):
        return fine("not needed: no system of the stack has a database")
    facts.known_caller()
    there = bool(list(resources_of_type(facts.known_state(), DATABASE)))
    try:
        found = facts.client("rds").describe_account_attributes()["AccountQuotas"]
        quota = next(each for each in found if each["AccountQuotaName"] == "DBInstances")
        used, limit = int(quota["Used"]), int(quota["Max"])
    except StopIteration:
        return unknown("RDS doesn't say how many instances may be made")
    except Exception as error:
        return _unasked("DescribeAccountAttributes", error)
    # A recovery point of a database is read back in an instance of its own (``guard.recovery``).
    needed = 1 if there else 2
    more = "the database is there; 1 more is needed" if there else "2 more are needed, one"
    said = f"{used} of {limit} database instances are made; {more} to read copies back"
    room = limit - used
    return fine(said) if room >= needed else missing(said, _raise_quota("rds", "L-7B6409FD", "DB instances"))


def _raise_quota(service: str, quota: str, name: str) -> str:
    return (
        f"raise the quota {name!r}: aws service-quotas request-service-quota-increase --service-code {service} "
        f"--quota-code {quota} --desired-value NUMBER"
    )


def _unasked(operation: str, error: Exception) -> CheckResult:
    return unknown(f"{operation} isn't answered: {line(error)}", "look at the quotas in the console: Service Quotas")


def _one_line(error: object) -> str:
    return " ".join(str(error).split())


QUOTAS: Iterable[tuple[str, Any]] = (
    ("quota: functions", functions_quota),
    ("quota: roles", roles_quota),
    ("quota: databases", databases_quota),
)
