"""Waiting, in the middle of a program, until what was declared so far has been made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pulumi
from pulumi.runtime.sync_await import _sync_await


def wait_for(roots: Iterable[object]) -> None:
    """Return when components, and everything in them, have been created or updated; raises what failed.

    ``depends_on`` would make one system wait for another as well, but it would also write the order of this update
    into the state, and going there and back would end in another state than before.
    """
    resources = [resource for root in roots for resource in _tree(root)]
    _sync_await(pulumi.Output.all(*(resource.urn for resource in resources)).future())


def _tree(root: object) -> Iterator[pulumi.Resource]:
    if isinstance(root, pulumi.Resource):
        yield root
        for child in root._childResources:
            yield from _tree(child)
