"""Does it work? A system is asked the way its users ask, after every update."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

PATIENCE = 180.0
"""Seconds a document may take: three minutes (seed 000, level 1, step 3)."""
PAUSE = 0.5


@dataclass(frozen=True)
class Check:
    """One check and its result."""

    system: str
    name: str
    passed: bool
    detail: str


def check(outputs: Mapping[str, Any], region: str) -> list[Check]:
    """Check every deployed system of a stack; what a check runs into is its detail, never an exception."""
    deployed = outputs.get("systems") or {}
    checks: list[Check] = []
    if "async-rag" in deployed:
        told = deployed["async-rag"]
        checks.append(_run("async-rag", "health", lambda: _health(told)))
        checks.append(_run("async-rag", "document", lambda: _document(told, region)))
    if "rag-api" in deployed:
        checks.append(_run("rag-api", "pods", lambda: _pods(deployed["rag-api"])))
    return checks


def _run(system: str, name: str, work: Callable[[], str]) -> Check:
    try:
        return Check(system, name, True, work())
    except Exception as error:  # a check's finding is data: whatever happened is what it found
        return Check(system, name, False, f"{type(error).__name__}: {error}".splitlines()[0])


def _health(told: Mapping[str, Any]) -> str:
    """The health address answers with the release that was deployed."""
    with urllib.request.urlopen(told["health"], timeout=30) as answer:  # noqa: S310 - an address of our own output
        body = json.load(answer)
    if body.get("release") != told["release"]:
        raise AssertionError(f"{told['health']} answers for {body.get('release')}, not {told['release']}")
    return f"{told['health']} answers for {body['release']}"


def _document(told: Mapping[str, Any], region: str) -> str:
    """A PDF that is put into the bucket can be found by a query (seed 000, "Post-Rollback Verification")."""
    import boto3

    word = f"check{uuid.uuid4().hex[:12]}"
    bucket, key = told["stores"]["bucket"], f"rollback-checks/{word}.pdf"
    boto3.client("s3", region_name=region).put_object(Bucket=bucket, Key=key, Body=one_page_pdf(f"The word is {word}."))
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE:
        if word in _ask(told["endpoints"]["query"], word):
            return f"s3://{bucket}/{key} was found by a query after {time.monotonic() - began:.1f} s"
        time.sleep(PAUSE)
    raise TimeoutError(f"s3://{bucket}/{key} can't be found by a query after {PATIENCE:.0f} s")


def _ask(api: str, text: str) -> str:
    """What a query finds, as text."""
    body = json.dumps({"query": text, "top_k": 3}).encode()
    request = urllib.request.Request(f"{api}/query", data=body, headers={"content-type": "application/json"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            found = json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code < 500:
            raise
        return ""
    return json.dumps(found.get("results", []))


def _pods(told: Mapping[str, Any]) -> str:
    """All pods run and are ready, and there are enough of them (seed 001, "Verification Checklist")."""
    from kubernetes import client, config

    config.load_kube_config()
    api = client.CoreV1Api()
    wanted, began = int(told["replicas"]), time.monotonic()
    while True:
        pods = api.list_namespaced_pod(told["namespace"], label_selector="app=rag-api,track=stable").items
        live = [pod for pod in pods if pod.metadata.deletion_timestamp is None]
        ready = [pod for pod in live if _is_ready(pod)]
        if len(ready) >= wanted and len(ready) == len(live):
            return f"{len(ready)} pods ready"
        if time.monotonic() - began > PATIENCE:
            raise TimeoutError(f"{len(ready)} of {max(wanted, len(live))} pods ready after {PATIENCE:.0f} s")
        time.sleep(PAUSE)


def _is_ready(pod: Any) -> bool:
    return any(each.type == "Ready" and each.status == "True" for each in pod.status.conditions or [])


def one_page_pdf(text: str) -> bytes:
    """A PDF of one page with one line of text (PDF 1.4 reference, section 3.4: file structure)."""
    shown = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    stream = f"BT /F1 12 Tf 72 720 Td ({shown}) Tj ET".encode("latin-1")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    document, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(document))
        document += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(document))
    return document + b"xref\n0 %d\n0000000000 65535 f \n%b%b" % (len(objects) + 1, table, trailer)
