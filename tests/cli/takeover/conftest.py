"""An account in which CloudFormation made a service like security-assistant, and a project that declares it too."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli import takeover
from cli.takeover.model import TakeoverPlan
from cli.takeover.template import load
from sandbox.paths import ROOT
from sandbox.providers.aws import VERSION
from sandbox.providers.install import install
from tests.sandbox.account.conftest import Account, package
from tests.toolchain.trial_project import Project
from toolchain import pulumi_cli
from toolchain.paths import cache
from toolchain.progress import Progress

HERE = Path(__file__).parent
TEMPLATE = HERE / "security-assistant.yaml"
STACK_NAME = "security-assistant-prod"
REGION = "us-east-1"
HANDLER = "def handler(event, context):\n    return {'statusCode': 200, 'body': 'ok'}\n"


class AccountWithCloudFormation(Account):
    """See ``cloudformation.py``."""

    def command(self) -> list[str]:
        module = f"{__package__ or 'tests.cli.takeover'}.cloudformation"
        return [module if word == "sandbox.account" else word for word in super().command()]


@dataclass
class Team:
    """A team with a service in CloudFormation and a Pulumi program for it."""

    account: Account
    project: Project

    def client(self, service: str) -> Any:
        return self.account.client(service)

    def says(self, **told: Any) -> None:
        """Change what the program declares."""
        self.project.write("said.json", json.dumps(told))

    def deploy(self) -> None:
        """Have CloudFormation make everything, as `sam deploy` would."""
        template = load(TEMPLATE, {"Environment": "prod"}, {}, REGION)
        self.client("cloudformation").create_stack(
            StackName=STACK_NAME,
            TemplateBody=json.dumps(template.body),
            Parameters=[{"ParameterKey": name, "ParameterValue": text} for name, text in template.parameters.items()],
        )

    def physical_ids(self) -> dict[str, str]:
        pages = self.client("cloudformation").list_stack_resources(StackName=STACK_NAME)["StackResourceSummaries"]
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in pages if each["LogicalResourceId"]}

    def take_over(self, stack_name: str = STACK_NAME, **more: Any) -> TakeoverPlan:
        given: Mapping[str, str] = more.pop("parameters", {})
        folder, into = self.project.folder, self.project.folder.parent / "takeover"
        return takeover.run(TEMPLATE, stack_name, "dev", given, REGION, folder=folder, into=into, **more)

    def pulumi(self, *words: str) -> str:
        done = subprocess.run(
            ["pulumi", *words, "--stack", "dev", "--non-interactive"],
            cwd=self.project.folder,
            env=self.project.environment,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def operations(self) -> set[str]:
        """What a preview would do."""
        return {each["op"] for each in json.loads(self.pulumi("preview", "--json"))["steps"]}

    def stacks(self) -> list[str]:
        done = subprocess.run(
            ["pulumi", "stack", "ls", "--json"],
            cwd=self.project.folder,
            env=self.project.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return [each["name"] for each in json.loads(done.stdout)]

    def held(self) -> set[str]:
        """The ids in the stack's state."""
        found = json.loads(self.pulumi("stack", "export"))["deployment"].get("resources") or []
        return {each["id"] for each in found if each.get("custom") and not each["type"].startswith("pulumi:")}


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    (tmp_path / "account").mkdir()
    account = AccountWithCloudFormation(tmp_path / "account" / "state").start()
    try:
        project = Project.at(tmp_path, pulumi_cli.ensure(cache(), Progress(quiet=True)))
        install(tmp_path / "home", "aws", VERSION, "sandbox.providers.aws", Path(sys.executable), ROOT)
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        project.environment.update(AWS_ENDPOINT_URL=account.url, AWS_REGION=REGION, **keys)
        project.environment.pop("PULUMI_STACK")
        project.runtime(virtualenv=sys.prefix)
        shutil.copy2(HERE / "program" / "__main__.py", project.folder)
        for name, value in project.environment.items():
            monkeypatch.setenv(name, value)
        account.client("s3").create_bucket(Bucket="code")
        for name in ("api", "worker", "hook"):
            account.client("s3").put_object(Bucket="code", Key=f"{name}.zip", Body=package(HANDLER))
        made = Team(account, project)
        made.says()
        made.deploy()
        yield made
    finally:
        account.kill()
