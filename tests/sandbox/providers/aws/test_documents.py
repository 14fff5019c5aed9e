"""The plugin beside the documents: each input's kind, default, values, conflicts and replacement rule."""

from __future__ import annotations

import pytest

from sandbox.providers.aws import docstrings, limits, resource, schema, types
from sandbox.providers.aws.docstrings import Said
from sandbox.providers.aws.model import DEFAULTED
from tests.components.mocked import run_program
from tests.support.aws_documents import TABLE, differences, explanations, table, uses

SENTENCES = [
    ("Boolean designating a FIFO queue. If not set, it defaults to `false` making it standard.", Said("false")),
    ("The default for this attribute is 262144 (256 KiB).", Said("262144")),
    ("The default value is 29,000 milliseconds.", Said("29000")),
    ("Default `false`.", Said("false")),
    ('The default is "CodeDeployDefault.OneAtATime".', Said("CodeDeployDefault.OneAtATime")),
    ("Defaults to '7'.", Said("7")),
    ("Minimum and default of -1 (forever), maximum of 10000.", Said("-1")),
    ("By default, clients can invoke the API with the default `https://example` endpoint.", Said()),
    ("Defaults to `100` for DynamoDB, Kinesis, MQ and MSK, `10` for SQS.", Said()),
    ("If not specified, defaults to `false` during create operations.", Said()),
    ('The default is "io1" if `iops` is specified, "gp2" if not.', Said()),
    ("Valid values are `messageGroup` and `queue` (default).", Said("queue", ("messageGroup", "queue"))),
    ('Valid values: `"PassThrough"`, `"Active"`.', Said(values=("PassThrough", "Active"))),
    ("Valid Values: 0, 1, 5, 10.", Said(values=("0", "1", "5", "10"))),
    ("Valid values are `10`, `20`, `30`, or any multiple of `60`.", Said()),
    ("Valid values between 60 and 21600.", Said()),
    ('Valid values are `["x86_64"]` and `["arm64"]`.', Said()),
    ("Conflicts with `image_uri` and `s3_bucket`.", Said(conflicts=("image_uri", "s3_bucket"))),
    ("Cannot be set with `s3_import`, or `snapshot_identifier`.", Said(conflicts=("s3_import", "snapshot_identifier"))),
    ("Changing this forces a new resource to be created.", Said(forces=True)),
    ("This attribute cannot be changed after creation.", Said(forces=True)),
    ("Map of keys and values that, when changed, will trigger a redeployment.", Said(forces=True)),
    ("Downgrading an `Advanced` tier parameter to `Standard` will recreate the resource.", Said()),
]


@pytest.mark.parametrize(("text", "said"), SENTENCES)
def test_a_description_says(text: str, said: Said) -> None:
    assert docstrings.read(text) == said


@pytest.fixture(scope="module")
def found() -> set[tuple[str, str]]:
    return {(each.aspect, each.input) for each in differences()}


def test_every_difference_is_explained_once_and_every_explanation_is_of_one(found: set[tuple[str, str]]) -> None:
    named = [(each.aspect, name) for each in explanations() for name in each.inputs]
    assert len(named) == len(set(named))
    assert found - set(named) == set(), "fix the plugin, or add a reason to differences.yaml"
    assert set(named) - found == set(), "explained, and no difference any more: take it out of differences.yaml"
    assert all(len(each.reason) > 20 for each in explanations())


def test_the_table_is_what_the_documents_and_the_plugin_say() -> None:
    assert table() == TABLE.read_text(), "python -m tests.support.aws_documents, and read the difference"


def test_the_schema_is_what_the_installed_sdk_says() -> None:
    for token in ("aws:sqs/queue:Queue", "aws:rds/instance:Instance", "aws:lambda/function:Function"):
        resource_ = schema.of(token)
        described = schema.describe(token)
        assert described["said"] == resource_.said
        assert described["inputs"] == resource_.inputs
        assert set(described["required"]) == resource_.required


def test_what_is_refused_as_not_emulated_is_not_emulated() -> None:
    for kind in types.everything():
        assert {name for name in kind.unemulated if uses(kind, name)} == set(), kind.token
        assert kind.unemulated <= set(kind.inputs), kind.token


REFUSED = [
    ("aws:dynamodb/table:Table", {"billingMode": "FREE"}, "billingMode", "PROVISIONED, PAY_PER_REQUEST, got FREE"),
    (
        "aws:lambda/eventSourceMapping:EventSourceMapping",
        {"functionResponseTypes": ["All"]},
        "functionResponseTypes",
        "All",
    ),
    ("aws:sqs/queue:Queue", {"name": "a", "namePrefix": "b"}, "namePrefix", "conflicts with name"),
    ("aws:s3/bucket:Bucket", {"versioning": {"enabled": True}}, "versioning", "doesn't emulate versioning"),
    ("aws:dynamodb/table:Table", {"restoreSourceName": "before"}, "restoreSourceName", "doesn't emulate"),
]


@pytest.mark.parametrize(("token", "props", "name", "text"), REFUSED)
def test_the_plugin_refuses(token: str, props: dict[str, object], name: str, text: str) -> None:
    assert text in limits.broken(types.find(token), props)[name]


TAKEN = [
    ("aws:dynamodb/table:Table", {"billingMode": "PAY_PER_REQUEST"}),
    ("aws:dynamodb/table:Table", {"billingMode": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}),
    ("aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 14}),
    ("aws:sqs/queue:Queue", {"name": "a", "namePrefix": ""}),
    ("aws:s3/bucket:Bucket", {"versioning": {"enabled": False}}),
]


@pytest.mark.parametrize(("token", "props"), TAKEN)
def test_the_plugin_takes(token: str, props: dict[str, object]) -> None:
    assert limits.broken(types.find(token), props) == {}


@pytest.mark.parametrize("stack", [pytest.param("dev", marks=pytest.mark.long), "prod"])
def test_the_program_asks_for_nothing_that_is_refused(stack: str) -> None:
    declared = [each for each in run_program(stack).resources.values() if each.typ.startswith("aws:")]
    assert len(declared) > 50
    broken = {each.name: limits.broken(types.find(each.typ), each.inputs) for each in declared}
    assert {name: texts for name, texts in broken.items() if texts} == {}


def test_a_default_that_older_inputs_lack_changes_nothing() -> None:
    kind = types.find("aws:apigatewayv2/integration:Integration")
    new = {"apiId": "a", "passthroughBehavior": "WHEN_NO_MATCH", DEFAULTED: ["passthroughBehavior"]}
    assert resource.changed_keys(kind, {"apiId": "a"}, new) == set()
    assert resource.changed_keys(kind, {"apiId": "a", "passthroughBehavior": "NEVER"}, new) == {"passthroughBehavior"}


REPLACES = [
    ("aws:apigateway/integration:Integration", "credentials", True),
    ("aws:apigateway/integration:Integration", "passthroughBehavior", True),
    ("aws:apigateway/integration:Integration", "connectionType", False),
    ("aws:lambda/function:Function", "codeSigningConfigArn", False),
    ("aws:lambda/permission:Permission", "invokedViaFunctionUrl", True),
    ("aws:lambda/eventSourceMapping:EventSourceMapping", "topics", True),
    ("aws:rds/instance:Instance", "backupTarget", True),
    ("aws:rds/instance:Instance", "performanceInsightsKmsKeyId", False),
    ("aws:secretsmanager/secret:Secret", "type", True),
    ("aws:dynamodb/table:Table", "restoreDateTime", True),
]


@pytest.mark.parametrize(("token", "name", "replaced"), REPLACES)
def test_a_change_replaces_or_not(token: str, name: str, replaced: bool) -> None:
    assert (name in types.find(token).replace) is replaced
