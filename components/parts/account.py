"""The AWS account that a stack lives in."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.parts.memory import Memory, refuse_other


class Account(pulumi.ComponentResource):
    """A provider for the stack's own account, and for no other.

    ``agreed`` is what has to be found right as well before anything in the account is touched: the cluster's id.
    """

    def __init__(self, region: str, memory: Memory, agreed: pulumi.Output[str] | None = None) -> None:
        super().__init__("rollback:parts:Account", "account")
        found = refuse_other("account", memory.get("target").get("account"), _account_id(self))
        self.id: pulumi.Output[str] = pulumi.Output.from_input(found)
        # The provider takes the account's number, so no resource can be touched before it was compared.
        checked = pulumi.Output.all(self.id, agreed).apply(lambda both: str(both[0]))
        self.provider = aws.Provider(
            "aws",
            region=region,
            allowed_account_ids=[checked],
            default_tags=aws.ProviderDefaultTagsArgs(tags={"project": pulumi.get_project()}),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"id": self.id})


def _account_id(parent: pulumi.Resource) -> str:
    """The number of the account; one line (``pulumi.RunError``) where it doesn't answer or takes no credentials.

    Asked before anything is declared: an error of a call that is waited for later ends in a traceback.
    """
    try:
        return str(aws.get_caller_identity(opts=pulumi.InvokeOptions(parent=parent)).account_id)
    except Exception as error:  # a call that fails raises nothing more special
        cause = " ".join(str(error).rpartition("returned an error: ")[2].split())
        raise pulumi.RunError(cause) from None
