"""The row about the hosts that cryptique's revisions go to: machines that bear the tags of the stack."""

from __future__ import annotations

from cli.preflight.facts import PreflightContext
from cli.preflight.rows import CheckResult, fine, missing
from stacks.cryptique import CryptiqueSettings

SYSTEM = "cryptique"
_AGENT = "https://docs.aws.amazon.com/codedeploy/latest/userguide/codedeploy-agent-operations-install.html"


def hosts(facts: PreflightContext) -> CheckResult:
    """Machines that are registered (on-premises) or run (EC2) with the tags that the deployment group asks for.

    CodeDeploy API reference, ListOnPremisesInstances; EC2 API reference, DescribeInstances. Whether the agent on an EC2
    instance runs isn't told by either.
    """
    if SYSTEM not in facts.selected:
        return fine("not needed: no system of the stack lies on hosts")
    facts.known_caller()
    return _ec2(facts) if facts.settings.of(CryptiqueSettings).hosts == "ec2" else _on_premises(facts)


def _on_premises(facts: PreflightContext) -> CheckResult:
    key = f"{SYSTEM}-stack"
    tag = {"Key": key, "Value": facts.stack, "Type": "KEY_AND_VALUE"}
    deploy = facts.client("codedeploy")
    names: list[str] = []
    more: dict[str, str] = {}
    while True:
        page = deploy.list_on_premises_instances(registrationStatus="Registered", tagFilters=[tag], **more)
        names += page.get("instanceNames") or []
        if not page.get("nextToken"):
            break
        more = {"nextToken": page["nextToken"]}
    if not names:
        return missing(
            f"no on-premises host is registered with the tag {key}={facts.stack}",
            f"aws deploy register --instance-name NAME --tags Key=system,Value={SYSTEM} Key=stack,Value={facts.stack} "
            f"Key={key},Value={facts.stack}; then `aws deploy install` on the host ({_AGENT})",
        )
    return fine(f"registered with {key}={facts.stack}: {', '.join(sorted(names))}")


def _ec2(facts: PreflightContext) -> CheckResult:
    wanted = {"system": SYSTEM, "stack": facts.stack}
    filters = [{"Name": f"tag:{key}", "Values": [value]} for key, value in wanted.items()]
    filters.append({"Name": "instance-state-name", "Values": ["running"]})
    pages = facts.client("ec2").get_paginator("describe_instances").paginate(Filters=filters)
    names = [each["InstanceId"] for page in pages for group in page["Reservations"] for each in group["Instances"]]
    tags = " and ".join(f"{key}={value}" for key, value in wanted.items())
    if not names:
        return missing(f"no EC2 instance runs with the tags {tags}", f"tag the hosts, and install the agent: {_AGENT}")
    return fine(f"run with {tags}: {', '.join(sorted(names))}; whether their agents run can't be told from here")
