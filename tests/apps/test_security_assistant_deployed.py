"""security-assistant in a local account: requests, jobs and CodeDeploy deployments with its own hooks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps import catalogue
from tests.sandbox.account.conftest import Account, package, wait_for
from tests.sandbox.account.gateway import ask, invocation, permit

from .assistant_parts import FLAWED, SYSTEM

pytestmark = [pytest.mark.sandbox]

STAGE = "trial"
TABLE, QUEUE = f"{SYSTEM}-jobs-{STAGE}", f"{SYSTEM}-processing-{STAGE}"
HOOKS = {name: f"CodeDeployHook_{SYSTEM}-{name.partition('_')[0]}-{STAGE}" for name in ("pre_traffic", "post_traffic")}
ROLLBACK = {"enabled": True, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]}
OVER = ("Succeeded", "Failed", "Stopped")


class System:
    """One stage: stores, functions behind aliases, REST API, consumer, hooks, deployment groups."""

    def __init__(self, account: Account) -> None:
        self.account = account
        account.client("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "job_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "job_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.dead, self.queue = self._queues()
        self.environment = {"STAGE": STAGE, "JOBS_TABLE": TABLE, "PROCESSING_QUEUE_URL": self.queue, "RELEASE": "1.0.0"}
        for name, physical in HOOKS.items():
            code = catalogue.function(SYSTEM, name, "1.0.0").content
            account.function(physical, "", Code={"ZipFile": code}, Timeout=20)
        for name in ("api", "worker"):
            self._function(name)
        self.url = self._api()
        self._group("api")
        self._group("worker")

    def _queues(self) -> tuple[str, str]:
        sqs = self.account.client("sqs")
        dead = sqs.create_queue(QueueName=f"{SYSTEM}-processing-dlq-{STAGE}")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2})
        given = {"VisibilityTimeout": "1", "RedrivePolicy": redrive}
        return dead, sqs.create_queue(QueueName=QUEUE, Attributes=given)["QueueUrl"]

    def _function(self, name: str) -> None:
        functions, physical = self.account.client("lambda"), self.physical(name)
        code = {"ZipFile": catalogue.function(SYSTEM, name, "1.0.0").content}
        variables = {"Variables": self.environment}
        arn = self.account.function(physical, "", Code=code, Publish=True, Environment=variables)
        functions.create_alias(FunctionName=physical, Name="live", FunctionVersion="1")
        self.alias = f"{arn.removesuffix(':1')}:live"
        if name == "worker":
            functions.create_event_source_mapping(
                EventSourceArn=f"arn:aws:sqs:us-east-1:{self.account.id}:{QUEUE}",
                FunctionName=self.alias,
                BatchSize=1,
                FunctionResponseTypes=["ReportBatchItemFailures"],
            )

    def _api(self) -> str:
        client, name = self.account.client("apigateway"), f"{SYSTEM}-{STAGE}"
        alias = self.alias.replace(self.physical("worker"), self.physical("api"))
        operation = {
            "x-amazon-apigateway-integration": {"type": "aws_proxy", "httpMethod": "POST", "uri": invocation(alias)}
        }
        paths = {"/health": {"get": operation}, "/jobs": {"post": operation}, "/jobs/{job_id}": {"get": operation}}
        document = {"openapi": "3.0.1", "info": {"title": name, "version": "1"}, "paths": paths}
        api = client.create_rest_api(name=name)["id"]
        client.put_rest_api(restApiId=api, mode="overwrite", body=json.dumps(document).encode())
        client.create_deployment(restApiId=api, stageName=STAGE)
        permit(self.account, alias, f"{api}/*")
        return f"{self.account.url}/_aws/execute-api/{api}/{STAGE}"

    def _group(self, name: str) -> None:
        deploy, group = self.account.client("codedeploy"), self.physical(name)
        if name == "api":
            deploy.create_application(applicationName=SYSTEM, computePlatform="Lambda")
        deploy.create_deployment_group(
            applicationName=SYSTEM,
            deploymentGroupName=group,
            serviceRoleArn=self.account.role(),
            deploymentConfigName="CodeDeployDefault.LambdaCanary10Percent5Minutes",
            deploymentStyle={"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
            autoRollbackConfiguration=ROLLBACK,
        )

    def physical(self, name: str) -> str:
        return f"{SYSTEM}-{name}-{STAGE}"

    def publish(self, name: str, version: str, **environment: str) -> str:
        """Publish an artifact version, with changed environment variables; returns the number it got."""
        functions, physical = self.account.client("lambda"), self.physical(name)
        variables = {**self.environment, "RELEASE": version, **environment}
        functions.update_function_configuration(FunctionName=physical, Environment={"Variables": variables})
        code = catalogue.function(SYSTEM, name, version).content
        return str(functions.update_function_code(FunctionName=physical, ZipFile=code, Publish=True)["Version"])

    def serving(self, name: str) -> tuple[str, Any]:
        alias = self.account.client("lambda").get_alias(FunctionName=self.physical(name), Name="live")
        return alias["FunctionVersion"], (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}

    def start(self, name: str, target: str, yaml: bool = False) -> str:
        """Start a deployment of a function to a published version."""
        properties = {
            "Name": self.physical(name),
            "Alias": "live",
            "CurrentVersion": self.serving(name)[0],
            "TargetVersion": target,
        }
        hooks = [{"BeforeAllowTraffic": HOOKS["pre_traffic"]}, {"AfterAllowTraffic": HOOKS["post_traffic"]}]
        resource = {"Type": "AWS::Lambda::Function", "Properties": properties}
        content = json.dumps({"version": 0.0, "Resources": [{name: resource}], "Hooks": hooks})
        if yaml:
            content = f"# YAML takes JSON, but not the other way round\n{content}"
        made = self.account.client("codedeploy").create_deployment(
            applicationName=SYSTEM,
            deploymentGroupName=self.physical(name),
            revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": content}},
        )
        return str(made["deploymentId"])

    def info(self, deployment: str) -> dict[str, Any]:
        return dict(self.account.client("codedeploy").get_deployment(deploymentId=deployment)["deploymentInfo"])

    def end(self, deployment: str) -> dict[str, Any]:
        return dict(wait_for(lambda: (i := self.info(deployment))["status"] in OVER and i, 40, "the deployment's end"))

    def hand_in(self, design: str = FLAWED) -> str:
        answer = ask(f"{self.url}/jobs", "POST", json.dumps({"design": design}).encode())
        assert answer.status == 202, answer.body
        return str(answer.json["job_id"])

    def job(self, job_id: str) -> dict[str, Any]:
        return dict(ask(f"{self.url}/jobs/{job_id}").json)

    def done(self, job_id: str) -> dict[str, Any]:
        return dict(wait_for(lambda: (j := self.job(job_id))["status"] != "queued" and j, 20, "the job"))

    def dead_letters(self) -> list[str]:
        sqs = self.account.client("sqs")
        found = sqs.receive_message(QueueUrl=self.dead, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [message["Body"] for message in found.get("Messages", [])]


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    (tmp_path / "account").mkdir()
    account = Account(tmp_path / "account" / "state").start()
    yield System(account)
    account.kill()


def test_a_job_goes_through_the_api_and_the_queue_and_poison_to_the_dead_letters(system: System) -> None:
    assert ask(f"{system.url}/health").json == {"status": "ok", "release": "1.0.0", "stage": STAGE}
    done = system.done(system.hand_in())
    assert (done["status"], done["release"]) == ("completed", "1.0.0")
    assert len(done["findings"]) == 3
    assert ask(f"{system.url}/jobs/nobody").status == 404
    assert ask(f"{system.url}/jobs", "POST", b"{}").status == 400
    for name in ("api", "worker"):
        answer, _ = system.account.invoke(system.physical(name), {"test": True})
        assert answer["status"] == "ok"

    system.account.client("sqs").send_message(QueueUrl=system.queue, MessageBody="poison")
    assert wait_for(system.dead_letters, 20, "the dead letter") == ["poison"]


@pytest.mark.long
def test_good_versions_of_both_functions_pass_their_canaries(system: System) -> None:
    api, worker = system.publish("api", "1.1.0"), system.publish("worker", "1.1.0")
    running = [system.start("api", api), system.start("worker", worker, yaml=True)]
    wait_for(lambda: system.serving("api") == ("1", {api: 0.1}), what="the canary")
    ends = [system.end(deployment) for deployment in running]
    assert [end["status"] for end in ends] == ["Succeeded", "Succeeded"], ends
    assert (system.serving("api"), system.serving("worker")) == ((api, {}), (worker, {}))
    assert ask(f"{system.url}/health").json["release"] == "1.1.0"
    done = system.done(system.hand_in())
    assert (done["release"], done["summary"]) == ("1.1.0", {"critical": 2, "high": 3, "medium": 1})


@pytest.mark.parametrize("name", ["api", pytest.param("worker", marks=pytest.mark.long)])
def test_a_version_that_fails_the_smoke_test_gets_no_traffic_and_is_taken_back(name: str, system: System) -> None:
    target = system.publish(name, "1.1.0", JOBS_TABLE="no-such-table")
    began = system.serving(name)
    found = system.end(system.start(name, target))
    assert (found["status"], found["errorInformation"]["code"]) == ("Failed", "HOOK_EXECUTION_FAILURE")
    assert "BeforeAllowTraffic" in found["errorInformation"]["message"]
    assert found["rollbackInfo"]["rollbackDeploymentId"]
    assert system.serving(name) == began == ("1", {})


@pytest.mark.long
def test_a_version_that_hangs_is_reported_before_the_hook_is_timed_out(system: System) -> None:
    functions, hook = system.account.client("lambda"), HOOKS["pre_traffic"]
    functions.update_function_configuration(FunctionName=hook, Timeout=8)
    functions.update_function_configuration(FunctionName=system.physical("worker"), Timeout=30)
    slow = package("import time\ndef handler(event, context): time.sleep(25)\n")
    target = functions.update_function_code(FunctionName=system.physical("worker"), ZipFile=slow, Publish=True)
    found = system.end(system.start("worker", target["Version"]))
    assert (found["status"], found["errorInformation"]["code"]) == ("Failed", "HOOK_EXECUTION_FAILURE")
    assert system.serving("worker") == ("1", {})
    wait_for(lambda: system.account.total("AWS/Lambda", "Invocations", {"FunctionName": hook}) == 1, what="the hook")
    assert system.account.total("AWS/Lambda", "Errors", {"FunctionName": hook}) == 0


@pytest.mark.long
def test_the_faulty_api_passes_the_smoke_test_and_its_alarm_takes_it_back(system: System) -> None:
    watch = system.account.client("cloudwatch")
    watch.put_metric_alarm(
        AlarmName="api-5xx",
        Namespace="AWS/ApiGateway",
        MetricName="5XXError",
        Dimensions=[{"Name": "ApiName", "Value": f"{SYSTEM}-{STAGE}"}, {"Name": "Stage", "Value": STAGE}],
        Statistic="Sum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    deploy = system.account.client("codedeploy")
    half = {"type": "TimeBasedCanary", "timeBasedCanary": {"canaryPercentage": 50, "canaryInterval": 60}}
    deploy.create_deployment_config(deploymentConfigName="half", computePlatform="Lambda", trafficRoutingConfig=half)
    deploy.update_deployment_group(
        applicationName=SYSTEM,
        currentDeploymentGroupName=system.physical("api"),
        alarmConfiguration={"enabled": True, "alarms": [{"name": "api-5xx"}]},
        deploymentConfigName="half",
    )
    known = system.hand_in()
    target = system.publish("api", "2.0.0")
    deployment = system.start("api", target)
    wait_for(lambda: system.serving("api") == ("1", {target: 0.5}), what="the canary")
    statuses = []
    while system.info(deployment)["status"] == "InProgress":
        statuses += [ask(f"{system.url}/jobs/{known}").status for _ in range(20)]
    found = system.info(deployment)
    assert (found["status"], found["errorInformation"]["code"]) == ("Stopped", "ALARM_ACTIVE"), found
    assert statuses.count(502) > 5
    assert set(statuses) == {200, 502}
    assert wait_for(lambda: system.serving("api") == ("1", {}), what="the way back")
    assert {ask(f"{system.url}/jobs/{known}").status for _ in range(20)} == {200}


@pytest.mark.long
def test_the_faulty_worker_makes_dead_letters_which_the_good_one_can_do(system: System) -> None:
    functions, sqs = system.account.client("lambda"), system.account.client("sqs")
    target = system.publish("worker", "2.0.0")
    functions.update_alias(FunctionName=system.physical("worker"), Name="live", FunctionVersion=target)
    job_id = system.hand_in()
    (letter,) = wait_for(system.dead_letters, 20, "the dead letter")
    assert json.loads(letter) == {"job_id": job_id}
    failed = system.job(job_id)
    assert (failed["status"], failed["release"]) == ("failed", "2.0.0")

    functions.update_alias(FunctionName=system.physical("worker"), Name="live", FunctionVersion="1")
    sqs.send_message(QueueUrl=system.queue, MessageBody=letter)
    done = wait_for(lambda: (j := system.job(job_id))["status"] == "completed" and j, 20, "the job")
    assert (done["release"], "reason" in done) == ("1.0.0", False)
