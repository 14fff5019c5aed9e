"""What pickle needs to be told about objects inside moto's backends: locks, threads, keys, odd containers."""

from __future__ import annotations

import collections
import importlib
import pickle
import threading
import weakref
from collections.abc import Callable
from typing import Any

import cloudpickle
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

PLAIN = (dict, collections.OrderedDict, collections.defaultdict, collections.Counter)
"""Kinds of dict that pickle gets right by itself."""

_LOCK, _RLOCK = type(threading.Lock()), type(threading.RLock())


def find_backend_dict(service: str, module: str, backend: str) -> Any:
    """Return moto's table of accounts for a backend class; its service name tells classes that share one apart."""
    from moto.core.base_backend import BackendDict

    tables = [item for item in vars(importlib.import_module(module)).values() if isinstance(item, BackendDict)]
    return next(item for item in tables if item.backend.__qualname__ == backend and item.service_name == service)


def _private_key(pem: bytes) -> Any:
    return serialization.load_pem_private_key(pem, None)


def _weak_values(items: dict[Any, Any]) -> Any:
    return weakref.WeakValueDictionary(items)


def _nothing() -> None:
    return None


def _empty_dict(kind: Any) -> Any:
    return kind.__new__(kind)


def _fill_dict(made: Any, state: tuple[dict[str, Any], dict[Any, Any], Any]) -> None:
    attributes, items, factory = state
    vars(made).update(attributes)
    # Past the class's own methods: S3's store of versions, for one, appends where a dict sets.
    dict.update(made, items)
    if isinstance(made, collections.defaultdict):
        made.default_factory = factory


def _regions(service: str, module: str, backend: str, account: str) -> Any:
    return find_backend_dict(service, module, backend)[account]


class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """cloudpickle with what it can't do by itself. ``name``: how a state names what it doesn't hold; None: it does."""

    def __init__(self, file: Any, name: Callable[[Any], Any] = lambda _: None) -> None:
        super().__init__(file, protocol=5)
        self._name = name

    def persistent_id(self, item: Any) -> Any:
        """Contents that have files of their own (``sandbox.account.contents``)."""
        return self._name(item)

    def reducer_override(self, item: Any) -> Any:  # noqa: PLR0911 - one return per kind
        """Reduce the kinds of objects that hold no state, or none that pickle can read."""
        kind = type(item)
        if kind is _LOCK:
            return threading.Lock, ()
        if kind is _RLOCK:
            return threading.RLock, ()
        if isinstance(item, threading.Thread):
            return _nothing, ()
        if isinstance(item, threading.Condition | threading.Event):
            return kind, ()
        if isinstance(item, weakref.WeakValueDictionary):
            return _weak_values, (dict(item),)
        if isinstance(item, RSAPrivateKey | EllipticCurvePrivateKey):
            form = serialization.PrivateFormat.PKCS8
            pem = item.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
            return _private_key, (pem,)
        return self._table(item) or self._dict(item) or super().reducer_override(item)

    def _dict(self, item: Any) -> Any:
        if not isinstance(item, dict) or type(item) in PLAIN:
            return None
        state = (dict(vars(item)), dict(dict.items(item)), getattr(item, "default_factory", None))
        return _empty_dict, (type(item),), state, None, None, _fill_dict

    def _table(self, item: Any) -> Any:
        from moto.core.base_backend import AccountSpecificBackend, BackendDict

        if isinstance(item, BackendDict | AccountSpecificBackend):
            key = (item.service_name, item.backend.__module__, item.backend.__qualname__)
            if isinstance(item, BackendDict):
                return find_backend_dict, key
            return _regions, (*key, item.account_id)
        return None


class Unpickler(pickle.Unpickler):
    """Reads what ``Pickler`` wrote; ``read``: from a name to what it stands for."""

    def __init__(self, file: Any, read: Callable[[Any], Any]) -> None:
        super().__init__(file)
        self._read = read

    def persistent_load(self, name: Any) -> Any:
        """Return the content that the state names."""
        return self._read(name)
