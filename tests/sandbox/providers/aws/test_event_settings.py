"""Settings of asynchronous invocation against the sandbox's account, which keeps them as Lambda does."""

from __future__ import annotations

import pytest

from tests.sandbox.providers.aws.harness import Harness
from tests.sandbox.providers.aws.makers import function, queue

TOKEN = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"

pytestmark = [pytest.mark.sandbox]


def test_settings_are_read_as_they_were_last_put(sandbox_provider: Harness) -> None:
    name = function(sandbox_provider).state["name"]
    given = {"functionName": name, "qualifier": "$LATEST", "maximumRetryAttempts": 2}
    made = sandbox_provider.create(TOKEN, "failures", **given)
    assert made.id == f"{name}:$LATEST"
    assert sandbox_provider.refresh(made) == (made.inputs, made.state)
    kept = {"onFailure": {"destination": queue(sandbox_provider).state["arn"]}}
    changed = sandbox_provider.update(made, **given, destinationConfig=kept)
    assert sandbox_provider.refresh(changed) == (changed.inputs, changed.state)
    assert changed.state["destinationConfig"] == kept
    back = sandbox_provider.update(changed, **given)
    assert sandbox_provider.refresh(back) == (back.inputs, back.state)
    sandbox_provider.delete(back)
    assert sandbox_provider.refresh(back) is None
