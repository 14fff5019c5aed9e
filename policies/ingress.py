"""What is let in by security groups and network ACLs, inline, by rules of their own and by prefix lists.

Sources: EC2 API, IpPermission; VPC User Guide, "Security group rules" and "Network ACLs"; Security Hub, EC2.21 (which
ports of a network ACL are judged: answers come back on the others); EKS API, RemoteAccessConfig; Lightsail User Guide,
"Instance firewalls"; EMR Management Guide, "Using Amazon EMR block public access".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policies.networks import everyone
from policies.rule import NoConfig, PolicyContext, PolicyViolation, ResourceRule, Severity, StackRule
from policies.subject import Resource, Stack, dig, items, known
from policies.values import is_off, is_on, number

GROUPS = ("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
GROUP_RULES = (
    "aws:ec2/securityGroupRule:SecurityGroupRule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
)
ACLS = ("aws:ec2/networkAcl:NetworkAcl",)
"""The default network ACL isn't judged: it lets everything through by its making, and EC2.21 leaves it out."""
FIREWALLS: Mapping[str, str] = {
    "aws:gamelift/fleet:Fleet": "ec2InboundPermissions",
    "aws:lightsail/instancePublicPorts:InstancePublicPorts": "portInfos",
    "aws:workspaces/ipGroup:IpGroup": "rules",
    "aws:workspacesweb/ipAccessSettings:IpAccessSettings": "ipRules",
}
"""Services with a firewall of their own -> the property with its rules."""
LIGHTSAIL = "aws:lightsail/instancePublicPorts:InstancePublicPorts"
SOURCES = ("cidrs", "ipv6Cidrs", "cidrListAliases")
"""Where Lightsail's rules say who is let in; without any of them, it is everyone."""
EMR = "aws:emr/blockPublicAccessConfiguration:BlockPublicAccessConfiguration"
NODES = "aws:eks/nodeGroup:NodeGroup"
ACL_RULE = "aws:ec2/networkAclRule:NetworkAclRule"
PREFIX_LIST = "aws:ec2/managedPrefixList:ManagedPrefixList"
PREFIX_ENTRY = "aws:ec2/managedPrefixListEntry:ManagedPrefixListEntry"
RANGES = (
    *("cidrBlocks", "ipv6CidrBlocks", "cidrBlock", "ipv6CidrBlock", "cidrIpv4", "cidrIpv6"),
    *("cidrs", "ipv6Cidrs", "ipRange", "source"),
)
ADMINISTRATION = (22, 3389)
"""SSH and RDP."""
ANY_PROTOCOL, TCP = ("-1", "all"), ("6", "tcp")

Rule = Mapping[str, Any]


def ingress(resource: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """No security group lets the whole internet in; no network ACL does on the ports of administrators."""
    if resource.type == NODES:
        key, groups = (resource.get(f"remoteAccess.{path}") for path in ("ec2SshKey", "sourceSecurityGroupIds"))
        if known(key) and key != "" and groups in (None, []):
            yield f"{resource.name} lets 0.0.0.0/0 in on port 22: remoteAccess names no sourceSecurityGroupIds"
        return
    if resource.type == EMR:
        yield from _unblocked(resource)
        return
    rules = _acl_rules(resource) if resource.type in (*ACLS, ACL_RULE) else _group_rules(resource)
    by_traffic: dict[object, list[object]] = {}
    for rule in rules:
        traffic = tuple(_word(rule.get(key)) for key in ("protocol", "ipProtocol", "fromPort", "toPort"))
        by_traffic.setdefault(traffic, []).extend(each for path in RANGES for each in items(rule.get(path)))
    for source in dict.fromkeys(found for ranges in by_traffic.values() for found in everyone(ranges)):
        yield f"{resource.name} lets {source} in"


def _unblocked(block: Resource) -> Iterator[str]:
    """What lets clusters of EMR have security groups that are open to everyone: only port 22 is, unless it is said."""
    if is_off(block.get("blockPublicSecurityGroupRules")):
        yield f"{block.name} lets 0.0.0.0/0 in to clusters: blockPublicSecurityGroupRules is false"
    for permitted in items(block.get("permittedPublicSecurityGroupRuleRanges")):
        first, last = number(dig(permitted, "minRange")), number(dig(permitted, "maxRange"))
        if first is not None and (first, last if last is not None else first) != (22, 22):
            yield f"{block.name} lets 0.0.0.0/0 in to clusters on port {first:g}"


def listed(stack: Stack, _config: NoConfig, _facts: PolicyContext) -> Iterator[PolicyViolation]:
    """No security group lets in a prefix list of the stack that has the whole internet in it."""
    entries: dict[str, list[object]] = {each.urn: [] for each in stack.of(PREFIX_LIST)}
    by_id = {str(each.get("id")): each for each in stack.of(PREFIX_LIST) if known(each.get("id"))}
    for each in stack.of(PREFIX_LIST):
        entries[each.urn] += [dig(entry, "cidr") for entry in items(each.get("entries"))]
    for entry in stack.of(PREFIX_ENTRY):
        for holder in _lists(stack, entry, "prefixListId", entry.get("prefixListId"), by_id):
            entries[holder.urn].append(entry.get("cidr"))
    for group in stack.of(*GROUPS, *GROUP_RULES):
        root = "ingress" if group.type in GROUPS else "prefixListIds"
        root = "prefixListId" if group.type == GROUP_RULES[1] else root
        given = [
            each
            for rule in _group_rules(group)
            for key in ("prefixListIds", "prefixListId")
            for each in items(rule.get(key))
        ]
        for holder in _lists(stack, group, root, given, by_id):
            for source in everyone(entries[holder.urn]):
                yield PolicyViolation(f"{group.name} lets {source} in, by the prefix list {holder.name}", group)


def _lists(stack: Stack, resource: Resource, root: str, given: object, by_id: Mapping[str, Resource]) -> list[Resource]:
    """The prefix lists that a property names: by value where that is known, else by where it comes from."""
    named = items(given)
    found = [by_id[each] for each in named if isinstance(each, str) and each in by_id]
    if not named or all(isinstance(each, str) for each in named):
        return found
    return list({each.urn: each for each in (*found, *stack.sources(resource, root, PREFIX_LIST))}.values())


def _group_rules(resource: Resource) -> Iterator[Rule]:
    if resource.type in GROUPS:
        yield from (rule for rule in items(resource.get("ingress")) if isinstance(rule, Mapping))
    elif resource.type in FIREWALLS:
        for rule in (each for each in items(resource.get(FIREWALLS[resource.type])) if isinstance(each, Mapping)):
            silent = resource.type == LIGHTSAIL and not any(rule.get(path) for path in SOURCES)
            yield {**rule, "cidrs": ["0.0.0.0/0"]} if silent else rule
    elif resource.get("type") in (None, "ingress"):
        yield resource.props


def _acl_rules(resource: Resource) -> Iterator[Rule]:
    """The rules of a network ACL that let administrators' ports in, and that no earlier one of them takes back."""
    if resource.type == ACL_RULE:
        rules = [] if is_on(resource.get("egress")) else [resource.props]
    else:
        rules = [rule for rule in items(resource.get("ingress")) if isinstance(rule, Mapping)]
    refused: set[object] = set()
    for rule in sorted(rules, key=_number):
        action = str(rule.get("action", rule.get("ruleAction"))).lower()
        ports = {port for port in ADMINISTRATION if _lets_through(rule, port)}
        if action == "deny":
            everybody = any(any(everyone(items(rule.get(path)))) for path in ("cidrBlock", "ipv6CidrBlock"))
            refused |= ports if everybody else set()
        elif action == "allow" and ports - refused:
            yield rule


def _number(rule: Rule) -> float:
    return number(rule.get("ruleNo", rule.get("ruleNumber"))) or 0.0


def _word(value: object) -> str:
    """A protocol or port as one word, whether it is given as text or as a number."""
    figure = number(value)
    return str(value).lower() if figure is None else f"{figure:g}"


def _lets_through(rule: Rule, port: int) -> bool:
    protocol = _word(rule.get("protocol"))
    if protocol in ANY_PROTOCOL:
        return True
    first, last = number(rule.get("fromPort")), number(rule.get("toPort"))
    if first is None or last is None:
        return False
    return protocol in TCP and first <= port <= last


RULES = (
    ResourceRule(
        name="security-group-ingress",
        description="No security group lets the whole internet in.",
        severity=Severity.CRITICAL,
        remedy="Name the networks or security groups that are let in.",
        types=frozenset({*GROUPS, *GROUP_RULES, *ACLS, ACL_RULE, *FIREWALLS, EMR, NODES}),
        check=ingress,
    ),
    StackRule(
        name="security-group-prefix-list",
        description="No security group lets the whole internet in by a prefix list.",
        severity=Severity.CRITICAL,
        remedy="Put the networks that are let in into the prefix list.",
        check=listed,
    ),
)
