"""The artifact bucket and the recovery bucket: there, of this account, private, versioned.

S3 API reference: HeadBucket (404: nobody has the name; 403: somebody else has it, or the caller may not ask),
GetPublicAccessBlock, GetBucketVersioning. Clients say which account has to own the bucket (``ExpectedBucketOwner``).
"""

from __future__ import annotations

from typing import Any

from cli.preflight.rows import DENIED, CheckResult, State, code, fine, missing, unknown

ABSENT = ("404", "NoSuchBucket", "NotFound")
MOVED = ("301", "PermanentRedirect", "400", "BadRequest")
_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_CLOSE = "put-public-access-block --public-access-block-configuration " + ",".join(f"{word}=true" for word in _BLOCKS)
_KEEP = "put-bucket-versioning --versioning-configuration Status=Enabled"


def artifacts_there(s3: Any, bucket: str, region: str, owner: str) -> CheckResult:
    """Whether updates can take zips from the artifact bucket: it is there, this account's, and can be read.

    Raises what boto3 raises for any answer but an absence or a refusal.
    """
    try:
        s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=owner)
    except Exception as error:
        return _not_there(error, "artifact", bucket, region, owner)
    return fine(f"artifact bucket {bucket} is there")


def artifacts(s3: Any, bucket: str, region: str, owner: str) -> CheckResult:
    """The row of the artifact bucket."""
    found = artifacts_there(s3, bucket, region, owner)
    return _kept(s3, "artifact", bucket, owner) if found.state is State.FINE else found


def recovery(s3: Any, bucket: str, owner: str) -> CheckResult:
    """The row of the recovery bucket, which `rollback` makes where nobody has its name."""
    try:
        s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=owner)
    except Exception as error:
        if code(error) in ABSENT:
            return fine(f"recovery bucket {bucket} isn't there yet: the first update makes it, private and versioned")
        return _not_there(error, "recovery", bucket, "", owner)
    return _kept(s3, "recovery", bucket, owner)


def _not_there(error: Exception, kind: str, bucket: str, region: str, owner: str) -> CheckResult:
    setting = f"rollback-stack:{kind}Bucket"
    if code(error) in ABSENT:
        place = "" if region == "us-east-1" else f" --create-bucket-configuration LocationConstraint={region}"
        return missing(
            f"{kind} bucket {bucket} isn't there",
            f"aws s3api create-bucket --bucket {bucket} --region {region}{place}; aws s3api {_spelt(_KEEP, bucket)}; "
            f"then `rollback release publish -s STACK` brings the artifacts; or name another bucket: "
            f"pulumi config set {setting} NAME -s STACK",
        )
    if code(error) in DENIED:
        return missing(
            f"{kind} bucket {bucket} belongs to another account than {owner}, or this role may not read it",
            f"names of buckets are worldwide: choose another (pulumi config set {setting} NAME -s STACK), or give the "
            "role what `rollback preflight -s STACK --policy` prints",
        )
    if code(error) in MOVED:
        return missing(
            f"{kind} bucket {bucket} lies in another region than the stack",
            f"name a bucket of the stack's region: pulumi config set {setting} NAME -s STACK",
        )
    raise error


def _kept(s3: Any, kind: str, bucket: str, owner: str) -> CheckResult:
    """Whether a bucket that is there can't be made public and keeps every version."""
    untold = []
    try:
        answer = s3.get_public_access_block(Bucket=bucket, ExpectedBucketOwner=owner)
        blocks = answer["PublicAccessBlockConfiguration"]
    except Exception as error:
        if code(error) in DENIED:
            untold.append("whether it is private")
        elif code(error) != "NoSuchPublicAccessBlockConfiguration":
            raise
        blocks = dict.fromkeys(_BLOCKS, bool(untold))
    if not all(blocks.get(word) for word in _BLOCKS):
        return missing(f"{kind} bucket {bucket} can be made public", f"aws s3api {_spelt(_CLOSE, bucket)}")
    try:
        versioned = s3.get_bucket_versioning(Bucket=bucket, ExpectedBucketOwner=owner).get("Status") == "Enabled"
    except Exception as error:
        if code(error) not in DENIED:
            raise
        untold.append("whether it keeps versions")
        versioned = True
    if not versioned:
        return missing(f"{kind} bucket {bucket} keeps no versions", f"aws s3api {_spelt(_KEEP, bucket)}")
    if untold:
        return unknown(
            f"{kind} bucket {bucket} is this account's; {' and '.join(untold)} may not be asked",
            "give the role what `rollback preflight -s STACK --policy` prints",
        )
    return fine(f"{kind} bucket {bucket} is this account's, private and versioned")


def _spelt(command: str, bucket: str) -> str:
    verb, _, rest = command.partition(" ")
    return f"{verb} --bucket {bucket} {rest}"
