"""The smoke test: a function that is invoked with {"test": true} answers {"status": "ok"} (seed 004, system health)."""

from __future__ import annotations

import json

from assistant import aws
from assistant.log import say


class SmokeTestError(Exception):
    """A version doesn't do what it should."""


def check(function: str, qualifier: str, version: str, seconds: float) -> None:
    """Invoke a version or alias and look at what it answers.

    Args:
        function: name of the function.
        qualifier: the version or alias to invoke.
        version: the version that must be the one to answer.
        seconds: how long to wait for the answer.

    Raises:
        SmokeTestError: it fails, answers anything but the status ok, or another version answers.
        botocore.exceptions.BotoCoreError: it doesn't answer in time.
        botocore.exceptions.ClientError: there is no such version, or it may not be invoked.
    """
    # Once only: an answer that comes at the second attempt is no pass.
    answer = aws.connect("lambda", seconds, 1).invoke(
        FunctionName=function, Qualifier=qualifier, Payload=json.dumps({"test": True}).encode()
    )
    said = json.loads(answer["Payload"].read() or b"null")
    name = f"{function}:{qualifier}"
    if "FunctionError" in answer:
        raise SmokeTestError(f"{name} failed: {said.get('errorMessage', said)}")
    if not isinstance(said, dict) or said.get("status") != "ok":
        raise SmokeTestError(f"{name} answered {json.dumps(said)[:500]} where the status ok was expected")
    if answer.get("ExecutedVersion") != version:
        raise SmokeTestError(f"{name} ran version {answer.get('ExecutedVersion')}, not {version}")
    say("Smoke test passed", function=function, qualifier=qualifier, version=version, release=said.get("release"))
