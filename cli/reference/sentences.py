"""The docstrings of models' fields, as pydantic collects them: the tables that ``core.sentences`` reads."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from core.model import Model
from core.sentences import TABLE, folder

PACKAGES = ("core", "policies", "stacks")
LEFT_OUT = {"__main__"}
"""What does something when it is imported."""


def tables() -> dict[Path, str]:
    """The file of each package's table, with its content.

    Only for a process in which no model was imported yet: pydantic looks at a source as it builds a model. Raises
    ``RuntimeError`` otherwise.
    """
    if Model.__subclasses__():
        raise RuntimeError("models were imported before their docstrings were asked for")
    Model.model_config["use_attribute_docstrings"] = True
    for package in PACKAGES:
        for path in sorted(folder(package).glob("*.py")):
            if path.stem not in {*LEFT_OUT, "__init__"}:
                importlib.import_module(f"{package}.{path.stem}")
    found: dict[str, dict[str, dict[str, str]]] = {package: {} for package in PACKAGES}
    for model in _below(Model):
        package, _, module = model.__module__.partition(".")
        if package in found and (said := _said(model)):
            found[package][f"{module}.{model.__qualname__}"] = said
    return {
        folder(package) / TABLE: json.dumps(table, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        for package, table in found.items()
    }


def _said(model: type[Model]) -> dict[str, str]:
    fields = {name: " ".join((field.description or "").split()) for name, field in model.model_fields.items()}
    return {name: sentence for name, sentence in fields.items() if sentence}


def _below(base: Any) -> set[Any]:
    return {found for each in base.__subclasses__() for found in (each, *_below(each))}


if __name__ == "__main__":
    json.dump({str(path): content for path, content in tables().items()}, sys.stdout)
