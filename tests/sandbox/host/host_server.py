"""Hosts that a test starts, deploys to, kills and stops."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psutil
import pytest

from apps import catalogue
from sandbox.host.orphans import MARK
from sandbox.paths import free_ports
from tests.sandbox.account.conftest import ROOT, Account, wait_for

BUCKET = "revisions"
NEEDS_APT = pytest.mark.skipif(not shutil.which("apt-get"), reason="Debian's packages come with apt")
ON_FAILURE = {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}
DEPLOYED_SECONDS = 120.0
"""Generous: something else may be using the processors."""


class HostServer:
    """`python -m sandbox.host` as a child process."""

    def __init__(self, state_dir: Path, account_url: str, *more: str, **environment: str) -> None:
        self.state_dir, self.account_url, self.more, self.environment = state_dir, account_url, more, environment
        (self.port,) = free_ports(1)
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "sandbox.host", "--state-dir", str(self.state_dir), "--port", str(self.port)),
            *("--account-url", self.account_url, "--poll-seconds", "0.1", "--health-interval", "0.5", *self.more),
        ]

    @property
    def log(self) -> Path:
        return self.state_dir.parent / f"{self.state_dir.name}.log"

    def start(self) -> HostServer:
        self.state_dir.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), cwd=ROOT, env={**os.environ, **self.environment}, stdout=log, stderr=log
            )
        wait_for(self._ready, 240, "the host server is ready")
        return self

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            return bool(self.health()["ready"])
        except OSError:
            return False

    def health(self) -> dict[str, Any]:
        found: dict[str, Any] = call(f"http://127.0.0.1:{self.port}/health")[1]
        return found

    def state(self, stack: str) -> dict[str, Any]:
        return dict(self.health()["hosts"][stack])

    def root(self, stack: str) -> Path:
        return self.state_dir.resolve() / stack

    def address(self, stack: str) -> str:
        return str(self.state(stack)["address"])

    def run(self, stack: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Run one of the host's own commands, as somebody who is logged in there would."""
        environment = {**os.environ, "PATH": f"{self.root(stack)}/usr/local/bin:{os.environ['PATH']}"}
        environment[MARK] = str(self.root(stack))
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    def processes(self, stack: str) -> list[psutil.Process]:
        """Every process that plays a part on a host; nginx shows no environment, and is known by its parent."""
        found = []
        for process in psutil.process_iter():
            try:
                ours = process.environ().get(MARK) == str(self.root(stack))
                if ours or str(self.root(stack)) in " ".join(process.cmdline()):
                    found += [process, *process.children(recursive=True)]
            except psutil.Error:
                continue
        return list(dict.fromkeys(found))

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)


class Delivery:
    """The deployment group of one stack, with the application's revisions in S3."""

    def __init__(self, account: Account, stack: str) -> None:
        self.account, self.name, self.instance = account, f"cryptique-{stack}", f"cryptique-{stack}-1"
        self.keys: dict[str, str] = {}
        deploy = account.client("codedeploy")
        account.client("s3").create_bucket(Bucket=BUCKET)
        deploy.create_application(applicationName=self.name, computePlatform="Server")
        deploy.create_deployment_group(
            applicationName=self.name,
            deploymentGroupName=self.name,
            serviceRoleArn=f"arn:aws:iam::{account.id}:role/codedeploy",
            deploymentConfigName="CodeDeployDefault.OneAtATime",
            onPremisesTagSet={
                "onPremisesTagSetList": [
                    [{"Key": key, "Value": value, "Type": "KEY_AND_VALUE"}]
                    for key, value in (("system", "cryptique"), ("stack", stack))
                ]
            },
            autoRollbackConfiguration=ON_FAILURE,
        )

    def publish(self, key: str, content: bytes) -> str:
        self.account.client("s3").put_object(Bucket=BUCKET, Key=key, Body=content)
        return key

    def start(self, key: str) -> str:
        revision = {"revisionType": "S3", "s3Location": {"bucket": BUCKET, "key": key, "bundleType": "zip"}}
        deploy = self.account.client("codedeploy")
        answer = deploy.create_deployment(applicationName=self.name, deploymentGroupName=self.name, revision=revision)
        return str(answer["deploymentId"])

    def ended(self, deployment: str, seconds: float = DEPLOYED_SECONDS) -> dict[str, Any]:
        """Wait until a deployment is over, and with it the one that rolls it back; return the first one's info."""

        def over() -> Any:
            found = self.info(deployment)
            if found["status"] not in ("Succeeded", "Failed", "Stopped"):
                return None
            back = found.get("rollbackInfo", {}).get("rollbackDeploymentId")
            return found if not back or self.info(back)["status"] in ("Succeeded", "Failed") else None

        return dict(wait_for(over, seconds, f"the end of {deployment}"))

    def info(self, deployment: str) -> dict[str, Any]:
        return dict(self.account.client("codedeploy").get_deployment(deploymentId=deployment)["deploymentInfo"])

    def events(self, deployment: str) -> dict[str, dict[str, Any]]:
        """What the host reported of each event, from when it was asked for the first one."""
        deploy = self.account.client("codedeploy")
        try:
            found = deploy.get_deployment_target(deploymentId=deployment, targetId=self.instance)
        except deploy.exceptions.DeploymentNotStartedException:
            return {}
        return {
            event["lifecycleEventName"]: event
            for event in found["deploymentTarget"]["instanceTarget"]["lifecycleEvents"]
        }

    def deploy(self, version: str) -> str:
        """Deploy a revision from the shelf; the test fails where that fails. Returns the deployment."""
        deployment = self.start(self.shelf(version))
        found = self.ended(deployment)
        assert found["status"] == "Succeeded", (found, self.events(deployment))
        return deployment

    def shelf(self, version: str) -> str:
        """Publish a revision from the shelf, and return its key."""
        artifact = catalogue.revision("cryptique", version)
        return self.publish(artifact.key, artifact.content)


def call(url: str, body: Any = None, seconds: float = 10.0) -> tuple[int, Any]:
    """Return the status and the decoded JSON of an answer. Raises OSError where there is none."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            text = error.read()
            return error.code, json.loads(text) if text.startswith(b"{") else text.decode()


def search(address: str, query: str, top_k: int = 5) -> list[dict[str, Any]]:
    status, answer = call(f"{address}/api/query", {"query": query, "top_k": top_k})
    assert status == 200, answer
    return list(answer["results"])


def add_document(address: str, text: str, **more: str) -> str:
    """Store a document and wait until the worker has made its vectors."""
    status, answer = call(f"{address}/api/documents", {"text": text, **more})
    assert status == 202, answer
    identity = str(answer["document_id"])
    word = text.split(maxsplit=1)[0]
    wait_for(
        lambda: any(hit["document_id"] == identity for hit in search(address, text, 50)), 30, f"{word} can be found"
    )
    return identity


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    def runs(process: psutil.Process) -> bool:
        try:
            return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    return [each for each in processes if runs(each)]


def seconds_until_gone(processes: list[psutil.Process], most: float = 15.0) -> float:
    began = time.monotonic()
    wait_for(lambda: not alive(processes), most, f"the end of {[each.pid for each in processes]}")
    return time.monotonic() - began
