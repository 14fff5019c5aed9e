"""REST APIs and their deployments. Paths, methods and stages have names; they are found as a takeover finds them."""

from __future__ import annotations

from itertools import takewhile

from cli.resources.account import Account, Inputs, Search, text
from cli.resources.apigateway import of_name


def _api(inputs: Inputs, account: Account) -> list[str]:
    """Names of APIs may repeat: one that is ours bears the stack's tags as well, which come with its creation."""
    ours = dict(inputs.get("tags") or {}).items()
    same = [each for each in of_name(inputs, account) if ours <= (each.get("tags") or {}).items()]
    return [str(each["id"]) for each in sorted(same, key=lambda each: str(each["createdDate"]), reverse=True)]


def _deployment(inputs: Inputs, account: Account) -> list[str]:
    """The newest deployments, down to the first that a stage uses: a stage gets one that is finished.

    A deployment has nothing to compare but its description. What somebody deployed by hand is in use.
    """
    api = text(inputs, "restApi")
    stages = account.call("apigateway", "get_stages", restApiId=api)["item"]
    used = {stage.get("deploymentId") for stage in stages}
    entries = account.pages("apigateway", "get_deployments", "items", restApiId=api)
    # Of those made within one second the ones that no stage uses count as the newer.
    ordered = sorted(entries, key=lambda each: (str(each["createdDate"]), each["id"] not in used), reverse=True)
    return [
        f"{api}/{each['id']}"
        for each in takewhile(lambda each: each["id"] not in used, ordered)
        if (each.get("description") or "") == (inputs.get("description") or "")
    ]


LOOKED_UP: dict[str, Search[str]] = {
    "aws:apigateway/restApi:RestApi": _api,
    "aws:apigateway/deployment:Deployment": _deployment,
}

REPEATABLE = frozenset(LOOKED_UP)
