"""A real PostgreSQL, an in-process AWS account, and artifacts loaded from their built zips as Lambda would."""

from __future__ import annotations

import importlib
import io
import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import boto3
import psycopg
import pytest
from moto import mock_aws

from apps import catalogue
from sandbox import postgres
from sandbox.paths import free_ports

START_SECONDS = 30
BUCKET = "amplify-files-test"
STATUS_TABLE = "document-processing-status-test"
CONNECTIONS_TABLE = "websocket-connections-test"

Row = tuple[Any, ...]


@pytest.fixture(scope="session")
def postgres_login(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of its own, as the connection string of its superuser."""
    data, (port,) = tmp_path_factory.mktemp("postgres") / "data", free_ports(1)
    command = [sys.executable, "-m", "sandbox.postgres", "--port", str(port), "--data-dir", str(data)]
    server = subprocess.Popen(command)
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                login = f"host=127.0.0.1 port={port} dbname=postgres user={postgres.SUPERUSER}"
                login += f" password={postgres.password(data)}"
                psycopg.connect(login).close()
                break
            except (psycopg.OperationalError, FileNotFoundError):
                assert server.poll() is None, "the PostgreSQL server ended at its start"
                assert time.monotonic() < deadline, f"no PostgreSQL after {START_SECONDS} s"
                time.sleep(0.1)
        yield login
    finally:
        server.terminate()
        server.wait(timeout=START_SECONDS)


@pytest.fixture
def database(postgres_login: str) -> Iterator[psycopg.Connection[Row]]:
    """A connection to the database, empty."""
    with psycopg.connect(postgres_login, autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
        yield connection


@dataclass
class Account:
    """What the functions of one stage have around them."""

    vdr_queue: str
    text_rag_queue: str

    def upload(self, key: str, content: bytes) -> dict[str, Any]:
        """Put an object and return the event that S3 sends for it."""
        stored = boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=content)
        # In events keys are URL-encoded, spaces as plus signs.
        described = {"key": key.replace(" ", "+"), "size": len(content), "eTag": stored["ETag"].strip('"')}
        s3 = {"bucket": {"name": BUCKET}, "object": described}
        return {"Records": [{"eventName": "ObjectCreated:Put", "eventSource": "aws:s3", "s3": s3}]}

    def receive(self, queue: str) -> dict[str, Any]:
        """Take up to ten messages from a queue, as the event that Lambda gets."""
        sqs = boto3.client("sqs")
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return {"Records": [{"messageId": message["MessageId"], "body": message["Body"]} for message in messages]}

    def status(self, document_id: str) -> dict[str, str]:
        """A document's item in the status table."""
        item = boto3.client("dynamodb").get_item(TableName=STATUS_TABLE, Key={"document_id": {"S": document_id}})
        return {name: str(value["S"]) for name, value in item["Item"].items()}

    def connections(self) -> dict[str, dict[str, Any]]:
        """The items of the connections table."""
        items = boto3.client("dynamodb").scan(TableName=CONNECTIONS_TABLE)["Items"]
        return {item["connection_id"]["S"]: dict(item) for item in items}


@pytest.fixture
def account(database: psycopg.Connection[Row], monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """The account, with the functions' environment variables set."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "sandbox")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    # A new boto3 session for each test would read the service models again each time.
    with mock_aws(config={"core": {"reset_boto3_session": False}}):
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        sqs = boto3.client("sqs")
        made = Account(*(sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("vdr", "text-rag")))
        _tables()
        secret = json.dumps({"username": database.info.user, "password": database.info.password})
        arn = boto3.client("secretsmanager").create_secret(Name="rag", SecretString=secret)["ARN"]
        variables = {
            "STAGE": "test",
            "DOCUMENTS_BUCKET": BUCKET,
            "VDR_QUEUE_URL": made.vdr_queue,
            "TEXT_RAG_QUEUE_URL": made.text_rag_queue,
            "STATUS_TABLE": STATUS_TABLE,
            "CONNECTIONS_TABLE": CONNECTIONS_TABLE,
            "DB_HOST": "127.0.0.1",
            "DB_PORT": str(database.info.port),
            "DB_NAME": database.info.dbname,
            "DB_SECRET_ARN": arn,
            "WEBSOCKET_ENDPOINT": "",
            "RELEASE": "v9.9.9",
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield made


def _tables() -> None:
    dynamodb = boto3.client("dynamodb")
    dynamodb.create_table(
        TableName=STATUS_TABLE,
        KeySchema=[{"AttributeName": "document_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "document_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.create_table(
        TableName=CONNECTIONS_TABLE,
        KeySchema=[{"AttributeName": "connection_id", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": "connection_id", "AttributeType": "S"},
            {"AttributeName": "document_id", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-document",
                "KeySchema": [{"AttributeName": "document_id", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )


Invoke = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture
def deploy(tmp_path: Path) -> Iterator[Callable[[str, str], Invoke]]:
    """Start workers: each unpacks a function version's zip in its own folder and imports the handler from there."""
    databases: list[ModuleType] = []

    def start(function: str, version: str) -> Invoke:
        folder = tmp_path / f"{function}-{version}-{len(databases)}"
        with zipfile.ZipFile(io.BytesIO(catalogue.function("async-rag", function, version).content)) as package:
            package.extractall(folder)
        before = set(sys.modules)
        sys.path.insert(0, str(folder))
        try:
            module = importlib.import_module("handler")
            databases.append(importlib.import_module("rag.database"))
        finally:
            sys.path.remove(str(folder))
            for name in set(sys.modules) - before:
                if str(folder) in (getattr(sys.modules[name], "__file__", "") or ""):
                    del sys.modules[name]
        return lambda event: cast(dict[str, Any], module.handler(event, None))

    yield start
    for loaded in databases:
        connection = loaded._Worker.connection
        if connection is not None:
            connection.close()
