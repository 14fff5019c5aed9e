"""Versions of security-assistant's functions, unpacked and imported as Lambda would."""

from __future__ import annotations

import importlib
import io
import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from apps import catalogue

SYSTEM = "security-assistant"
SOUND = ("1.0.0", "1.1.0", "1.2.0", "1.3.0")
EVERY = (*SOUND, "2.0.0")

FLAWED = """\
Customers upload their documents to a public bucket. An API lists them.
The password of the database lies in the repository. The worker has full access.
"""
"""A design with flaws of every severity but low."""

FLAWS = {"authentication", "encryption-at-rest", "public-bucket"}
MORE_FLAWS = {*FLAWS, "audit-logging", "least-privilege", "secrets-in-code"}


class Version:
    """One loaded version of a function: its handler, and the modules it came with."""

    def __init__(self, handler: Callable[[dict[str, Any], Any], dict[str, Any]], modules: dict[str, ModuleType]):
        self._handler, self._modules = handler, modules

    def __call__(self, event: dict[str, Any], context: Any = None) -> dict[str, Any]:
        # Lambda's own passage through JSON.
        answered: dict[str, Any] = json.loads(json.dumps(self._handler(json.loads(json.dumps(event)), context)))
        return answered

    def __getattr__(self, name: str) -> Any:
        return self._modules[f"assistant.{name}"]

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        """Send a request as the API's gateway does; returns status and body."""
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        answer = self({"httpMethod": method, "path": path, "body": text})
        return answer["statusCode"], json.loads(answer["body"])


def load(function: str, version: str, folder: Path) -> Version:
    """Unpack a version into a folder of its own and import its handler from there."""
    with zipfile.ZipFile(io.BytesIO(catalogue.function(SYSTEM, function, version).content)) as package:
        package.extractall(folder)
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        handler = importlib.import_module("handler").handler
    finally:
        sys.path.remove(str(folder))
        own = {name: module for name, module in sys.modules.items() if name not in before and _is_in(module, folder)}
        for name in own:
            del sys.modules[name]
        sys.path_importer_cache.pop(str(folder), None)
    return Version(handler, own)


def _is_in(module: ModuleType, folder: Path) -> bool:
    return str(folder) in (getattr(module, "__file__", "") or "")
