"""Asking the account, through the provider, about things that may not be there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_aws import _utilities

GONE = (
    "ResourceNotFoundException",
    "couldn't find resource",
    "empty result",
    "StatusCode: 404",
    ": 404: ",
    "NotFound",
    "NoSuchKey",
)
"""What the provider's errors about something that isn't there have in them."""


async def look_up(token: str, arguments: Mapping[str, Any], opts: pulumi.InvokeOptions) -> Mapping[str, Any] | None:
    """A function's answer, None where what it asks for isn't there. Raises ``pulumi.RunError`` for any other error.

    ``opts``: which provider is asked.
    """
    # The version decides which plugin is asked: the same one that the resources have.
    merged = pulumi.InvokeOptions.merge(_utilities.get_invoke_opts_defaults(), opts)
    try:
        answer: Mapping[str, Any] = await pulumi.runtime.invoke_async(token, dict(arguments), merged)
    except Exception as error:  # a call that fails raises nothing more special
        text = " ".join(str(error).split())
        if any(word in text for word in GONE):
            return None
        raise pulumi.RunError(text.rpartition("returned an error: ")[2] or text) from None
    return answer
