"""A running local account for tests: one shared by all, or one of a test's own."""

from __future__ import annotations

import contextlib
import io
import json
import signal
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from sandbox.paths import free_ports
from tests.support import answers
from tests.support.scheduling import ends_with_folder

ROOT = Path(__file__).resolve().parents[3]
ACCOUNT_ID = "444455556666"
REGION = "us-east-1"


class Account:
    """`python -m sandbox.account` as a child process, and clients for it."""

    id = ACCOUNT_ID
    region = REGION

    def __init__(self, state_dir: Path, minute_seconds: float = 0.5, *more: str) -> None:
        self.state_dir, self.minute_seconds, self.more = state_dir, minute_seconds, more
        self.port, self.websocket_port = free_ports(2)
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[str] | None = None
        self._clients: dict[str, Any] = {}

    def command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "sandbox.account", "--port", str(self.port)),
            *("--websocket-port", str(self.websocket_port), "--state-dir", str(self.state_dir)),
            *("--account-id", self.id, "--minute-seconds", str(self.minute_seconds), *self.more),
        ]

    def start(self) -> Account:
        errors = (self.state_dir.parent / "account.log").open("a")
        self.process = subprocess.Popen(self.command(), cwd=ROOT, stderr=errors, text=True)
        errors.close()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log()
            with contextlib.suppress(OSError):
                assert json.loads(self.get("/_sandbox/health")) == {"account": self.id, "ready": True}
                return self
            time.sleep(0.05)
        raise TimeoutError(self.log())

    def log(self) -> str:
        return (self.state_dir.parent / "account.log").read_text()

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return bytes(answer.read())

    def client(self, service: str) -> Any:
        if service not in self._clients:
            make: Any = boto3.client  # its stubs know each service by a literal name
            self._clients[service] = answers.watch(
                make(
                    service,
                    region_name=self.region,
                    endpoint_url=self.url,
                    aws_access_key_id="test",
                    aws_secret_access_key="test",
                    config=Config(retries={"max_attempts": 0}, read_timeout=60),
                )
            )
        return self._clients[service]

    def role(self) -> str:
        iam = self.client("iam")
        with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_role(RoleName="functions", AssumeRolePolicyDocument="{}")
        return f"arn:aws:iam::{self.id}:role/functions"

    def function(self, name: str, source: str, **more: Any) -> str:
        """Make a function from the text of its handler.py; returns its ARN."""
        given = {"Runtime": "python3.11", "Handler": "handler.handler", "Timeout": 10, "Role": self.role(), **more}
        given.setdefault("Code", {"ZipFile": package(source)})
        return str(self.client("lambda").create_function(FunctionName=name, **given)["FunctionArn"])

    def invoke(self, name: str, payload: Any = None, **more: Any) -> tuple[Any, dict[str, Any]]:
        """Invoke a function; returns the decoded payload and the whole answer."""
        answer = self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(payload or {}), **more)
        text = answer["Payload"].read()
        return (json.loads(text) if text else None), answer

    def total(self, namespace: str, metric: str, dimensions: dict[str, str]) -> float:
        """Return the sum of a metric over the last hour."""
        now = time.time()
        found = self.client("cloudwatch").get_metric_statistics(
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=now - 3600,
            EndTime=now + 60,
            Period=7200,
            Statistics=["Sum"],
        )
        return float(sum(point["Sum"] for point in found["Datapoints"]))

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)


def package(source: str, **files: str) -> bytes:
    """Return a deployment package of handler.py and further files, the same bytes every time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in {"handler.py": source, **files}.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return buffer.getvalue()


def wait_for(condition: Callable[[], Any], seconds: float = 15.0, what: str = "it") -> Any:
    """Wait until `condition` returns something true, and return that."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {seconds} s")


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """One account for all tests that keep to names of their own; an emulated minute lasts half a second."""
    made = Account(tmp_path_factory.mktemp("account") / "state").start()
    ends_with_folder(made.stop)
    yield made
    made.stop()


@pytest.fixture
def own_account(tmp_path: Path) -> Iterator[Callable[..., Account]]:
    """Makes accounts of the test's own, which may be stopped, killed and started again."""
    made: list[Account] = []

    def make(name: str = "own", minute_seconds: float = 0.5, *more: str) -> Account:
        (tmp_path / name).mkdir()
        made.append(Account(tmp_path / name / "state", minute_seconds, *more))
        return made[-1].start()

    yield make
    for one in made:
        if one.process and one.process.poll() is None:
            one.kill()
