"""Which code the live aliases of Lambda functions run."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from guard.recovery.clients import client
from stacks.artifacts import Artifact


def running(version: str, functions: Mapping[str, str], pinned: Mapping[str, Artifact], region: str) -> str:
    """``version``, when every function (name -> ARN of its alias) runs the pinned code; else the first that doesn't.

    Raises what boto3 raises.
    """
    lambdas = client("lambda", region)
    for name, arn in functions.items():
        function, _, alias = arn.rpartition(":")
        live = lambdas.get_function_configuration(FunctionName=function, Qualifier=alias)["CodeSha256"]
        artifact = pinned.get(name)
        if artifact is None or base64.b64decode(live).hex() != artifact.sha256:
            return f"other code in {name}"
    return version
