"""Which provider plugins the packages of an environment stand for: what `GetRequiredPackages` answers.

Source: Pulumi documentation, "Pulumi packages: schema" (`pulumi-plugin.json`); PEP 440 for versions.
"""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

from .commands import HostError
from .messages import plugin_pb2
from .toolchains import Packages, Toolchain

WITHOUT_PLUGIN = ("pulumi-policy", "pulumi-esc-sdk")
_FILES = """
import importlib.metadata, importlib.util, json, pathlib, sys
def file(package):
    try:
        name = importlib.metadata.distribution(package).metadata["Name"].replace("-", "_")
        folders = importlib.util.find_spec(name).submodule_search_locations or []
        files = (pathlib.Path(folder, "pulumi-plugin.json") for folder in folders)
        return next(str(each) for each in files if each.is_file())
    except Exception:
        return ""
print(json.dumps({package: file(package) for package in sys.argv[1:]}))
"""
_VERSION = re.compile(r"(\d+(?:\.\d+)*)(?:(a|b|rc)(\d*))?(\.post\d*)?(\.dev\d*)?")
_PRERELEASES = {"a": "alpha", "b": "beta", "rc": "rc"}


def required(toolchain: Toolchain) -> list[Any]:
    """The plugins, as PackageDependency messages, in the order of the packages. Raises HostError."""
    found = toolchain.packages(transitive=True)
    files = _files(toolchain, found)
    answers = (_plugin(name, version, files.get(name, "")) for name, version in found if name not in WITHOUT_PLUGIN)
    return [answer for answer in answers if answer is not None]


def _files(toolchain: Toolchain, packages: Packages) -> dict[str, str]:
    """Package -> its pulumi-plugin.json. None at all where the environment can't be asked, as from Pulumi's host."""
    if not packages:
        return {}
    try:
        found: dict[str, str] = json.loads(toolchain.python("-c", _FILES, *(name for name, _ in packages)).output())
    except HostError:
        return {}
    return found


def _plugin(package: str, version: str, file: str) -> Any:
    """The plugin of a package; None where it has none or the plugin's version can't be told from the package's."""
    if not file and not package.startswith("pulumi-"):
        return None
    try:
        said: dict[str, Any] = json.loads(Path(file).read_text()) if file else {"resource": True}
    except ValueError as error:
        raise HostError(f"failed to parse pulumi-plugin.json for {package}: {error}") from None
    number = said.get("version") or plugin_version(version)
    if not said.get("resource") or not number:
        return None
    parameters = said.get("parameterization")
    return plugin_pb2.PackageDependency(
        name=said.get("name") or package.removeprefix("pulumi-"),
        kind="resource",
        version=number if number.startswith("v") else f"v{number}",
        server=said.get("server") or "",
        parameterization=parameters
        and plugin_pb2.PackageParameterization(
            name=parameters.get("name", ""),
            version=parameters.get("version", ""),
            value=base64.b64decode(parameters.get("value", "")),
        ),
    )


def plugin_version(package: str) -> str:
    """A package's version as a plugin's has it; empty where the plugin's can't be known, such as for an epoch."""
    found = _VERSION.fullmatch(package)
    if not found:
        return ""
    numbers, kind, number, post, dev = found.groups()
    build = f"{post or ''}{dev or ''}".replace(".", "")
    prerelease = f"-{_PRERELEASES[kind]}.{number}" if kind else ""
    return (
        ".".join([*numbers.split("."), "0", "0"][: max(3, numbers.count(".") + 1)])
        + prerelease
        + (build and f"+{build}")
    )
