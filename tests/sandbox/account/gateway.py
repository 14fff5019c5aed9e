"""A function behind APIs that tells what it was asked, and requests to it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

SOURCE = """
import json, time

def handler(event, context):
    path = event.get("path") or event.get("rawPath")
    if path.endswith("/raise"):
        raise ValueError("boom")
    if path.endswith("/malformed"):
        return {"statusCode": "many"}
    if path.endswith("/slow"):
        time.sleep(0.3)
    if path.endswith("/event"):
        return {"statusCode": 200, "body": json.dumps(event)}
    if path.endswith("/teapot"):
        return {"statusCode": 418, "body": "short", "multiValueHeaders": {"X-Two": ["a", "b"]}}
    return {"statusCode": 200, "headers": {"X-Version": context.function_version}, "body": json.dumps({
        "key": event.get("resource") or event.get("routeKey"), "parameters": event.get("pathParameters"),
        "query": event.get("queryStringParameters"), "body": event.get("body"),
        "method": event.get("httpMethod") or event["requestContext"]["http"]["method"],
    })}
"""


@dataclass
class Answer:
    status: int
    headers: Any
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(url: str, method: str = "GET", data: bytes | None = None, **headers: str) -> Answer:
    request = urllib.request.Request(url, data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as got:
            return Answer(got.status, got.headers, got.read().decode())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read().decode())


def function(account: Any, name: str) -> str:
    """Make a function of `SOURCE` with an alias `live`; returns the alias's ARN."""
    arn = account.function(name, SOURCE, Publish=True)
    account.client("lambda").create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    return f"{arn.removesuffix(':1')}:live"


def permit(account: Any, alias: str, source: str, sid: str = "from-api") -> None:
    """Let API Gateway invoke an alias (ARN) for requests whose ARN ends like `source` (api/stage/METHOD/path)."""
    _, name, qualifier = alias.rsplit(":", 2)
    account.client("lambda").add_permission(
        FunctionName=name,
        Qualifier=qualifier,
        StatementId=sid,
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:us-east-1:{account.id}:{source}",
    )


def invocation(alias: str) -> str:
    """The URI of an integration that invokes a function."""
    return f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{alias}/invocations"
