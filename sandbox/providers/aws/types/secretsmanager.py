"""AWS Secrets Manager: secrets and their versions."""

from __future__ import annotations

import base64
import hashlib
import uuid

from sandbox.providers.aws.api import AwsError, NotFoundError
from sandbox.providers.aws.model import Part, Props, Scope, Type


def _make_secret(scope: Scope, props: Props) -> Props:
    names = {"name": "Name", "description": "Description", "kmsKeyId": "KmsKeyId"}
    request: Props = {api: props[name] for name, api in names.items() if props.get(name)}
    tags = [{"Key": key, "Value": value} for key, value in sorted((props.get("tags") or {}).items())]
    answer = scope.call("create_secret", **request, Tags=tags)
    if props.get("policy"):
        scope.call("put_resource_policy", SecretId=answer["ARN"], ResourcePolicy=props["policy"])
    return answer


def _look_secret(scope: Scope, props: Props) -> Props:
    found = scope.call("describe_secret", SecretId=props["arn"])
    if found.get("DeletedDate"):
        raise NotFoundError(f"secret {props['arn']} is scheduled for deletion")
    tags = {item["Key"]: item["Value"] for item in found.get("Tags") or [] if not item["Key"].startswith("aws:")}
    live: Props = {
        "arn": found["ARN"],
        "name": found["Name"],
        "description": found.get("Description") or None,
        "kmsKeyId": found.get("KmsKeyId"),
        "tags": tags,
        "tagsAll": tags,
    }
    if "policy" in props:
        live["policy"] = scope.call("get_resource_policy", SecretId=props["arn"]).get("ResourcePolicy")
    return live


def _change_secret(scope: Scope, props: Props, old: Props, changed: set[str]) -> None:
    if changed & {"description", "kmsKeyId"}:
        key = {"KmsKeyId": props["kmsKeyId"]} if props.get("kmsKeyId") else {}
        scope.call("update_secret", SecretId=old["arn"], Description=props.get("description", ""), **key)
    if "policy" in changed:
        if props.get("policy"):
            scope.call("put_resource_policy", SecretId=old["arn"], ResourcePolicy=props["policy"])
        else:
            scope.call("delete_resource_policy", SecretId=old["arn"])


def _write_tags(scope: Scope, props: Props, old: Props) -> None:
    before, after = old.get("tags") or {}, props.get("tags") or {}
    gone = sorted(set(before) - set(after))
    if gone:
        scope.call("untag_resource", SecretId=props["arn"], TagKeys=gone)
    if after:
        tags = [{"Key": key, "Value": value} for key, value in after.items()]
        scope.call("tag_resource", SecretId=props["arn"], Tags=tags)


def _remove_secret(scope: Scope, props: Props) -> None:
    days = int(props.get("recoveryWindowInDays", 30))
    window: Props = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
    try:
        scope.call("delete_secret", SecretId=props["arn"], **window)
    except NotFoundError:
        raise
    except AwsError as error:
        if "deleted" in str(error):  # it is scheduled for deletion already
            return
        raise


SECRET = Type(
    "aws:secretsmanager/secret:Secret",
    "secretsmanager",
    key=("arn",),
    identify=lambda _scope, _props, answer: str(answer["ARN"]),
    autoname="name",
    replace=("name", "namePrefix", "type"),
    defaults={"recoveryWindowInDays": 30, "forceOverwriteReplicaSecret": False},
    make=_make_secret,
    look=_look_secret,
    change=_change_secret,
    remove=_remove_secret,
    parts=(Part(("tags",), _write_tags, at_create=False),),
)


def _content(props: Props) -> Props:
    if props.get("secretBinary") is not None:
        return {"SecretBinary": base64.b64decode(props["secretBinary"])}
    return {"SecretString": props.get("secretString", props.get("secretStringWo", ""))}


def _make_version(scope: Scope, props: Props) -> Props:
    stages = {"VersionStages": props["versionStages"]} if props.get("versionStages") else {}
    # the same content in the same place makes the same version, on every run
    facts = f"{scope.urn}|{props['secretId']}|{_content(props)}"
    token = str(uuid.UUID(hashlib.sha256(facts.encode()).hexdigest()[:32], version=4))
    return scope.call(
        "put_secret_value", SecretId=props["secretId"], ClientRequestToken=token, **_content(props), **stages
    )


def _look_version(scope: Scope, props: Props) -> Props:
    found = scope.call("get_secret_value", SecretId=props["secretId"], VersionId=props["versionId"])
    binary = found.get("SecretBinary")
    return {
        "secretId": props["secretId"],
        "versionId": found["VersionId"],
        "versionStages": sorted(found.get("VersionStages") or []),
        "secretString": found.get("SecretString"),
        "secretBinary": base64.b64encode(binary).decode() if binary else None,
        "secretArn": found["ARN"],
        "arn": found["ARN"],
        "hasSecretStringWo": False,
    }


def _change_version(scope: Scope, props: Props, old: Props, changed: set[str]) -> None:
    if "versionStages" not in changed:
        return
    before, after = set(old.get("versionStages") or []), set(props.get("versionStages") or ["AWSCURRENT"])
    for stage in sorted(after - before):
        holders = scope.call("describe_secret", SecretId=props["secretId"]).get("VersionIdsToStages") or {}
        holder = next((version for version, stages in holders.items() if stage in stages), None)
        source = {"RemoveFromVersionId": holder} if holder else {}
        scope.call(
            "update_secret_version_stage",
            SecretId=props["secretId"],
            VersionStage=stage,
            MoveToVersionId=props["versionId"],
            **source,
        )
    for stage in sorted(before - after - {"AWSCURRENT", "AWSPREVIOUS"}):
        _unstage(scope, props, stage)


def _unstage(scope: Scope, props: Props, stage: str) -> None:
    scope.call(
        "update_secret_version_stage",
        SecretId=props["secretId"],
        VersionStage=stage,
        RemoveFromVersionId=props["versionId"],
    )


def _remove_version(scope: Scope, props: Props) -> None:
    """Versions go when no stage names them; the current one stays until another takes its place."""
    found = scope.call("describe_secret", SecretId=props["secretId"])
    stages = (found.get("VersionIdsToStages") or {}).get(props["versionId"]) or []
    for stage in sorted(set(stages) - {"AWSCURRENT"}):
        _unstage(scope, props, stage)


def _version_key(resource_id: str) -> Props:
    secret, _, version = resource_id.rpartition("|")
    return {"secretId": secret, "versionId": version}


VERSION = Type(
    "aws:secretsmanager/secretVersion:SecretVersion",
    "secretsmanager",
    key=("secretId", "versionId"),
    parse=_version_key,
    identify=lambda _scope, props, answer: f"{props['secretId']}|{answer['VersionId']}",
    replace=("secretId", "secretString", "secretBinary", "secretStringWoVersion"),
    make=_make_version,
    look=_look_version,
    change=_change_version,
    remove=_remove_version,
)

TYPES = (SECRET, VERSION)
