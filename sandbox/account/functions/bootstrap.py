"""What runs inside an execution environment: loads the handler once, then answers events until its input ends.

Started as a script with the function's own environment and nothing of this project on its path. It talks over two
pipes whose numbers are its arguments: one JSON document a line comes in per event, one goes out per result. What the
function prints goes to standard output, which the server reads as its log.

Error types and texts are those of the managed Python runtime (AWS Lambda Developer Guide, "Python function errors").
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any


class Identity:
    """`context.identity`: nobody, as in calls that come without Cognito."""

    cognito_identity_id = None
    cognito_identity_pool_id = None


class Context:
    """The context object of the Python runtime."""

    client_context = None
    identity = Identity()

    def __init__(self, call: dict[str, Any]) -> None:
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.invoked_function_arn = call["arn"]
        self.aws_request_id = call["id"]
        self._deadline = float(call["deadline"])

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the invocation is ended from outside."""
        return max(0, int((self._deadline - time.time()) * 1000))

    def log(self, message: object) -> None:
        """Write a message to the function's log."""
        sys.stdout.write(str(message))


class LoadError(Exception):
    """The handler can't be had: (error type, text, stack trace)."""


def load(name: str) -> Callable[[Any, Context], Any]:
    """Return the handler function for "module.function"; raises LoadError."""
    module_name, _, function_name = name.rpartition(".")
    if not module_name:
        raise LoadError("Runtime.MalformedHandlerName", f"Bad handler '{name}': not enough values to unpack", [])
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise LoadError("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}", []) from error
    except SyntaxError as error:
        text = f"Syntax error in module '{module_name}': {error}"
        raise LoadError("Runtime.UserCodeSyntaxError", text, trace(error)) from error
    except Exception as error:
        raise LoadError(type(error).__name__, str(error), trace(error)) from error
    handler = getattr(module, function_name, None)
    if handler is None:
        text = f"Handler '{function_name}' missing on module '{module_name}'"
        raise LoadError("Runtime.HandlerNotFound", text, [])
    return handler  # type: ignore[no-any-return]


def trace(error: BaseException) -> list[str]:
    """Return the stack of an error, without this file's frames."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    return [line.replace(os.getcwd(), "/var/task") for line in traceback.format_list(frames)]


def failure(kind: str, text: str, stack: list[str], request: str) -> dict[str, Any]:
    """Return the error object, and write it to the log as the runtime does."""
    print(f"[ERROR] {kind}: {text}" + ("\nTraceback (most recent call last):\n" + "".join(stack) if stack else ""))
    return {"errorMessage": text, "errorType": kind, "requestId": request, "stackTrace": stack}


def answer(handler: Callable[[Any, Context], Any] | LoadError, call: dict[str, Any]) -> dict[str, str]:
    """Run the handler on one event; returns the encoded result or the encoded error object."""
    request = call["id"]
    if isinstance(handler, LoadError):
        kind, text, stack = handler.args
        return {"error": json.dumps(failure(kind, text, stack, request))}
    try:
        result = handler(call["event"], Context(call))
    except Exception as error:
        return {"error": json.dumps(failure(type(error).__name__, str(error), trace(error), request))}
    try:
        return {"result": json.dumps(result)}
    except (TypeError, ValueError) as error:
        text = f"Unable to marshal response: {error}"
        return {"error": json.dumps(failure("Runtime.MarshalError", text, [], request))}


def main() -> None:
    """Serve events from the pipe given first, results to the pipe given second."""
    calls, results = os.fdopen(int(sys.argv[1]), "r"), os.fdopen(int(sys.argv[2]), "w")
    sys.path[0] = os.getcwd()
    for folder in reversed(os.environ.get("LAMBDA_LAYER_PATHS", "").split(os.pathsep)):
        if folder:
            sys.path.insert(1, folder)
    handler: Callable[[Any, Context], Any] | LoadError
    try:
        handler = load(os.environ["_HANDLER"])
    except LoadError as error:
        handler = error
    sys.stdout.flush()
    results.write("{}\n")
    results.flush()
    for line in calls:
        reply = answer(handler, json.loads(line))
        sys.stdout.flush()
        sys.stderr.flush()
        results.write(json.dumps(reply) + "\n")
        results.flush()


if __name__ == "__main__":
    main()
