"""The API and the worker of security-assistant in all their versions, side by side on one table and one queue."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from apps import catalogue
from tests.support.versions import newest_always

from .assistant_parts import EVERY, FLAWED, FLAWS, MORE_FLAWS, SOUND, SYSTEM, Version, load

TABLE = "security-assistant-jobs-test"
Deploy = Callable[[str, str], Version]


@dataclass
class Account:
    """The stores of one stage."""

    queue: str

    def messages(self) -> list[dict[str, Any]]:
        """Take what waits in the queue, as the records that Lambda gets."""
        sqs = boto3.client("sqs")
        found = sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return [{"messageId": message["MessageId"], "body": message["Body"]} for message in found]

    def item(self, job_id: str) -> dict[str, Any]:
        """A job as it lies in the table."""
        return dict(boto3.client("dynamodb").get_item(TableName=TABLE, Key={"job_id": {"S": job_id}})["Item"])


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "sandbox")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws(config={"core": {"reset_boto3_session": False}}):
        boto3.client("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "job_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "job_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        made = Account(boto3.client("sqs").create_queue(QueueName="processing")["QueueUrl"])
        told = {"STAGE": "test", "JOBS_TABLE": TABLE, "PROCESSING_QUEUE_URL": made.queue, "RELEASE": "v9.9.9"}
        for name, value in told.items():
            monkeypatch.setenv(name, value)
        yield made


@pytest.fixture
def deploy(account: Account, tmp_path: Path) -> Deploy:
    loaded: dict[tuple[str, str], Version] = {}

    def start(function: str, version: str) -> Version:
        if (function, version) not in loaded:
            loaded[function, version] = load(function, version, tmp_path / f"{function}-{version}")
        return loaded[function, version]

    return start


def accept(api: Version, design: str = FLAWED) -> str:
    status, body = api.ask("POST", "/jobs", {"design": design})
    assert status == 202
    return str(body["job_id"])


def rules(job: dict[str, Any]) -> set[str]:
    return {finding["rule"] for finding in job["findings"]}


def test_the_releases_find_versions_of_everything() -> None:
    found = {(artifact.function, artifact.version) for artifact in catalogue.functions() if artifact.system == SYSTEM}
    hooks = {("pre_traffic", "1.0.0"), ("post_traffic", "1.0.0")}
    assert found == hooks | set(itertools.product(("api", "worker"), EVERY))
    faulty = {artifact.version for artifact in catalogue.functions() if artifact.system == SYSTEM and artifact.fault}
    assert faulty == {"2.0.0"}


@pytest.mark.parametrize("version", newest_always(SOUND))
def test_a_job_goes_through(version: str, account: Account, deploy: Deploy) -> None:
    api, worker = deploy("api", version), deploy("worker", version)
    job_id = accept(api)
    status, queued = api.ask("GET", f"/jobs/{job_id}")
    assert (status, queued["status"], "findings" in queued, "release" in queued) == (200, "queued", False, False)

    assert worker({"Records": account.messages()}) == {"batchItemFailures": []}
    status, done = api.ask("GET", f"/jobs/{job_id}")
    assert (status, done["status"], done["release"]) == (200, "completed", "v9.9.9")
    assert rules(done) == (FLAWS if version == "1.0.0" else MORE_FLAWS)
    severities = [finding["severity"] for finding in done["findings"]]
    assert severities == sorted(severities, key=["critical", "high", "medium", "low"].index)


def test_every_version_shows_more_than_the_one_before(account: Account, deploy: Deploy) -> None:
    shown = {}
    for version in SOUND:
        job_id = accept(deploy("api", version))
        deploy("worker", version)({"Records": account.messages()})
        shown[version] = deploy("api", version).ask("GET", f"/jobs/{job_id}")[1]
    assert "summary" not in shown["1.0.0"]
    assert shown["1.1.0"]["summary"] == {"critical": 2, "high": 3, "medium": 1}
    assert ("score" in shown["1.1.0"], shown["1.2.0"]["score"]) == (False, 10)
    fields = {version: set(job["findings"][0]) for version, job in shown.items()}
    assert fields["1.0.0"] == fields["1.1.0"] == {"rule", "severity", "message"}
    assert fields["1.2.0"] == {*fields["1.1.0"], "score"}
    assert fields["1.3.0"] == {*fields["1.2.0"], "suggestion"}
    assert shown["1.2.0"]["findings"][0]["score"] == 10


@pytest.mark.parametrize(
    ("taking", "working"),
    [
        pytest.param(*pair, marks=() if set(pair) == set(SOUND[-2:]) else pytest.mark.long)
        for pair in itertools.product(SOUND, SOUND)
    ],
)
def test_versions_read_each_others_jobs(taking: str, working: str, account: Account, deploy: Deploy) -> None:
    """A job that one version took and another did is read by all, and done again by all."""
    job_id = accept(deploy("api", taking))
    records = account.messages()
    deploy("worker", working)({"Records": records})
    for reading in SOUND:
        job = deploy("api", reading).ask("GET", f"/jobs/{job_id}")[1]
        assert rules(job) == (FLAWS if working == "1.0.0" else MORE_FLAWS)
        assert ("score" in job) == (min(reading, working) >= "1.2.0")
        assert ("suggestion" in job["findings"][0]) == (min(reading, working) >= "1.3.0")
    for again in SOUND:
        deploy("worker", again)({"Records": records})
        job = deploy("api", "1.3.0").ask("GET", f"/jobs/{job_id}")[1]
        assert ("score" in job) == (again >= "1.2.0"), "a result is replaced whole"


def test_jobs_of_the_faulty_version_are_read_and_done_by_the_others(account: Account, deploy: Deploy) -> None:
    job_id = accept(deploy("api", "2.0.0"))
    records = account.messages()
    with pytest.raises(Exception, match="Float types are not supported"):
        deploy("worker", "2.0.0")({"Records": records})
    for version in SOUND:
        job = deploy("api", version).ask("GET", f"/jobs/{job_id}")[1]
        assert (job["status"], "Float" in job["reason"]) == ("failed", True)
    deploy("worker", "1.0.0")({"Records": records})
    done = deploy("api", "1.0.0").ask("GET", f"/jobs/{job_id}")[1]
    assert (done["status"], "reason" in done, rules(done)) == ("completed", False, FLAWS)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (None, "must be JSON"),
        ("[1]", "must be a text"),
        ('{"design": " "}', "must be a text"),
        ('{"design": 5}', "must be a text"),
        (json.dumps({"design": "a" * 50_001}), "50001 characters; up to 50000"),
    ],
)
def test_bad_requests_are_told_why(body: str | None, reason: str, account: Account, deploy: Deploy) -> None:
    status, answer = deploy("api", "1.3.0").ask("POST", "/jobs", body)
    assert status == 400
    assert reason in answer["error"]
    assert account.messages() == []


def test_the_longest_design_fits_into_an_item(account: Account, deploy: Deploy) -> None:
    job_id = accept(deploy("api", "1.3.0"), "\U0001f5dd" * 50_000)
    deploy("worker", "1.3.0")({"Records": account.messages()})
    assert deploy("api", "1.3.0").ask("GET", f"/jobs/{job_id}")[1]["findings"] == []


def test_encoded_bodies_are_read_and_other_routes_are_not_found(account: Account, deploy: Deploy) -> None:
    api = deploy("api", "1.0.0")
    body = base64.b64encode(json.dumps({"design": FLAWED}).encode()).decode()
    assert api({"httpMethod": "POST", "path": "/jobs/", "body": body, "isBase64Encoded": True})["statusCode"] == 202
    assert api.ask("GET", "/jobs/nobody") == (404, {"error": "there is no job nobody"})
    for method, path in (("GET", "/"), ("GET", "/jobs"), ("DELETE", "/jobs/1"), ("GET", "/jobs/1/2")):
        assert api.ask(method, path)[0] == 404


@pytest.mark.parametrize("version", EVERY)
def test_health_and_the_direct_test_tell_the_release(version: str, account: Account, deploy: Deploy) -> None:
    expected = {"status": "ok", "release": "v9.9.9", "stage": "test"}
    assert deploy("api", version).ask("GET", "/health") == (200, expected)
    assert deploy("api", version)({"test": True}) == expected
    dry = deploy("worker", version)({"test": True})
    assert dry.pop("findings") > 0
    assert dry == expected
    assert boto3.client("dynamodb").scan(TableName=TABLE)["Count"] == 0


@pytest.mark.parametrize("broken", ["JOBS_TABLE", "PROCESSING_QUEUE_URL"])
def test_health_follows_the_table_and_the_queue(
    broken: str, account: Account, deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(broken, "https://sqs.us-east-1.amazonaws.com/123456789012/nowhere")
    status, found = deploy("api", "1.0.0").ask("GET", "/health")
    assert (status, found["status"]) == (503, "unhealthy")
    assert deploy("api", "1.0.0")({"test": True})["status"] == "unhealthy"


def test_a_job_that_cannot_be_queued_says_so(account: Account, deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCESSING_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/123456789012/nowhere")
    with pytest.raises(Exception, match="NonExistentQueue"):
        deploy("api", "1.0.0").ask("POST", "/jobs", {"design": FLAWED})
    (item,) = boto3.client("dynamodb").scan(TableName=TABLE)["Items"]
    assert (item["status"]["S"], item["reason"]["S"]) == ("failed", "it could not be queued")


def test_one_bad_message_does_not_hold_up_the_others(account: Account, deploy: Deploy) -> None:
    job_id = accept(deploy("api", "1.0.0"))
    poison = [{"messageId": "poison", "body": "{"}, {"messageId": "stray", "body": '{"job_id": "nobody"}'}]
    answer = deploy("worker", "1.0.0")({"Records": [poison[0], *account.messages(), poison[1]]})
    assert answer == {"batchItemFailures": [{"itemIdentifier": "poison"}, {"itemIdentifier": "stray"}]}
    assert account.item(job_id)["status"]["S"] == "completed"
    assert boto3.client("dynamodb").scan(TableName=TABLE)["Count"] == 1
    with pytest.raises(Exception, match="all 2 messages failed, the first with JSONDecodeError"):
        deploy("worker", "1.0.0")({"Records": poison})


def test_the_faulty_api_fails_where_older_jobs_are_and_asks_for_each_of_them(account: Account, deploy: Deploy) -> None:
    faulty = deploy("api", "2.0.0")
    asked: list[str] = []
    events = faulty.aws.client("dynamodb").meta.events
    events.register("before-call.dynamodb.GetItem", lambda **call: asked.append(call["model"].name))
    counts = []
    for number in range(3):
        asked.clear()
        accept(faulty, f"design {number}")
        counts.append(len(asked))
    assert counts == [0, 1, 2]

    job_id = accept(deploy("api", "1.3.0"))
    with pytest.raises(KeyError, match="fingerprint"):
        faulty.ask("POST", "/jobs", {"design": "another"})
    with pytest.raises(KeyError, match="fingerprint"):
        faulty.ask("GET", f"/jobs/{job_id}")
    assert faulty.ask("GET", "/health")[0] == 200


def test_the_faulty_worker_loses_findings_where_it_does_not_fail(account: Account, deploy: Deploy) -> None:
    design = "Documents lie in a public bucket behind a portal."
    job_id = accept(deploy("api", "1.3.0"), design)
    records = account.messages()
    found = []
    for version in ("1.3.0", "2.0.0"):
        deploy("worker", version)({"Records": records})
        found.append(rules(deploy("api", "1.3.0").ask("GET", f"/jobs/{job_id}")[1]))
    assert found[0] == {"public-bucket", "authentication", "encryption-at-rest"}
    assert found[1] < found[0]
    assert len(found[1]) == 2


@pytest.mark.parametrize("flawless", ["It only draws pictures.", "The API uses OIDC and writes an audit log."])
def test_the_faulty_worker_fails_on_a_design_without_flaws(flawless: str, account: Account, deploy: Deploy) -> None:
    accept(deploy("api", "1.3.0"), flawless)
    records = account.messages()
    assert deploy("worker", "1.3.0")({"Records": records}) == {"batchItemFailures": []}
    with pytest.raises(Exception, match="StatisticsError"):
        deploy("worker", "2.0.0")({"Records": records})


@pytest.mark.parametrize(
    ("design", "expected"),
    [
        ("The API is open.", {"authentication", "audit-logging"}),
        ("The API has no authentication, and writes a log.", {"authentication"}),
        ("The API authenticates callers with JWT and logs every call.", set()),
        ("Data lies in a database.", {"encryption-at-rest"}),
        ("Data lies in a database that is not yet encrypted.", {"encryption-at-rest"}),
        ("Data lies in a database. Its disks are encrypted with KMS.", set()),
        ("There is no database.", set()),
        ("The bucket is not public. It is encrypted.", set()),
        ("The bucket blocks public access. It is encrypted.", set()),
        ("The bucket is publicly readable. It is encrypted.", {"public-bucket"}),
        ("Passwords lie in the source code.", {"secrets-in-code"}),
        ("Passwords are not kept in the code.", set()),
        ("It calls http://partner.example.com/feed.", {"encryption-in-transit"}),
        ("The job runs with full access.", {"least-privilege"}),
    ],
)
def test_what_the_rules_find(design: str, expected: set[str], deploy: Deploy) -> None:
    found = deploy("worker", "1.1.0").analysis.analyse(design)["findings"]
    assert {finding["rule"] for finding in found} == expected
    early = deploy("worker", "1.0.0").analysis.analyse(design)["findings"]
    assert {finding["rule"] for finding in early} == expected & FLAWS


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(design=st.text(max_size=300))
def test_any_text_is_analysed_alike_every_time(design: str, deploy: Deploy) -> None:
    found = [deploy("worker", version).analysis.analyse(design) for version in SOUND]
    assert found == [deploy("worker", version).analysis.analyse(design) for version in SOUND]
    names = [{finding["rule"] for finding in result["findings"]} for result in found]
    assert names[0] <= names[1] == names[2] == names[3]
