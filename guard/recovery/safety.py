"""Whether copies are safe where they lie: who owns the recovery bucket, who may read it, and what deletes from it.

S3 API reference: HeadBucket, GetPublicAccessBlock, GetBucketEncryption, GetBucketVersioning,
GetBucketLifecycleConfiguration.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from core import project
from core.errors import ServiceError, code

CLOCKS = timedelta(minutes=5)
"""How far this machine's clock may be from the service's."""
OUTLIVES = timedelta(days=7)
"""How long a copy has to stay after its store is deleted, at the least."""
_WORDS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
CLOSED = dict.fromkeys(_WORDS, True)
"""The public access block of a private bucket."""
ENCRYPTED = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
_ENCRYPT = '{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}'
FOREIGN = ("403", "AccessDenied", "Forbidden", "BucketAlreadyExists")
"""What S3 answers where a bucket is another account's; a HEAD request has the status alone."""


def set_up(s3: Any, bucket: str) -> None:
    """Make a new bucket private, encrypted and versioned."""
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=CLOSED)
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=ENCRYPTED)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


def refuse_foreign(error: BaseException, bucket: str) -> None:
    """Raise ``ServiceError`` where an answer says that a bucket is another account's."""
    if code(error) in FOREIGN:
        raise ServiceError(
            f"recovery bucket {bucket} belongs to another account, or this one may not read it; name a bucket of this "
            f"account: {project.current().name_bucket('NAME')}"
        ) from None


def refuse_unsafe(s3: Any, bucket: str) -> None:
    """Raise ``ServiceError``, with the command that fixes it, for a bucket to which no copy should be trusted."""
    try:
        answer = s3.head_bucket(Bucket=bucket)
    except Exception as error:
        refuse_foreign(error, bucket)
        raise
    refuse_wrong_clock(answer)
    blocks = _setting(s3.get_public_access_block, bucket, "NoSuchPublicAccessBlockConfiguration")
    block = blocks.get("PublicAccessBlockConfiguration", {})
    if not all(block.get(word) for word in _WORDS):
        words = ",".join(f"{word}=true" for word in _WORDS)
        command = f"put-public-access-block --public-access-block-configuration {words}"
        raise _unsafe(bucket, "can be made public: block public access", command)
    if not _setting(s3.get_bucket_encryption, bucket, "ServerSideEncryptionConfigurationNotFoundError"):
        command = f"put-bucket-encryption --server-side-encryption-configuration '{_ENCRYPT}'"
        raise _unsafe(bucket, "isn't encrypted", command)
    if s3.get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled":
        command = "put-bucket-versioning --versioning-configuration Status=Enabled"
        raise _unsafe(bucket, "keeps no versions", command)


def refuse_wrong_clock(answer: Mapping[str, Any]) -> None:
    """Raise ``ServiceError`` where this machine's clock is another than the service's, by the date of its answer.

    Approvals expire and recovery points age by this machine's clock; boto3 signs by the service's, and says nothing.
    """
    told = str(((answer.get("ResponseMetadata") or {}).get("HTTPHeaders") or {}).get("date") or "")
    try:
        there = parsedate_to_datetime(told)
    except ValueError:
        return  # not every server of S3's protocol says when it answers
    off = datetime.now(UTC) - (there if there.tzinfo else there.replace(tzinfo=UTC))
    if abs(off) > CLOCKS:
        minutes = round(abs(off).total_seconds() / 60)
        raise ServiceError(
            f"this machine's clock is {minutes} min {'ahead of' if off > timedelta() else 'behind'} the account's: "
            "approvals and recovery points can't be judged by it; set it right (timedatectl set-ntp true)"
        )


def refuse_expiring(s3: Any, bucket: str, prefix: str, made_at: datetime, now: datetime) -> None:
    """Raise ``ServiceError`` where a lifecycle rule of the bucket deletes what lies under a prefix too soon."""
    found = _setting(s3.get_bucket_lifecycle_configuration, bucket, "NoSuchLifecycleConfiguration")
    for rule in found.get("Rules", ()):
        if rule.get("Status") != "Enabled" or not _overlaps(_prefix(rule), prefix):
            continue
        ends = _end(rule.get("Expiration") or {}, made_at)
        if ends is not None and ends < now + OUTLIVES:
            raise ServiceError(
                f"the copy in s3://{bucket}/{prefix} expires on {ends:%Y-%m-%d} by lifecycle rule "
                f"{rule.get('ID', '(unnamed)')!r} of the recovery bucket; have it keep copies longer: "
                f"aws s3api get-bucket-lifecycle-configuration --bucket {bucket}"
            )


def _setting(look: Any, bucket: str, none: str) -> dict[str, Any]:
    """A setting of a bucket; empty where S3 says that there is none."""
    try:
        found: dict[str, Any] = look(Bucket=bucket)
    except Exception as error:
        if code(error) == none:
            return {}
        raise
    return found


def _unsafe(bucket: str, what: str, command: str) -> ServiceError:
    verb, _, rest = command.partition(" ")
    return ServiceError(f"recovery bucket {bucket} {what}: aws s3api {verb} --bucket {bucket} {rest}")


def _prefix(rule: Mapping[str, Any]) -> str:
    """What a rule is about; tags and sizes narrow it further, but copies bear the tags of what they are copies of."""
    chosen = rule.get("Filter") or {}
    return str(rule.get("Prefix") or chosen.get("Prefix") or (chosen.get("And") or {}).get("Prefix") or "")


def _overlaps(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _end(expiration: Mapping[str, Any], made_at: datetime) -> datetime | None:
    if expiration.get("Days"):
        return made_at + timedelta(days=int(expiration["Days"]))
    date = expiration.get("Date")
    return date if isinstance(date, datetime) else None
