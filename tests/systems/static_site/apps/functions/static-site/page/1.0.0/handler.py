"""Serves the pages of a bucket, and says which release it is."""

from __future__ import annotations

import os
from typing import Any

import boto3

S3 = boto3.client("s3")
FOOTER = "<footer>The site</footer>"
"""What stands below every page."""


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer with the page of a path; ``/health`` names the release."""
    release, path = os.environ["RELEASE"], str(event.get("path", "/"))
    if path == "/health":
        return {"status": "ok", "release": release}
    key = path.lstrip("/") or "index.html"
    page = S3.get_object(Bucket=os.environ["PAGES_BUCKET"], Key=key)["Body"].read().decode()
    return {"statusCode": 200, "headers": {"Content-Type": "text/html"}, "body": page + FOOTER}
