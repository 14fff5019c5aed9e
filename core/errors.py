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
_SLOW = ("ReadTimeoutError", "ConnectTimeoutError", "ConnectionTimeout")


class ServiceError(RuntimeError):
    """Something couldn't be read, copied, verified or restored. The message is one line."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class DamagedError(ServiceError):
    """The copy isn't what was recorded, or isn't there any more."""


def code(error: BaseException) -> str:
    """The error code of an AWS answer; empty for any other error."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def absent(error: BaseException) -> bool:
    """Whether AWS says that there is no such thing."""
    return bool(_ABSENT.search(code(error)))


@contextmanager
def translate_errors(what: str, damaged: type[ServiceError] = ServiceError) -> Iterator[None]:
    """Raise ``ServiceError`` for what the clients of services raise, beginning with ``what``.

    ``damaged`` is raised instead where AWS says that the thing isn't there, or where it is malformed. An answer that a
    client trips over is one that can't be read; a fault of this program stays what it is.
    """
    try:
        yield
    except ServiceError:
        raise
    except Exception as error:
        origin = type(error).__module__.partition(".")[0]
        malformed = isinstance(error, _MALFORMED)
        tripped = origin not in _CLIENTS and not malformed and _raised_in(error) in _CLIENTS
        if origin not in _CLIENTS and not malformed and not tripped and not isinstance(error, OSError):
            raise
        if type(error).__name__ in _SLOW:
            text = f"no answer in time, it is slow or can't be reached ({error}); try again"
        elif tripped:
            text = f"the answer can't be read ({type(error).__name__}: {error})"
        elif malformed and origin not in _CLIENTS:
            text = f"{type(error).__name__}: {error}"
        else:
            text = str(error) or type(error).__name__
        raise (damaged if malformed or absent(error) else ServiceError)(f"{what}: {text}") from error


def _raised_in(error: BaseException) -> str:
    """The package in whose code an exception was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
