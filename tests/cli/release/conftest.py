"""Places to publish to: a bucket of moto's and the sandbox's own registry, and releases that a test may write."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from apps import catalogue
from cli.release import building, manifest, places
from cli.release.places import Bucket
from sandbox import registry
from sandbox.paths import free_ports
from sandbox.processes import Server
from sandbox.servers import _listens
from stacks.releases import RELEASES
from toolchain.paths import cache
from toolchain.progress import Progress

BUCKET = "artifacts-of-a-test"
TODAY = datetime.now(UTC).date()
NEW = "v1.5.0"


@dataclass(frozen=True)
class Registry:
    """A registry that runs, and its server, which a test may stop."""

    server: Server
    port: int
    folder: Path


def serve(folder: Path, private: str = "", port: int | None = None) -> Registry:
    """Start a registry whose state lies in ``folder``."""
    binary, _ = registry.ensure(cache(), Progress(quiet=True))
    port = port or free_ports(1)[0]
    command = registry.command(binary, port=port, folder=folder / "registry", private=private)
    server = Server("registry", command, _listens(port), folder, ports=(port,))
    server.start()
    server.wait()
    return Registry(server, port, folder)


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """The registry that images are pushed to."""
    _, crane = registry.ensure(cache(), Progress(quiet=True))
    running = serve(tmp_path / "images")
    for name, value in registry.lead(running.folder, running.port).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", f"{crane.parent}:/usr/bin:/bin")
    try:
        yield running
    finally:
        running.server.stop()


@pytest.fixture(scope="session")
def account() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def bucket(account: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """An empty, versioned bucket."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", account)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "sandbox")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sandbox")
    s3 = boto3.client("s3", region_name="us-east-1")
    if BUCKET in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
        for version in s3.list_object_versions(Bucket=BUCKET).get("Versions", []):
            s3.delete_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])
    else:
        s3.create_bucket(Bucket=BUCKET)
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return places.bucket(BUCKET, "us-east-1")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything, built once; nobody writes there."""
    folder = tmp_path_factory.mktemp("built")
    building.build(folder=folder)
    return folder


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    """A copy of the releases that a test may add to."""
    return Path(shutil.copytree(RELEASES, tmp_path / "releases"))


SMALL = {
    "async_document_processor": "1.1.0",
    "process_document_for_rag": "1.1.0",
    "receipt_chroma": "1.2.0",
    "text_rag_processor": "1.2.0",
    "vdr_processor": "1.1.0",
}
"""Versions without what they import: the newest are 220 MB in all, and uploading them proves no more."""


@pytest.fixture
def written(releases: Path, built: Path) -> Path:
    """The same with a release that isn't published: one function and one image are newer."""
    manifest.new(NEW, building.read(built), TODAY, chosen=SMALL, folder=releases)
    return releases


@pytest.fixture
def whole(releases: Path, built: Path) -> Path:
    """The same with a release that isn't published, as it is written where nobody chooses versions."""
    manifest.new(NEW, building.read(built), TODAY, folder=releases)
    return releases


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A copy of the sources that a test may change: the functions of one system, one revision and the images."""
    folder = tmp_path / "apps"
    for part in ("functions/security-assistant", "images", "layers", "revisions"):
        shutil.copytree(catalogue.ROOT / part, folder / part)
    shutil.rmtree(folder / "layers" / "compaction" / "receipt_chroma" / "1.3.0")  # 160 MB, in each of many builds
    return folder


def day(text: str) -> date:
    return date.fromisoformat(text)
