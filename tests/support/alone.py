"""Import handlers as Lambda would, from folders alone: ``python -I -S alone.py RUNTIME``, with JSON on standard input.

That is a list. Each entry has ``task``, the unpacked function, ``layers``, the folders of its layers' packages, and
perhaps ``then``, Python to run after the handler is there. Prints for each the error, or null. RUNTIME holds what
Lambda's runtime brings. Every entry runs in a process of its own, forked once the runtime is loaded.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any


def tried(entry: dict[str, Any]) -> str | None:
    """What importing the handler raises, in a line."""
    sys.path[:0] = [entry["task"], *entry["layers"]]
    try:
        handler = importlib.import_module("handler")
        assert callable(handler.handler)
        exec(entry.get("then", ""), {})
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    return None


def in_a_process(entry: dict[str, Any]) -> str | None:
    """The same, in a fork."""
    told, tell = os.pipe()
    if not os.fork():
        os.write(tell, json.dumps(tried(entry)).encode())
        os._exit(0)
    os.close(tell)
    with os.fdopen(told) as answer:
        text = answer.read()
    os.wait()
    found: str | None = json.loads(text) if text else "the process ended without a word"
    return found


if __name__ == "__main__":
    sys.path.append(sys.argv[1])
    importlib.import_module("boto3")
    print(json.dumps([in_a_process(entry) for entry in json.load(sys.stdin)]))
