"""The AWS account that a stack lives in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi_aws import _utilities

from components.common.memory import Memory, refuse_other
from components.common.waiting import answer_of, begin


class Account(pulumi.ComponentResource):
    """A provider for the stack's own account, and for no other.

    ``agreed`` tells what has to be found right as well before anything in the account is touched: the cluster's id. It
    is called while the account answers, since both start a plugin.
    """

    def __init__(self, region: str, memory: Memory, agreed: Callable[[], pulumi.Output[str] | None]) -> None:
        super().__init__("rollback:parts:Account", "account")
        asked = asyncio.ensure_future(_ask(self))
        begin()
        also = agreed()
        found = refuse_other("account", memory.target.get("account"), _account_id(asked))
        self.id: pulumi.Output[str] = pulumi.Output.from_input(found)
        # The provider takes the account's number, so no resource can be touched before it was compared.
        checked = pulumi.Output.all(self.id, also).apply(lambda both: str(both[0]))
        self.provider = aws.Provider(
            "aws",
            region=region,
            allowed_account_ids=[checked],
            default_tags=aws.ProviderDefaultTagsArgs(tags={"project": pulumi.get_project()}),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"id": self.id})
        begin(self)


def _ask(parent: pulumi.Resource) -> Awaitable[Any]:
    """The call alone: ``aws.get_caller_identity`` waits for it, and its other form ends in a traceback if it fails."""
    # The version decides which plugin is asked: the same one that the resources have.
    opts = pulumi.InvokeOptions.merge(_utilities.get_invoke_opts_defaults(), pulumi.InvokeOptions(parent=parent))
    return pulumi.runtime.invoke_async("aws:index/getCallerIdentity:getCallerIdentity", {}, opts)


def _account_id(asked: Awaitable[Any]) -> str:
    """The number of the account; one line (``pulumi.RunError``) where it doesn't answer or takes no credentials.

    Waited for before anything is declared with it: an error of a call that is waited for later ends in a traceback.
    """
    try:
        return str(answer_of(asked)["accountId"])
    except Exception as error:  # a call that fails raises nothing more special
        cause = " ".join(str(error).rpartition("returned an error: ")[2].split())
        raise pulumi.RunError(cause) from None
