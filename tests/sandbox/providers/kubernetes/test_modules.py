"""What the provider is built from: the published module, with the libraries that the cluster is built from."""

from __future__ import annotations

import importlib.metadata
import re

from sandbox.cluster import launcher as cluster
from sandbox.providers.kubernetes import VERSION, launcher

_NAMED = re.compile(r"^\s*(?:require )?(\S+\.\S+/?\S*) (v\S+)(?: // indirect)?$", re.MULTILINE)
_REPLACED = re.compile(r"^replace (\S+) => (\S+)(?: (v\S+))?$", re.MULTILINE)
OURS = {"sigs.k8s.io/structured-merge-diff/v4", "github.com/pulumi/pulumi-kubernetes/sdk/v4"}
"""Replaced by folders beside the provider: the few names that it uses of them."""


def versions(text: str) -> dict[str, str]:
    """Module -> the version that is built."""
    named = dict(_NAMED.findall(text))
    return {**named, **{module: version or there for module, there, version in _REPLACED.findall(text)}}


def test_what_provider_and_cluster_share_is_compiled_once() -> None:
    ours = versions((launcher.MODULE / "go.mod").read_text())
    theirs = versions((cluster.MODULE / "go.mod").read_text())
    shared = ours.keys() & theirs.keys()
    assert len(shared) > 100
    assert {module: (ours[module], theirs[module]) for module in shared if ours[module] != theirs[module]} == {}


def test_nothing_else_of_the_published_module_is_replaced() -> None:
    text = (launcher.MODULE / "go.mod").read_text()
    folders = {module for module, there, _ in _REPLACED.findall(text) if there.startswith(".")}
    assert folders == OURS
    moved = {module for module, there, _ in _REPLACED.findall(text) if module != there} - OURS
    assert moved == set(), "a version may differ, the source is the published one"


def test_the_stamp_is_the_sdks_version() -> None:
    assert importlib.metadata.version("pulumi-kubernetes") == VERSION
    assert f"-X main.version={VERSION}" in launcher.LDFLAGS
