"""The real engine and the real SDK: what a user of a stack sees."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.paths import ROOT
from sandbox.providers.aws import VERSION
from sandbox.providers.install import install
from sandbox.setup import no_engine_logs
from tests.sandbox.providers.aws.makers import zipped
from tests.toolchain.trial_project import Project
from toolchain import pulumi_cli
from toolchain.paths import cache
from toolchain.progress import Progress

pytestmark = [pytest.mark.engine]

PROGRAM = """
import json, os
import pulumi
import pulumi_aws as aws

say = json.loads(os.environ["SAY"])
account = aws.get_caller_identity().account_id
trust = aws.iam.get_policy_document(statements=[{
    "actions": ["sts:AssumeRole"],
    "principals": [{"type": "Service", "identifiers": ["lambda.amazonaws.com"]}],
}])
role = aws.iam.Role("role", assume_role_policy=trust.json)
dlq = aws.sqs.Queue("dlq")
queue = aws.sqs.Queue(
    "queue",
    visibility_timeout_seconds=60,
    redrive_policy=pulumi.Output.json_dumps({"deadLetterTargetArn": dlq.arn, "maxReceiveCount": 3}),
)
table = aws.dynamodb.Table(
    "table",
    name=say.get("table"),
    hash_key=say.get("key", "pk"),
    billing_mode="PAY_PER_REQUEST",
    attributes=[{"name": say.get("key", "pk"), "type": "S"}],
    ttl={"enabled": True, "attribute_name": "expires"},
    point_in_time_recovery={"enabled": True},
    opts=pulumi.ResourceOptions(protect=say.get("protect", False), retain_on_delete=say.get("retain", False)),
)
bucket = aws.s3.Bucket("bucket", force_destroy=True)
aws.s3.BucketVersioning("versioning", bucket=bucket.id, versioning_configuration={"status": "Enabled"})
function = aws.lambda_.Function(
    "function",
    role=role.arn,
    runtime="python3.11",
    handler="handler.handler",
    s3_bucket="code",
    s3_key=say.get("code", "v1.zip"),
    publish=True,
    environment={"variables": {"TABLE": table.name}},
    reserved_concurrent_executions=5,
)
alias = aws.lambda_.Alias("live", name="live", function_name=function.name, function_version=function.version)
aws.lambda_.EventSourceMapping("source", event_source_arn=queue.arn, function_name=alias.arn, batch_size=5)
permission = aws.lambda_.Permission(
    "allow", action="lambda:InvokeFunction", function=function.name, qualifier=alias.name,
    principal="s3.amazonaws.com", source_arn=bucket.arn,
)
aws.s3.BucketNotification(
    "notification", bucket=bucket.id,
    lambda_functions=[{"lambda_function_arn": alias.arn, "events": ["s3:ObjectCreated:*"], "filter_prefix": "in/"}],
    opts=pulumi.ResourceOptions(depends_on=[permission]),
)
topic = aws.sns.Topic("alarms")
aws.cloudwatch.MetricAlarm(
    "errors", comparison_operator="GreaterThanThreshold", evaluation_periods=1, metric_name="Errors",
    namespace="AWS/Lambda", period=60, statistic="Sum", threshold=5, alarm_actions=[topic.arn],
    dimensions={"FunctionName": function.name},
    opts=pulumi.ResourceOptions(ignore_changes=say.get("ignore", [])),
)
aws.ssm.Parameter("password", type="SecureString", value=pulumi.Output.secret("hunter-two"))
database = aws.rds.Instance(
    "database", engine="postgres", instance_class="db.t3.micro", allocated_storage=20, username="app",
    manage_master_user_password=True, skip_final_snapshot=True,
)
pulumi.export("version", function.version)
pulumi.export("alias", alias.function_version)
pulumi.export("table", table.name)
pulumi.export("secret", database.master_user_secrets)
pulumi.export("account", account)
names = {"function": function.name, "queue": queue.url, "bucket": bucket.bucket, "topic": topic.arn}
pulumi.export("names", names)
"""


class Stack:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.told: dict[str, Any] = {}

    def run(self, *arguments: str, fails: bool = False) -> str:
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.project.folder,
            env={**self.project.environment, "SAY": json.dumps(self.told)},
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    def up(self, fails: bool = False) -> str:
        return self.run("up", "--yes", "--skip-preview", fails=fails)

    def steps(self, *options: str) -> dict[str, str]:
        """Resource name -> operation of a preview, without those that stay."""
        text = self.run("preview", "--json", *options)
        steps = json.loads(text[text.index("{") :])["steps"]
        return {step["urn"].rsplit("::", 1)[1]: step["op"] for step in steps if step["op"] not in ("same", "refresh")}

    def outputs(self) -> dict[str, Any]:
        return self.project.outputs()


@pytest.fixture
def stack(account: str, client: Callable[[str], Any], tmp_path: Path) -> Stack:
    tools = pulumi_cli.ensure(cache(), Progress(quiet=True))
    project = Project.at(tmp_path, tools)
    install(tmp_path / "home", "aws", VERSION, "sandbox.providers.aws", Path(sys.executable), ROOT)
    no_engine_logs(tmp_path / "home")
    project.environment["AWS_ENDPOINT_URL"] = account
    project.environment["AWS_REGION"] = "us-east-1"
    project.runtime(virtualenv=sys.prefix)
    project.program(PROGRAM)
    made = Stack(project)
    made.run("stack", "init", "dev")
    s3 = client("s3")
    s3.create_bucket(Bucket="code")
    for version in ("v1", "v2"):
        s3.put_object(Bucket="code", Key=f"{version}.zip", Body=zipped(f"VERSION = '{version}'"))
    return made


@pytest.mark.long
def test_up_drift_and_code_change(stack: Stack, client: Callable[[str], Any]) -> None:
    preview = stack.steps()
    assert preview["function"] == preview["notification"] == "create"

    stack.up()
    assert stack.outputs()["version"] == stack.outputs()["alias"] == "1"
    assert stack.outputs()["account"] == "123456789012"
    assert stack.outputs()["secret"][0]["secret_arn"].startswith("arn:aws:secretsmanager:")
    assert "hunter-two" not in stack.project.state()
    stack.run("refresh", "--yes", "--skip-preview", "--expect-no-changes")

    stack.told["code"] = "v2.zip"
    assert stack.steps() == {"function": "update", "live": "update"}
    stack.up()
    assert stack.outputs()["version"] == stack.outputs()["alias"] == "2"

    expected = drift(stack, client)
    stack.run("refresh", "--yes", "--skip-preview")
    assert stack.steps() == expected
    stack.up()
    assert stack.steps("--refresh") == {}
    table = client("dynamodb").describe_continuous_backups(TableName=stack.outputs()["table"])
    status = table["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    assert status == "ENABLED"
    stack.run("destroy", "--yes", "--skip-preview")
    assert client("dynamodb").list_tables()["TableNames"] == []


def drift(stack: Stack, client: Callable[[str], Any]) -> dict[str, str]:
    """Change things by hand; which steps that should bring."""
    names, table = stack.outputs()["names"], stack.outputs()["table"]
    name = names["function"]
    functions, tables, bucket = client("lambda"), client("dynamodb"), names["bucket"]
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": {"TABLE": "other"}})
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    functions.update_alias(FunctionName=name, Name="live", FunctionVersion="1")
    tables.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    )
    client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    client("s3").put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    client("sqs").set_queue_attributes(QueueUrl=names["queue"], Attributes={"VisibilityTimeout": "5"})
    client("sns").delete_topic(TopicArn=names["topic"])
    watch = client("cloudwatch")
    alarm = watch.describe_alarms()["MetricAlarms"][0]
    allowed = ("AlarmName", "ComparisonOperator", "EvaluationPeriods", "MetricName", "Namespace", "Period", "Statistic")
    watch.put_metric_alarm(**{key: alarm[key] for key in allowed}, Threshold=50, Dimensions=alarm["Dimensions"])
    return {
        "function": "update",
        "live": "update",
        "table": "update",
        "versioning": "update",
        "notification": "update",
        "queue": "update",
        "alarms": "create",
        "errors": "update",
    }


@pytest.mark.long
def test_replacement_protection_and_retention(stack: Stack, client: Callable[[str], Any]) -> None:
    stack.up()
    first = stack.outputs()["table"]
    stack.told.update(key="id", protect=True)
    assert stack.steps()["table"] in ("create-replacement", "replace")
    stack.up()
    second = stack.outputs()["table"]
    assert first != second
    assert client("dynamodb").list_tables()["TableNames"] == [second]

    stack.told["key"] = "other"
    assert "protect" in stack.up(fails=True)
    assert second in client("dynamodb").list_tables()["TableNames"]
    stack.told.update(key="id", protect=False, retain=True, ignore=["threshold"])
    stack.up()
    client("cloudwatch").delete_alarms(
        AlarmNames=[client("cloudwatch").describe_alarms()["MetricAlarms"][0]["AlarmName"]]
    )
    assert stack.steps("--refresh")["errors"] == "create"
    stack.run("destroy", "--yes", "--skip-preview")
    assert second in client("dynamodb").list_tables()["TableNames"]


def test_import_of_existing_things(stack: Stack, client: Callable[[str], Any]) -> None:
    stack.project.program("import pulumi\n")
    client("sqs").create_queue(
        QueueName="theirs", Attributes={"VisibilityTimeout": "45", "MaximumMessageSize": "262144"}
    )
    url = client("sqs").get_queue_url(QueueName="theirs")["QueueUrl"]
    client("dynamodb").create_table(
        TableName="theirs",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )
    asked = [
        {"type": "aws:sqs/queue:Queue", "name": "queue", "id": url},
        {"type": "aws:dynamodb/table:Table", "name": "table", "id": "theirs"},
        {"type": "aws:s3/bucket:Bucket", "name": "bucket", "id": "code"},
    ]
    stack.project.write("import.json", json.dumps({"resources": asked}))
    stack.run("import", "--file", "import.json", "--generate-code=false", "--yes", "--skip-preview")
    stack.project.program(
        "import pulumi_aws as aws, pulumi\n"
        "keep = pulumi.ResourceOptions(protect=True)\n"
        "aws.sqs.Queue('queue', name='theirs', visibility_timeout_seconds=45, opts=keep)\n"
        "aws.dynamodb.Table('table', name='theirs', billing_mode='PAY_PER_REQUEST', hash_key='pk',\n"
        "    attributes=[{'name': 'pk', 'type': 'S'}], opts=keep)\n"
        "aws.s3.Bucket('bucket', bucket='code', opts=keep)\n"
    )
    steps = stack.steps()
    assert steps == {}
