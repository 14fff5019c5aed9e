import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from apps import archives, catalogue
from apps.errors import ArtifactError

ASYNC_RAG = {
    "async_document_processor",
    "vdr_processor",
    "text_rag_processor",
    "websocket_connect",
    "websocket_disconnect",
    "websocket_subscribe",
    "websocket_default",
    "process_document_for_rag",
    "query_handler",
}


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "apps", *words], capture_output=True, text=True, check=True)


def test_every_function_of_the_runbook_has_code_that_starts_at_its_handler() -> None:
    found = [artifact for artifact in catalogue.functions() if artifact.system == "async-rag"]
    assert {artifact.function for artifact in found} == ASYNC_RAG
    assert all("handler.py" in artifact.files for artifact in found)
    assert {artifact.function for artifact in found if artifact.version == "1.0.0"} == ASYNC_RAG


def test_every_version_is_different_code() -> None:
    hashes = [artifact.sha256 for artifact in catalogue.functions()]
    digests = [artifact.digest for artifact in catalogue.images()]
    assert len(set(hashes)) == len(hashes)
    assert len(set(digests)) == len(digests)


def test_a_key_names_system_function_version_and_content() -> None:
    artifact = catalogue.function("async-rag", "query_handler", "1.2.0")
    assert artifact.key == f"functions/async-rag/query_handler/1.2.0/{artifact.sha256}.zip"
    assert artifact.sha256 == archives.sha256(artifact.content)


def test_only_the_versions_meant_to_be_rolled_back_from_have_a_fault() -> None:
    faulty = {(artifact.function, artifact.version) for artifact in catalogue.functions() if artifact.fault}
    assert {("text_rag_processor", "2.0.0"), ("query_handler", "2.0.0")} <= faulty
    assert {version for _, version in faulty} == {"2.0.0"}
    assert {artifact.version for artifact in catalogue.images() if artifact.fault} == {"2.0.0"}


def test_list_prints_what_releases_pin() -> None:
    listed = yaml.safe_load(command("list").stdout)
    assert listed == catalogue.pins()
    assert re.fullmatch(r"[0-9a-f]{64}", listed["functions"]["async-rag"]["vdr_processor"]["1.0.0"])
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", listed["images"]["rag-api"]["1.4.0"])


def test_images_writes_the_catalogue_the_cluster_pulls_from(tmp_path: Path) -> None:
    file = tmp_path / "new" / "images.json"
    command("images", "--output", str(file))
    written = json.loads(file.read_text())
    assert written == json.loads(command("images").stdout) == catalogue.image_catalogue()
    known = [artifact for artifact in catalogue.images() if not artifact.is_whole]
    behaviours = {artifact.version: written[artifact.reference]["behaviour"] for artifact in known}
    assert behaviours == {"1.4.0": "ready", "1.4.1": "ready", "1.5.0": "ready", "2.0.0": "crash"}
    assert all(reference.startswith("ghcr.io/rollback-stack/rag-api@sha256:") for reference in written)


def test_an_unknown_version_is_answered_with_those_there_are() -> None:
    with pytest.raises(
        ArtifactError, match=r"has no query_handler 9\.9\.9: its versions are 1\.0\.0, 1\.1\.0, 1\.2\.0"
    ):
        catalogue.function("async-rag", "query_handler", "9.9.9")
    with pytest.raises(ArtifactError, match=r"no image rag-api 0\.0\.1: its versions are 1\.4\.0"):
        catalogue.image("rag-api", "0.0.1")


def test_versions_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for version in ("1.10.0", "1.9.0", "draft"):
        archives.write_tree({"handler.py": b""}, tmp_path / "functions" / "s" / "f" / version)
    assert [artifact.version for artifact in catalogue.functions(tmp_path)] == ["1.9.0", "1.10.0"]


def test_an_image_must_say_how_it_behaves(tmp_path: Path) -> None:
    archives.write_tree({"image.yaml": b"behaviour: flies\n"}, tmp_path / "images" / "bird" / "1.0.0")
    with pytest.raises(ArtifactError, match="one of ready, crash, unready, slow"):
        catalogue.image_catalogue(tmp_path)
