"""Which managed policies of AWS allow a whole service, by their documents as moto ships them.

python -m tests.support.managed_policies       # writes policies/managed_policies.txt
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from policies.documents import actions, allowed, wild
from policies.managed import FILE, SAYS_SO

HEADER = """\
# Managed policies of AWS that allow every action of a service, beside those whose names say so.
# Written by `python -m tests.support.managed_policies` from the documents that moto ships.
# What AWS made for the roles of its own services (service-role/, aws-service-role/) is theirs to bound.
"""
OF_SERVICES = ("/service-role/", "/aws-service-role/")


def whole_service() -> Iterator[str]:
    """The names of the policies that have ``*``, ``service:*`` or NotAction in a statement that allows."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    for name, policy in json.loads(aws_managed_policies_data).items():
        if policy.get("Path") in OF_SERVICES or any(part in name.replace("_", "") for part in SAYS_SO):
            continue
        for statement in allowed(policy["Document"]):
            parts = [action.partition(":") for action in actions(statement)]
            if "NotAction" in statement or any(wild(service) or not rest.strip("*?") for service, _, rest in parts):
                yield name
                break


def text() -> str:
    """The file as it has to be."""
    return HEADER + "".join(f"{name}\n" for name in sorted(whole_service()))


if __name__ == "__main__":
    FILE.write_text(text())
