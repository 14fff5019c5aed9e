import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from apps import catalogue
from apps.errors import ArtifactError
from apps.publish import publish

BUCKET = "rollback-stack-artifacts"


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    url = f"http://127.0.0.1:{port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "sandbox")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sandbox")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    yield url
    server.stop()


def test_publish_makes_a_versioned_bucket_with_every_package_and_a_second_run_changes_nothing(endpoint: str) -> None:
    artifacts = catalogue.packages()
    first = publish(BUCKET)
    assert set(first.uploaded) == {artifact.key for artifact in artifacts}

    s3 = boto3.client("s3")
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    stored = s3.get_object(Bucket=BUCKET, Key=artifacts[0].key)["Body"].read()
    assert stored == artifacts[0].content
    assert "handler.py" in zipfile.ZipFile(io.BytesIO(stored)).namelist()

    second = publish(BUCKET)
    assert (second.uploaded, second.already_there) == ((), len(artifacts))
    assert len(s3.list_object_versions(Bucket=BUCKET)["Versions"]) == len(artifacts)


def test_publish_brings_back_a_package_that_was_lost(endpoint: str) -> None:
    publish(BUCKET)
    lost = catalogue.functions()[-1].key
    boto3.client("s3").delete_object(Bucket=BUCKET, Key=lost)
    assert publish(BUCKET).uploaded == (lost,)


def test_publish_works_in_any_region(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    publish("elsewhere")
    assert boto3.client("s3").get_bucket_location(Bucket="elsewhere")["LocationConstraint"] == "eu-central-1"


@pytest.mark.parametrize(
    "address", ["https://s3.amazonaws.com", "http://10.0.0.8:4566", "http://127.0.0.1.example.com"]
)
def test_publish_refuses_anything_but_loopback(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    with pytest.raises(ArtifactError, match="loopback only"):
        publish(BUCKET)


def test_without_an_account_the_command_says_what_to_do_in_one_line() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "AWS_ENDPOINT_URL"}
    done = subprocess.run(
        [sys.executable, "-m", "apps", "publish", "--bucket", BUCKET],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "make up" in done.stderr
