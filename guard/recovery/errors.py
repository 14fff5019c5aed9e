"""The errors of recovery points: one line each, and whatever a service says becomes one of them."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

_ABSENT = re.compile(r"NotFound|NoSuch|NonExistent|DoesNotExist|NotExist|^404$")
_CLIENTS = ("boto3", "botocore", "s3transfer", "psycopg", "kubernetes", "urllib3", "pydantic_core")
"""Packages whose exceptions mean that something couldn't be read or written."""
_MALFORMED = (ValueError, LookupError, EOFError, gzip.BadGzipFile, zlib.error)


class RecoveryError(RuntimeError):
    """Something couldn't be read, copied, verified or restored. The message is one line."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class DamagedError(RecoveryError):
    """The copy isn't what was recorded, or isn't there any more."""


def code(error: BaseException) -> str:
    """The error code of an AWS answer; empty for any other error."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def absent(error: BaseException) -> bool:
    """Whether AWS says that there is no such thing."""
    return bool(_ABSENT.search(code(error)))


@contextmanager
def told(what: str, damaged: type[RecoveryError] = RecoveryError) -> Iterator[None]:
    """Raise ``RecoveryError`` for what the clients of services raise, beginning with ``what``.

    ``damaged`` is raised instead where AWS says that the thing isn't there, or where it is malformed. A fault of this
    program stays what it is.
    """
    try:
        yield
    except RecoveryError:
        raise
    except Exception as error:
        origin = type(error).__module__.partition(".")[0]
        malformed = isinstance(error, _MALFORMED)
        if origin not in _CLIENTS and not malformed and not isinstance(error, OSError):
            raise
        plain = malformed and origin not in _CLIENTS
        said = f"{type(error).__name__}: {error}" if plain else str(error) or type(error).__name__
        raise (damaged if malformed or absent(error) else RecoveryError)(f"{what}: {said}") from error
