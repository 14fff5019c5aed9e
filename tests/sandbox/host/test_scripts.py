"""Lifecycle events with scripts that really run."""

from __future__ import annotations

import io
import os
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import psutil
import pytest

from apps import archives
from sandbox.host.agent.events import Place, Result, carry_out
from sandbox.host.agent.records import KEPT, Records
from sandbox.host.agent.scripts import CancelledError
from tests.sandbox.account.conftest import wait_for

GROUP = "group-id"


class Bucket:
    """An S3 client that holds revisions by key."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def get_object(self, Bucket: str, Key: str, **_: str) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.objects[Key]), "ETag": '"etag"'}


class Deployments:
    """Events of deployments on a host in a folder."""

    def __init__(self, folder: Path) -> None:
        self.bucket, self.root = Bucket(), folder / "root"
        self.place = Place(
            self.root, self.root / "opt" / "codedeploy-agent" / "deployment-root", dict(os.environ), threading.Event()
        )
        self.root.mkdir()

    def publish(self, key: str, **scripts: str) -> None:
        """Make a revision with one script for each event, of a second, or of as many as the name's end says."""
        hooks = {event: [{"location": f"{event}.sh", "timeout": 2}] for event in scripts}
        files = {f"{event}.sh": f"#!/bin/sh\n{text}\n".encode() for event, text in scripts.items()}
        appspec = f"version: 0.0\nos: linux\nhooks: {hooks}\n".encode()
        self.bucket.objects[key] = archives.zip_bytes({**files, "appspec.yml": appspec})

    def run(self, deployment: str, key: str, event: str, **more: str) -> Result:
        command = {
            **{"deploymentId": deployment, "event": event, "applicationName": "app", "deploymentGroupName": "group"},
            "revision": {"revisionType": "S3", "s3Location": {"bucket": "b", "key": key, "bundleType": "zip", **more}},
        }
        return carry_out(command, GROUP, self.place, self.bucket)  # type: ignore[arg-type]

    def log(self, deployment: str) -> str:
        return (self.place.records / GROUP / deployment / "logs" / "scripts.log").read_text()


@pytest.fixture
def host(tmp_path: Path) -> Deployments:
    return Deployments(tmp_path)


def test_a_script_has_the_agents_variables_and_its_output_is_kept(host: Deployments) -> None:
    host.publish(
        "k", AfterInstall='env | grep -E "^(LIFECYCLE|DEPLOYMENT|APPLICATION|BUNDLE)" | sort; echo no >&2; pwd'
    )
    assert host.run("d-1", "k", "DownloadBundle").status == "Succeeded"
    found = host.run("d-1", "k", "AfterInstall", eTag="etag")
    assert found.status == "Succeeded"
    assert host.log("d-1").splitlines()[:2] == ["LifecycleEvent - AfterInstall", "Script - AfterInstall.sh"]
    said = found.diagnostics["logTail"].splitlines()
    assert "[stderr]no" in said
    assert f"[stdout]{host.root}/opt/codedeploy-agent" in said
    assert [line.removeprefix("[stdout]") for line in said if "=" in line] == [
        *("APPLICATION_NAME=app", "BUNDLE_BUCKET=b", "BUNDLE_ETAG=etag", "BUNDLE_KEY=k", "BUNDLE_VERSION="),
        *("DEPLOYMENT_GROUP_ID=group-id", "DEPLOYMENT_GROUP_NAME=group", "DEPLOYMENT_ID=d-1"),
        "LIFECYCLE_EVENT=AfterInstall",
    ]


def test_a_failing_script_tells_its_end(host: Deployments) -> None:
    host.publish("k", ValidateService="seq 1 2000; echo the reason; exit 3")
    host.run("d-1", "k", "DownloadBundle")
    found = host.run("d-1", "k", "ValidateService")
    assert found.status == "Failed"
    assert (found.diagnostics["errorCode"], found.diagnostics["scriptName"]) == ("ScriptFailed", "ValidateService.sh")
    assert found.diagnostics["message"] == "ValidateService.sh failed with exit code 3"
    assert found.diagnostics["logTail"].endswith("the reason\n")
    assert len(found.diagnostics["logTail"].encode()) <= 2048
    assert Records(host.place.records, GROUP).last_successful is None


def test_a_script_that_takes_too_long_ends_with_all_that_it_started(host: Deployments) -> None:
    host.publish("k", AfterInstall=f"sleep 300 & echo $! > {host.root}/pid; sleep 300")
    host.run("d-1", "k", "DownloadBundle")
    began = time.monotonic()
    found = host.run("d-1", "k", "AfterInstall")
    assert 2 <= time.monotonic() - began < 10
    assert found.diagnostics["errorCode"] == "ScriptTimedOut"
    child = int((host.root / "pid").read_text())
    wait_for(lambda: not psutil.pid_exists(child), what="the end of what the script had started")


def test_a_script_that_leaves_its_output_open_fails(host: Deployments) -> None:
    host.publish("k", AfterInstall=f"sleep 300 & echo $! > {host.root}/pid")
    host.run("d-1", "k", "DownloadBundle")
    found = host.run("d-1", "k", "AfterInstall")
    psutil.Process(int((host.root / "pid").read_text())).kill()
    assert (found.status, found.diagnostics["errorCode"]) == ("Failed", "UnknownError")
    assert "holds its output open" in found.diagnostics["message"]


def test_the_end_of_the_host_ends_a_script_and_nothing_is_reported(host: Deployments) -> None:
    host.publish("k", AfterInstall="sleep 300")
    host.run("d-1", "k", "DownloadBundle")
    threading.Timer(0.3, host.place.ending.set).start()
    with pytest.raises(CancelledError):
        host.run("d-1", "k", "AfterInstall")


def test_application_stop_comes_from_the_revision_that_last_went_through(host: Deployments) -> None:
    for key in ("one", "two", "three"):
        host.publish(key, ApplicationStop=f"echo stop of {key}", ValidateService="exit 1" if key == "two" else "")
    assert host.run("d-1", "one", "ApplicationStop").diagnostics["logTail"] == "", "there is nothing to stop yet"
    for deployment, key in (("d-1", "one"), ("d-2", "two")):
        for event in ("ApplicationStop", "DownloadBundle", "Install", "ValidateService"):
            host.run(deployment, key, event)
    assert "[stdout]stop of one\n" in host.run("d-3", "three", "ApplicationStop").diagnostics["logTail"]


def test_an_event_without_a_script_succeeds_and_a_missing_script_does_not(host: Deployments) -> None:
    host.bucket.objects["k"] = archives.zip_bytes(
        {"appspec.yml": b"version: 0.0\nos: linux\nhooks: {AfterInstall: [{location: gone.sh}]}\n"}
    )
    host.run("d-1", "k", "DownloadBundle")
    assert host.run("d-1", "k", "BeforeInstall").status == "Succeeded"
    assert host.run("d-1", "k", "AfterInstall").diagnostics["errorCode"] == "ScriptMissing"


def test_a_script_that_is_not_executable_is_made_so(host: Deployments) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("appspec.yml", "version: 0.0\nos: linux\nhooks: {AfterInstall: [{location: a}]}\n")
        archive.writestr("a", "#!/bin/sh\necho done\n")
    host.bucket.objects["k"] = buffer.getvalue()
    host.run("d-1", "k", "DownloadBundle")
    assert host.run("d-1", "k", "AfterInstall").status == "Succeeded"


@pytest.mark.parametrize(
    ("content", "more", "reason"),
    [
        (b"no archive", {}, "can't be unpacked"),
        (b"", {"bundleType": "rar"}, "unpacks zip, tar and tgz, not rar"),
        (b"", {"eTag": "another"}, "has the ETag etag, not another"),
    ],
)
def test_a_revision_that_cannot_be_had(content: bytes, more: dict[str, str], reason: str, host: Deployments) -> None:
    host.bucket.objects["k"] = content
    found = host.run("d-1", "k", "DownloadBundle", **more)
    assert found.status == "Failed"
    assert reason in found.diagnostics["message"]
    assert not Records(host.place.records, GROUP).archive("d-1").exists()


def test_a_revision_without_an_appspec_fails_at_its_first_use(host: Deployments) -> None:
    host.bucket.objects["k"] = archives.zip_bytes({"a": b""})
    assert host.run("d-1", "k", "DownloadBundle").status == "Succeeded"
    assert "no appspec.yml in its root" in host.run("d-1", "k", "BeforeInstall").diagnostics["message"]


def test_old_archives_go_but_never_the_last_good_one(host: Deployments) -> None:
    host.publish("k", ValidateService="")
    for event in ("DownloadBundle", "ValidateService"):
        host.run("d-0", "k", event)
    for number in range(1, 10):
        host.run(f"d-{number}", "k", "DownloadBundle")
    kept = {path.name for path in (host.place.records / GROUP).iterdir()}
    assert "d-0" in kept
    assert {"d-8", "d-9"} < kept
    assert len(kept) == KEPT + 1
