"""An account as its APIs answer, without one."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from stacks.artifacts import Artifact
from stacks.releases import load
from stacks.selection import Selected, select
from stacks.settings import StackSettings, parse

STARTED = datetime(2026, 11, 30, 7, 13, 34, tzinfo=UTC)
MODULES = ("async_rag", "compaction", "functions", "security_assistant", "shifts")


def settings(**config: str) -> StackSettings:
    """Settings of prod at v1.2.3, unless ``config`` (``rag_api__canary`` for ``rag-api:canary``) says otherwise."""
    named = {key.replace("__", ":").replace("_", "-"): value for key, value in config.items()}
    return parse("prod", {"rollback-stack:version": "v1.2.3", **named})


def chosen(system: str, given: StackSettings) -> Selected:
    """One system at its release."""
    return select(given)[system]


class Account:
    """Functions, deployments, alarms and consumers: a test sets them, ``answer`` puts them in the clients' place."""

    def __init__(self, system: str, release: str = "v1.2.3") -> None:
        self.system = system
        names = getattr(load(release).systems.named()[system], "functions", {})
        self.aliases: dict[str, tuple[str, dict[str, float]]] = {name: ("1", {}) for name in names}
        self.versions: dict[tuple[str, str], str] = {(name, "1"): release for name in names}
        self.told_release: dict[tuple[str, str], str] = {}
        self.consumers: dict[str, str] = dict.fromkeys(names, "Enabled")
        self.concurrency: dict[str, int] = {}
        self.deployments: list[dict[str, Any]] = []
        self.alarms: list[dict[str, Any]] = []
        self.rate: float | None = 100.0
        self.uploads: list[str] = ["async_document_processor"]
        self.stopped: list[str] = []

    @property
    def told(self) -> dict[str, Any]:
        """What the stack's output says of the system."""
        groups = {name: f"security-assistant-{name}-prod" for name in ("api", "worker")}
        return {
            "release": "v1.2.3",
            "functions": {name: self.arn(name) for name in self.aliases},
            "stores": {"bucket": "files"},
            "health": "arn:aws:lambda:us-east-1:1:function:x:live",
            "endpoints": {},
            **({"deploymentGroups": groups} if self.system == "security-assistant" else {}),
        }

    def arn(self, name: str) -> str:
        """Of a function's alias."""
        return f"arn:aws:lambda:us-east-1:1:function:{self.system}-{name}-prod:live"

    def split(self, name: str, release: str, weight: float) -> None:
        """Send a share of a function's requests to another release, as version 2."""
        self.versions[name, "2"] = release
        self.aliases[name] = ("1", {"2": weight})

    def shifting(self, name: str, identifier: str, **more: Any) -> None:
        """A deployment of a function's group; under way unless it is said otherwise."""
        revision = {"Name": f"{self.system}-{name}-prod", "Alias": "live", "CurrentVersion": "1", "TargetVersion": "2"}
        content = json.dumps({"Resources": [{name: {"Type": "AWS::Lambda::Function", "Properties": revision}}]})
        self.deployments.append(
            {
                "deploymentId": identifier,
                "deploymentGroupName": f"security-assistant-{name}-prod",
                "status": "InProgress",
                "creator": "user",
                "startTime": STARTED,
                "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}},
                **more,
            }
        )

    def answer(self, monkeypatch: pytest.MonkeyPatch) -> Account:
        """Answer in place of every client."""
        clients = {
            "lambda": self._lambda(),
            "codedeploy": self._codedeploy(),
            "cloudwatch": SimpleNamespace(describe_alarms=lambda **_: {"MetricAlarms": self.alarms}),
            "apigateway": SimpleNamespace(
                get_rest_apis=lambda **_: {"items": [{"id": "abc", "name": "security-assistant-prod"}]},
                get_stage=lambda **_: {"methodSettings": {"*/*": {"throttlingRateLimit": self.rate}}},
            ),
            "s3": SimpleNamespace(
                get_bucket_notification_configuration=lambda **_: {
                    "LambdaFunctionConfigurations": [{"LambdaFunctionArn": self.arn(name)} for name in self.uploads]
                }
            ),
        }
        for module in MODULES:
            monkeypatch.setattr(f"cli.health.{module}.client", lambda service, _: clients[service])
        return self

    def _lambda(self) -> Any:
        def name_of(function: str) -> str:
            return function.rsplit(":", maxsplit=1)[-1].removeprefix(f"{self.system}-").removesuffix("-prod")

        def alias(FunctionName: str, **_: Any) -> dict[str, Any]:
            version, weights = self.aliases[name_of(FunctionName)]
            return {"FunctionVersion": version, "RoutingConfig": {"AdditionalVersionWeights": weights}}

        def configuration(FunctionName: str, Qualifier: str) -> dict[str, Any]:
            name = name_of(FunctionName)
            release = self.versions[name, Qualifier]
            code = code_of(self.system, name, release) if release else "00" * 32
            own = self.told_release.get((name, Qualifier))
            variables = {"RELEASE": own} if own else {}
            encoded = base64.b64encode(bytes.fromhex(code)).decode()
            return {"CodeSha256": encoded, "Environment": {"Variables": variables}}

        def concurrency(FunctionName: str) -> dict[str, int]:
            found = self.concurrency.get(name_of(FunctionName))
            return {} if found is None else {"ReservedConcurrentExecutions": found}

        def mappings(FunctionName: str) -> dict[str, Any]:
            name = FunctionName.split(":")[-2].removeprefix(f"{self.system}-").removesuffix("-prod")
            state = self.consumers.get(name)
            source = f"arn:aws:sqs:us-east-1:1:{name}-queue"
            one = {"UUID": f"uuid-{name}", "State": state, "EventSourceArn": source}
            return {"EventSourceMappings": [one] if state else []}

        return SimpleNamespace(
            get_alias=alias,
            get_function_configuration=configuration,
            get_function_concurrency=concurrency,
            list_event_source_mappings=mappings,
        )

    def _codedeploy(self) -> Any:
        def of(group: str) -> list[dict[str, Any]]:
            return [each for each in self.deployments if each["deploymentGroupName"] == group]

        def names(deploymentGroupName: str, includeOnlyStatuses: list[str], **_: Any) -> dict[str, Any]:
            found = [each for each in of(deploymentGroupName) if each["status"] in includeOnlyStatuses]
            return {"deployments": [each["deploymentId"] for each in found]}

        def one(deploymentId: str) -> dict[str, Any]:
            return {"deploymentInfo": next(each for each in self.deployments if each["deploymentId"] == deploymentId)}

        def group(deploymentGroupName: str, **_: Any) -> dict[str, Any]:
            last = of(deploymentGroupName)[-1:]
            alarms = {"enabled": True, "alarms": [{"name": each["AlarmName"]} for each in self.alarms]}
            info: dict[str, Any] = {"alarmConfiguration": alarms}
            if last:
                info["lastAttemptedDeployment"] = {"deploymentId": last[0]["deploymentId"]}
            return {"deploymentGroupInfo": info}

        def stop(deploymentId: str, autoRollbackEnabled: bool) -> None:
            assert autoRollbackEnabled
            self.stopped.append(deploymentId)
            one(deploymentId)["deploymentInfo"]["status"] = "Stopped"
            one(deploymentId)["deploymentInfo"]["rollbackInfo"] = {"rollbackDeploymentId": deploymentId}

        return SimpleNamespace(
            list_deployments=names, get_deployment=one, get_deployment_group=group, stop_deployment=stop
        )


def code_of(system: str, function: str, release: str) -> str:
    """The hash of a function's code in a release (hex)."""
    artifacts: Mapping[str, Artifact] = getattr(load(release).systems.named()[system], "functions", {})
    return artifacts[function].sha256
