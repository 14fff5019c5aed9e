"""async-rag: the aliases of its functions, its health address, and a document that goes all the way."""

from __future__ import annotations

import json
import time
import urllib.error
import uuid
from collections.abc import Mapping
from typing import Any

from guard.recovery.clients import client
from scripts.systems import web
from scripts.systems.functions import running
from scripts.systems.pdf import one_page_pdf
from scripts.systems.waiting import looks
from stacks.async_rag import AsyncRagRelease
from stacks.selection import Selected

PATIENCE = 180.0
"""Seconds a document may take: three minutes (seed 000, level 1, step 3)."""


def runs(chosen: Selected, told: Mapping[str, Any], region: str) -> str:
    """The pinned release, when every live alias runs the code that it pins. Raises what boto3 raises."""
    assert isinstance(chosen.release, AsyncRagRelease)
    return running(chosen.version, told["functions"], chosen.release.functions, region)


def look(told: Mapping[str, Any]) -> str:
    """The logs of the query handler, and its health."""
    function = str(told["functions"]["query_handler"]).split(":")[-2]
    return f"aws logs tail /aws/lambda/{function}; curl {told['health']}"


def health(told: Mapping[str, Any], _region: str) -> str:
    """The health address answers with the release that was deployed."""
    return web.release_of(told)


def document(told: Mapping[str, Any], region: str) -> str:
    """A PDF that is put into the bucket can be found by a query (seed 000, "Post-Rollback Verification")."""
    word = f"check{uuid.uuid4().hex[:12]}"
    bucket, key = told["stores"]["bucket"], f"rollback-checks/{word}.pdf"
    client("s3", region).put_object(Bucket=bucket, Key=key, Body=one_page_pdf(f"The word is {word}."))
    began = time.monotonic()
    for _ in looks(PATIENCE):
        if word in _ask(told["endpoints"]["query"], word):
            return f"s3://{bucket}/{key} was found by a query after {time.monotonic() - began:.1f} s"
    raise TimeoutError(f"s3://{bucket}/{key} can't be found by a query after {PATIENCE:.0f} s")


def _ask(api: str, text: str) -> str:
    """What a query finds, as text."""
    try:
        found = web.post(f"{api}/query", {"query": text, "top_k": 3})
    except urllib.error.HTTPError as error:
        if error.code < 500:
            raise
        return ""
    return json.dumps(found.get("results", []))


CHECKS = {"health": health, "document": document}
