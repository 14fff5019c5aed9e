"""The whole account as one document, out of every backend that moto has in use."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend

from sandbox.account import background, settings
from sandbox.account.export import data, ids
from sandbox.account.export.walk import REFERENCE, Path, Walker, canonical

log = logging.getLogger("sandbox.account")

SKIPPED = {"moto_api", "dashboard", "instance_metadata", "sts"}
"""Backends of moto's own."""

ATTEMPTS = 20


def account(*, with_data: bool = False) -> dict[str, Any]:
    """Return {"account", "configuration", "history"} and, where asked for, "data".

    What a service brings along by itself (default network, managed policies) isn't shown: only what somebody made.
    """
    for attempt in range(ATTEMPTS):
        try:
            with background.LOCK:
                return _account(with_data)
        except RuntimeError as error:
            # A request changed a dict meanwhile.
            if attempt == ATTEMPTS - 1 or "changed size" not in str(error):
                raise
    raise AssertionError("not reached")


def _account(with_data: bool) -> dict[str, Any]:
    roots = backends()
    walker = Walker(roots)
    trees = {path: walker.tree(path, backend) for path, backend in roots.items()}
    history = {"/".join(path): tree for path, tree in walker.history.items()}
    own, fresh = _nested(trees), _brought_along(frozenset(_kinds(roots).items()))
    # What's equal as it stands goes first: catalogues such as machine images are long, and their ids aren't made up.
    sections: list[Any] = [_without(own, fresh), history]
    if with_data:
        sections.append(data.everything(roots))
    sections = ids.in_words(sections)
    configuration = _without(sections[0], ids.in_words([_without(fresh, own)])[0])
    document = {"account": settings.current().account_id, "configuration": configuration, "history": sections[1]}
    if with_data:
        document["data"] = sections[2]
    return document


def backends() -> dict[Path, BaseBackend]:
    """Return every backend in use by (service, region); other accounts' carry their number."""
    own = settings.current().account_id
    found: dict[Path, BaseBackend] = {}
    for services in list(BackendDict._instances):
        if services.service_name in SKIPPED:
            continue
        for number, regions in list(dict.items(services)):
            service = services.service_name if number == own else f"{services.service_name}@{number}"
            for region in list(dict.keys(regions)):
                path = (service, region)
                if path in found:
                    # Two backends may share a service name, as those of RDS and Neptune do.
                    path = (f"{service}.{services.backend.__name__}", region)
                found[path] = dict.__getitem__(regions, region)
    return found


def _nested(trees: dict[Path, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for (service, region), tree in trees.items():
        nested.setdefault(service, {})[region] = tree
    return nested


def _kinds(roots: dict[Path, BaseBackend]) -> dict[Path, type[BaseBackend]]:
    return {path: type(backend) for path, backend in roots.items()}


@lru_cache(maxsize=8)
def _brought_along(kinds: frozenset[tuple[Path, type[BaseBackend]]]) -> dict[str, Any]:
    """Return the configuration of fresh backends of the same kinds."""
    trees = {}
    for path, kind in sorted(kinds, key=lambda pair: pair[0]):
        number = path[0].partition("@")[2].partition(".")[0] or settings.current().account_id
        trees[path] = _fresh(path, kind, number)
    return _nested(trees)


def _fresh(path: Path, kind: type[BaseBackend], number: str) -> Any:
    try:
        backend = kind(path[1], number)
    except Exception as error:
        log.info("no fresh %s for comparison: %s", kind.__name__, error)
        return {}
    return Walker({path: backend}).tree(path, backend)


def _without(tree: Any, known: Any) -> Any:
    """Return a tree less what it shares with another; branches that nothing is left of go, too."""
    result = {}
    for name, value in tree.items():
        if name not in known:
            result[name] = value
        elif isinstance(value, dict) and isinstance(known[name], dict):
            rest = _without(value, known[name])
            if rest:
                result[name] = rest
        elif canonical(value) != canonical(known[name]):
            result[name] = value
    return {name: value for name, value in result.items() if value not in ({}, [])}


__all__ = ["REFERENCE", "account", "backends"]
