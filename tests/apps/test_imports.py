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


def test_only_what_is_reached_from_the_start_counts() -> None:
    """A package that functions share has modules that some of them never load."""
    own = {
        "handler.py": b"from shared import near\nimport shared.deep.inner",
        "shared/__init__.py": b"",
        "shared/near.py": b"from . import beside\nfrom .deep import also",
        "shared/beside.py": b"import one",
        "shared/deep/__init__.py": b"import two",
        "shared/deep/inner.py": b"from ..beside import x\nfrom .. import more",
        "shared/deep/also.py": b"import three",
        "shared/more.py": b"import four",
        "shared/far.py": b"import five",
    }
    assert lacking(own, own, "handler") == ("four", "one", "three", "two")
    assert lacking(own, own) == ("five", "four", "one", "three", "two")
    assert lacking({**own, "handler.py": b"from shared.far import y"}, own, "handler") == ("five",)
    assert lacking({**own, "handler.py": b"import json"}, own, "handler") == ()


def test_functions_without_a_list_lack_what_they_import_and_those_with_one_dont() -> None:
    assert catalogue.function("async-rag", "query_handler", "1.2.0").lacks == ("psycopg",)
    assert catalogue.function("async-rag", "websocket_connect", "1.0.0").lacks == ()
    whole = catalogue.function("async-rag", "query_handler", "1.3.0")
    assert whole.lacks == ()
    assert {"psycopg/__init__.py", "pypdf/__init__.py", "handler.py", "rag/database.py"} <= set(whole.files)
    assert not any(name.startswith("bin/") or name.endswith((".pyc", "/RECORD")) for name in whole.files)
    assert "requirements.txt" not in whole.files


def test_functions_may_share_a_list_of_packages() -> None:
    found = [
        catalogue.function("async-rag", name, version)
        for name, version in (("vdr_processor", "1.2.0"), ("text_rag_processor", "1.3.0"))
    ]
    assert all("psycopg/__init__.py" in each.files and "requirements.in" not in each.files for each in found)


def test_a_list_of_what_to_leave_out_is_no_part_of_a_layer() -> None:
    layer = catalogue.layer("compaction", "receipt_chroma", "1.3.0")
    assert layer.lacks == ()
    assert {name.partition("/")[0] for name in layer.files} == {"python"}
    assert "python/kubernetes/__init__.py" not in layer.files
