"""Lambda: code that really runs.

`invoke` is what every caller inside the account uses: the Lambda API, event sources, API Gateway, S3 notifications,
CodeDeploy hooks and alarm actions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """What one invocation gave.

    Args:
        payload: the decoded result, or the error object ({"errorType", "errorMessage", "stackTrace"}).
        error: None when it went well, else "Unhandled" (the value of the X-Amz-Function-Error header).
        log_tail: the last 4 KB of the invocation's log.
        executed_version: "$LATEST" or the number of the version that ran.
        throttled: the reserved concurrency left no room and nothing ran.
    """

    payload: Any
    error: str | None
    log_tail: str
    executed_version: str
    throttled: bool = False


def invoke(
    function: str,
    payload: dict[str, Any] | list[Any],
    *,
    region: str,
    qualifier: str | None = None,
    asynchronous: bool = False,
) -> Outcome:
    """Run a function as Lambda's Invoke does and wait for it (asynchronous: queue it, with retries, and return).

    `function` is a name, a partial or a full ARN; a qualifier in it counts where `qualifier` is None.
    Raises `sandbox.account.functions.NotFound` where the function or the qualifier doesn't exist.
    """
    from sandbox.account.functions import runtime  # here, since it imports moto's Lambda and this package

    return runtime.invoke(function, payload, region=region, qualifier=qualifier, asynchronous=asynchronous)


class NotFound(LookupError):
    """There's no such function, version or alias (Lambda's ResourceNotFoundException)."""
