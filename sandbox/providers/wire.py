"""Property values on Pulumi's wire <-> plain Python values.

Source: Pulumi's "Property values" protocol notes (special signature keys inside ``google.protobuf.Struct``).
A plugin that uses this module should answer ``accept_secrets=False`` and so on: the engine then keeps track of
secrets itself, and a plugin only marks those that it finds on its own (see `secret`).
"""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a public marker of the protocol
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Stands for a value that a preview doesn't know yet."""

_UNKNOWNS = frozenset(
    {
        UNKNOWN,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest date a zip can hold: every entry gets it, so that equal content gives equal bytes."""


class WireError(ValueError):
    """A property value that has no plain form."""


def decode(struct: Any) -> dict[str, Any]:
    """The plain form of a ``Struct``: secrets, outputs and resource references unwrapped, whole floats as ints.

    Unknown values become `UNKNOWN`; assets and archives stay dictionaries with their signature (see `is_asset`);
    nulls inside objects are left out, as Pulumi's own SDKs do.
    """
    return {key: value for key, item in struct.fields.items() if (value := _decode(item)) is not None}


def _decode(value: Any) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _unwrap(decode(value.struct_value))
    if kind == "list_value":
        return [_decode(item) for item in value.list_value.values]
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if text in _UNKNOWNS else text
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    return None


def _unwrap(value: dict[str, Any]) -> Any:
    signature = value.get(SIGNATURE)
    if signature == SECRET:
        return value.get("value")
    if signature == OUTPUT:
        return value.get("value", UNKNOWN)
    if signature == RESOURCE:
        return value.get("id") or value.get("urn")
    return value


def encode(values: Mapping[str, Any]) -> Any:
    """A ``Struct`` of plain values; nulls inside objects are left out and whole floats go over as they are.

    Raises `WireError` for a value that is no JSON value (bytes, dates, sets).
    """
    struct = struct_pb2.Struct()
    _fill_struct(struct, values, "")
    return struct


def _fill_struct(struct: Any, values: Mapping[str, Any], path: str) -> None:
    for key, item in values.items():
        if item is not None:
            _fill(struct.fields[str(key)], item, f"{path}.{key}" if path else str(key))


def _fill(target: Any, value: Any, path: str) -> None:
    if value is None:
        target.null_value = 0
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, (int, float)):
        target.number_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, Mapping):
        target.struct_value.SetInParent()
        _fill_struct(target.struct_value, value, path)
    elif isinstance(value, (list, tuple)):
        target.list_value.SetInParent()
        for index, item in enumerate(value):
            _fill(target.list_value.values.add(), item, f"{path}[{index}]")
    else:
        raise WireError(f"{path} holds a {type(value).__name__}, which Pulumi's wire form can't carry")


def secret(value: Any) -> dict[str, Any]:
    """A value marked secret: the engine encrypts it in the state and hides it in every output."""
    return {SIGNATURE: SECRET, "value": value}


def has_unknown(value: Any) -> bool:
    """Whether a plain value is, or holds anywhere, a value that a preview doesn't know yet."""
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return any(has_unknown(item) for item in value)
    return bool(value == UNKNOWN)


def is_asset(value: Any) -> bool:
    """Whether a plain value is an asset or an archive."""
    return isinstance(value, Mapping) and value.get(SIGNATURE) in (ASSET, ARCHIVE)


def normalise_assets(value: Any) -> Any:
    """The value with every asset and archive reduced to signature and hash, so that they compare by content.

    One without a hash (it was made by hand, not by the engine) is left as it is.
    """
    if is_asset(value):
        return {SIGNATURE: value[SIGNATURE], "hash": value["hash"]} if value.get("hash") else value
    if isinstance(value, Mapping):
        return {key: normalise_assets(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [normalise_assets(item) for item in value]
    return value


def asset_bytes(value: Mapping[str, Any]) -> bytes:
    """The content of an asset. Raises `WireError` when it is remote or its file can't be read."""
    if isinstance(value.get("text"), str) and not value.get("path"):
        return str(value["text"]).encode()
    if value.get("path"):
        try:
            with open(value["path"], "rb") as file:
                return file.read()
        except OSError as error:
            raise WireError(f"the asset's file {value['path']} can't be read: {error.strerror}") from error
    raise WireError(f"the asset at {value.get('uri', 'an unnamed place')} is remote: only text and files are supported")


def archive_bytes(value: Mapping[str, Any]) -> bytes:
    """A zip of an archive value: the same bytes for the same content, wherever and whenever it is made.

    A path that is a file is taken as the finished zip, an asset as its own content. Entries are sorted, dated
    1980-01-01 and readable by everyone (mode 0755 when the source file is executable, 0644 otherwise).
    Raises `WireError` when a part can't be read.
    """
    if value.get(SIGNATURE) == ASSET:
        return asset_bytes(value)
    if value.get("path") and os.path.isfile(value["path"]):
        return asset_bytes(value)
    entries: dict[str, tuple[bytes, int]] = {}
    _collect(value, "", entries)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(entries):
            content, mode = entries[name]
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix: otherwise the mode below has no meaning
            entry.external_attr = mode << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def archive_hash(value: Mapping[str, Any]) -> str:
    """SHA-256 of `archive_bytes`, as lower-case hexadecimal digits."""
    return hashlib.sha256(archive_bytes(value)).hexdigest()


def _collect(value: Mapping[str, Any], prefix: str, entries: dict[str, tuple[bytes, int]]) -> None:
    if value.get(SIGNATURE) == ASSET:
        entries[prefix] = (asset_bytes(value), 0o644)
    elif value.get("path"):
        _collect_path(str(value["path"]), prefix, entries)
    elif isinstance(value.get("assets"), Mapping):
        for name, part in value["assets"].items():
            _collect(part, _join(prefix, name), entries)
    else:
        raise WireError("a remote archive is not supported: only folders, zip files and maps of assets are")


def _collect_path(path: str, prefix: str, entries: dict[str, tuple[bytes, int]]) -> None:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as nested:
            for info in nested.infolist():
                if not info.is_dir():
                    entries[_join(prefix, info.filename)] = (nested.read(info), 0o644)
        return
    if not os.path.isdir(path):
        raise WireError(f"the archive's folder {path} doesn't exist or is no folder or zip file")
    for folder, _, names in os.walk(path):
        for name in names:
            source = os.path.join(folder, name)
            inside = os.path.relpath(source, path).replace(os.sep, "/")
            with open(source, "rb") as file:
                entries[_join(prefix, inside)] = (file.read(), 0o755 if os.access(source, os.X_OK) else 0o644)


def _join(prefix: str, name: str) -> str:
    return f"{prefix}/{name}" if prefix else name
