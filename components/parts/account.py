"""The AWS account that a stack lives in."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.parts.memory import Memory, refuse_other


class Account(pulumi.ComponentResource):
    """A provider for the stack's own account, and for no other."""

    def __init__(self, region: str, memory: Memory) -> None:
        super().__init__("rollback:parts:Account", "account")
        found = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=self)).account_id
        self.id: pulumi.Output[str] = pulumi.Output.all(memory.get("target"), found).apply(
            lambda both: refuse_other("account", both[0].get("account"), both[1])
        )
        # The provider takes the account's number, so no resource can be touched before it was compared.
        self.provider = aws.Provider(
            "aws",
            region=region,
            allowed_account_ids=[self.id],
            default_tags=aws.ProviderDefaultTagsArgs(tags={"project": pulumi.get_project()}),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"id": self.id})
