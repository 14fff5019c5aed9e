"""What the fields of models say of themselves: the docstrings below them, in a table that is read when asked for.

pydantic collects them by its own setting ``use_attribute_docstrings``, which parses each model's source as it is built:
a fifth of the time in which settings and policies are imported. So it does that once, when ``make reference`` writes
the tables (docs/decisions/0034).
"""

from __future__ import annotations

import functools
import importlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path

TABLE = "sentences.json"
"""In the folder of each package with models: ``<module>.<class>`` -> field -> sentence."""


def of(model: type) -> Mapping[str, str]:
    """Field -> what its docstring says, on one line. Empty for a model that no table knows, such as a test's."""
    package, _, module = model.__module__.partition(".")
    found = _table(package).get(f"{module}.{model.__qualname__}", {})
    return {name: sentence for name, sentence in found.items() if name in getattr(model, "model_fields", {})}


@functools.cache
def _table(package: str) -> Mapping[str, Mapping[str, str]]:
    path = folder(package) / TABLE
    return json.loads(path.read_text()) if path.is_file() else {}


def folder(package: str) -> Path:
    """Where a package lies."""
    module = sys.modules.get(package) or importlib.import_module(package)
    return Path(next(iter(getattr(module, "__path__", [Path(str(getattr(module, "__file__", "."))).parent]))))
