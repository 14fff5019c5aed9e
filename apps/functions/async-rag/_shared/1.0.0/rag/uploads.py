"""Documents as they arrive: S3 ObjectCreated events (Amazon S3, "Event message structure") and their objects."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from rag import aws


@dataclass(frozen=True)
class Upload:
    """One object in a bucket."""

    bucket: str
    key: str
    etag: str = ""

    @property
    def document_id(self) -> str:
        """The same id for the same bucket and key, so that a repeated event means the same document."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"s3://{self.bucket}/{self.key}"))

    @property
    def title(self) -> str:
        """The file name without folder and ending, its separators as spaces."""
        stem = self.key.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        return stem.replace("-", " ").replace("_", " ")


def from_event(event: dict[str, Any]) -> list[Upload]:
    """Return the PDF uploads of an S3 event; keys in events are URL-encoded."""
    uploads = []
    for record in event.get("Records", []):
        if not record.get("eventName", "").startswith("ObjectCreated:"):
            continue
        stored = record["s3"]["object"]
        upload = Upload(record["s3"]["bucket"]["name"], unquote_plus(stored["key"]), stored.get("eTag", ""))
        if upload.key.lower().endswith(".pdf"):
            uploads.append(upload)
    return uploads


def read(upload: Upload) -> bytes:
    """Return the object's bytes.

    Raises:
        botocore.exceptions.ClientError: the object is gone or may not be read.
    """
    content: bytes = aws.client("s3").get_object(Bucket=upload.bucket, Key=upload.key)["Body"].read()
    return content
