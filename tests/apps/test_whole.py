"""The newest versions of functions and layers run on Lambda with what is in their zips, and with nothing beside it."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from apps import catalogue, packages
from apps.errors import ArtifactError
from apps.imports import RUNTIME
from apps.kinds import FunctionArtifact, LayerArtifact
from tests.support import alone

GLIBC, LIBSTDCXX = (2, 26), (3, 4, 24)
"""Of Amazon Linux 2, on which runtime ``python3.11`` stands (its packages glibc 2.26 and libstdc++ 7.3)."""
WITHOUT = {
    ("async_document_processor", "1.1.0"): "pypdf",
    ("process_document_for_rag", "1.1.0"): "psycopg",
    ("query_handler", "1.2.0"): "psycopg",
    ("text_rag_processor", "1.2.0"): "psycopg",
    ("vdr_processor", "1.1.0"): "psycopg",
}
"""async-rag's versions of v1.4.0 that aren't whole -> the package that stops them first."""
STORE = """
import pathlib, tempfile
from receipt_chroma.receipt import Receipt
from receipt_chroma.store import Store
with tempfile.TemporaryDirectory() as folder:
    with Store(pathlib.Path(folder), 2) as store:
        store.put([Receipt("r1", merchant="A Shop", text="milk and bread"), Receipt("r2", text="nails")])
    with Store(pathlib.Path(folder), 2) as store:
        assert store.query("milk", 1)[0].receipt.receipt_id == "r1"
"""


def newest() -> dict[str, FunctionArtifact]:
    """The newest sound version of every function."""
    return {f"{each.system} {each.function}": each for each in catalogue.functions() if each.fault is None}


def layer(system: str) -> LayerArtifact | None:
    return next((each for each in reversed(catalogue.layers()) if each.system == system), None)


NEWEST = newest()
LAYERS = {system: found for system in {each.system for each in NEWEST.values()} if (found := layer(system))}


def unpack(content: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Lambda's runtime brings, and no more of this environment."""
    folder = tmp_path_factory.mktemp("runtime")
    installed = Path(boto3.__file__).parents[1]
    for name in RUNTIME:
        (found,) = [path for path in (installed / name, installed / f"{name}.py") if path.exists()]
        (folder / found.name).symlink_to(found)
    return folder


@pytest.fixture(scope="module")
def unpacked_layers(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[str]]:
    root = tmp_path_factory.mktemp("layers")
    return {name: [str(unpack(each.content, root / name) / "python")] for name, each in LAYERS.items()}


def tried(runtime: Path, entries: Iterable[Mapping[str, Any]]) -> list[str | None]:
    command = [sys.executable, "-I", "-S", alone.__file__, str(runtime)]
    environment = {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
    done = subprocess.run(
        command, input=json.dumps(list(entries)), capture_output=True, text=True, check=True, env=environment
    )
    found: list[str | None] = json.loads(done.stdout)
    return found


def entry(artifact: FunctionArtifact, folder: Path, layers: Iterable[str] = ()) -> dict[str, Any]:
    return {"task": str(unpack(artifact.content, folder)), "layers": list(layers)}


@pytest.fixture(scope="module")
def errors(
    runtime: Path, unpacked_layers: Mapping[str, list[str]], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, str | None]:
    """What importing each newest handler raises."""
    root = tmp_path_factory.mktemp("functions")
    entries = [entry(each, root / name, unpacked_layers.get(each.system, ())) for name, each in NEWEST.items()]
    return dict(zip(NEWEST, tried(runtime, entries), strict=True))


@pytest.mark.parametrize("name", NEWEST)
def test_a_handler_starts_from_its_zip_alone(errors: Mapping[str, str | None], name: str) -> None:
    assert errors[name] is None


@pytest.mark.parametrize("name", NEWEST)
def test_a_function_lacks_nothing_and_is_no_larger_than_lambda_takes(name: str) -> None:
    function = NEWEST[name]
    assert function.lacks == ()
    beside = LAYERS.get(function.system)
    assert function.unpacked + (beside.unpacked if beside else 0) <= packages.LARGEST


def test_what_isnt_whole_doesnt_start(runtime: Path, tmp_path: Path) -> None:
    """What is said to be lacking is what stops a handler, and what isn't said doesn't."""
    found = {each: catalogue.function("async-rag", *each) for each in WITHOUT}
    said = tried(runtime, [entry(each, tmp_path / "-".join(name)) for name, each in found.items()])
    assert dict(zip(WITHOUT, said, strict=True)) == {
        name: f"ModuleNotFoundError: No module named '{package}'" for name, package in WITHOUT.items()
    }
    assert all(package in found[name].lacks for name, package in WITHOUT.items())


@pytest.mark.long
def test_the_layer_s_store_works_without_anything_beside_it(
    runtime: Path, unpacked_layers: Mapping[str, list[str]], tmp_path: Path
) -> None:
    compaction = NEWEST["compaction enhanced_compaction_handler"]
    then = STORE
    made = {**entry(compaction, tmp_path / "function", unpacked_layers["compaction"]), "then": then}
    assert tried(runtime, [made]) == [None]


def wanted(content: bytes, library: bytes) -> tuple[int, ...]:
    """The newest version of a library's symbols that a shared object asks for (``GLIBC_2.17``)."""
    found = re.findall(rb"\0" + library + rb"_(\d+(?:\.\d+)+)(?=\0)", content)
    return max((tuple(map(int, each.split(b"."))) for each in found), default=())


@pytest.mark.parametrize("kind", ["functions", "layers"])
def test_shared_objects_ask_for_nothing_newer_than_the_runtime_has(kind: str) -> None:
    made: Iterable[FunctionArtifact | LayerArtifact] = NEWEST.values() if kind == "functions" else LAYERS.values()
    objects = {
        f"{each.folder.name} {name}": content
        for each in made
        for name, content in each.files.items()
        if re.search(r"\.so(\.|$)", name)
    }
    assert objects
    assert {name for name, content in objects.items() if wanted(content, b"GLIBC") > GLIBC} == set()
    assert {name for name, content in objects.items() if wanted(content, b"GLIBCXX") > LIBSTDCXX} == set()
    assert any(wanted(content, b"GLIBC") for content in objects.values())


def test_more_than_lambda_unpacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "LARGEST", 1_000)
    with pytest.raises(ArtifactError, match=r"bytes are more than the 1,000 that Lambda unpacks: leave out packages"):
        _ = catalogue.function("async-rag", "query_handler", "1.2.0").content
