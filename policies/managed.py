"""Managed policies of AWS that allow every action of a service, or of everything.

A name with ``FullAccess`` says so itself; ``managed_policies.txt`` has the others, taken from the policies' own
documents (``python -m tests.support.managed_policies`` writes it).
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("managed_policies.txt")
AWS_POLICY = re.compile(r"arn:[a-z-]+:(iam|eks)::aws:(policy|cluster-access-policy)/(.*)")
SAYS_SO = ("FullAccess", "AdministratorAccess", "ClusterAdminPolicy")


def grants_whole_service(arn: str) -> bool:
    """Whether an ARN is of a managed policy of AWS that allows a whole service; one's own is judged as such."""
    match = AWS_POLICY.fullmatch(arn)
    if match is None:
        return False
    name = match[3].rpartition("/")[2]
    return any(part in name.replace("_", "") for part in SAYS_SO) or name in listed()


@cache
def listed() -> frozenset[str]:
    """The names in the list."""
    return frozenset(line for line in FILE.read_text().splitlines() if line and not line.startswith("#"))
