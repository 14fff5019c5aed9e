"""Code that imports what it hasn't got is found out before anybody runs it."""

from __future__ import annotations

import pytest

from apps import catalogue
from apps.errors import ArtifactError
from apps.imports import lacking


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import json, os.path", ()),
        ("import boto3\nfrom botocore.config import Config", ()),
        ("import psycopg.rows as rows", ("psycopg",)),
        ("from psycopg import sql\nfrom pypdf import PdfReader", ("psycopg", "pypdf")),
        ("def f():\n    import chromadb", ("chromadb",)),
        ("try:\n    import orjson\nexcept ImportError:\n    orjson = None", ("orjson",)),
        ("from . import own", ()),
        ("import own, package.part", ()),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from mypy_boto3_s3 import S3Client", ()),
        ("import typing\nif typing.TYPE_CHECKING:\n    import stubs\nelse:\n    import real", ("real",)),
    ],
)
def test_what_is_lacking(text: str, found: tuple[str, ...]) -> None:
    own = {"handler.py": text.encode(), "own.py": b"", "package/part.py": b"", "notes.txt": b"import nothing"}
    assert lacking(own, own) == found


def test_what_isnt_python_is_said() -> None:
    with pytest.raises(ArtifactError, match=r"handler\.py isn't Python"):
        lacking({"handler.py": b"import ("}, {})


def test_a_function_finds_what_its_system_s_layer_brings() -> None:
    assert catalogue.function("compaction", "label_handler", "1.2.0").lacks == ()


def test_functions_without_a_list_lack_what_they_import_and_those_with_one_dont() -> None:
    assert catalogue.function("async-rag", "query_handler", "1.2.0").lacks == ("psycopg", "pypdf")
    whole = catalogue.function("async-rag", "query_handler", "1.3.0")
    assert whole.lacks == ()
    assert {"psycopg/__init__.py", "pypdf/__init__.py", "handler.py", "rag/database.py"} <= set(whole.files)
    assert not any(name.startswith("bin/") or name.endswith((".pyc", "/RECORD")) for name in whole.files)
    assert "requirements.txt" not in whole.files
