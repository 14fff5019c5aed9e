"""The provider's functions (invokes)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.providers.aws.api import Api, AwsError
from sandbox.providers.aws.model import Props

Function = Callable[[Api, str, Props], Props]


def _caller(api: Api, _region: str, _args: Props) -> Props:
    found = api.caller()
    return {"accountId": found["Account"], "arn": found["Arn"], "userId": found["UserId"], "id": found["Account"]}


def _region(_api: Api, region: str, args: Props) -> Props:
    chosen = args.get("name") or region
    return {
        "id": chosen,
        "name": chosen,
        "region": chosen,
        "description": chosen,
        "endpoint": f"ec2.{chosen}.amazonaws.com",
    }


def _partition(_api: Api, _region: str, _args: Props) -> Props:
    return {"id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}


def _one_or_all(values: list[Any]) -> Any:
    """IAM's form of a list: a single entry stands by itself; several are sorted, later names first."""
    return values[0] if len(values) == 1 else sorted(values, reverse=True)


def _principals(blocks: list[Props]) -> Any:
    joined: dict[str, list[str]] = {}
    for block in blocks:
        joined.setdefault(block["type"], []).extend(block["identifiers"])
    if joined == {"*": ["*"]}:
        return "*"
    return {kind: _one_or_all(names) for kind, names in joined.items()}


def _statement(block: Props) -> Props:
    statement: Props = {}
    if block.get("sid"):
        statement["Sid"] = block["sid"]
    statement["Effect"] = block.get("effect") or "Allow"
    for name, api in (
        ("actions", "Action"),
        ("notActions", "NotAction"),
        ("resources", "Resource"),
        ("notResources", "NotResource"),
    ):
        if block.get(name):
            statement[api] = _one_or_all(block[name])
    for name, api in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if block.get(name):
            statement[api] = _principals(block[name])
    conditions: dict[str, dict[str, Any]] = {}
    for condition in block.get("conditions") or []:
        held = conditions.setdefault(condition["test"], {})
        before = held.get(condition["variable"], [])
        values = [*(before if isinstance(before, list) else [before]), *condition["values"]]
        held[condition["variable"]] = values[0] if len(values) == 1 else values
    if conditions:
        statement["Condition"] = conditions
    return statement


def _merged(document: Props, texts: list[str], replace: bool) -> None:
    """Add the statements of other policies; with `replace` they take the place of those with their Sid."""
    for text in texts:
        for statement in _statements(json.loads(text)):
            same = [index for index, own in enumerate(document["Statement"]) if own.get("Sid") == statement.get("Sid")]
            if statement.get("Sid") and same and replace:
                document["Statement"][same[0]] = statement
            else:
                document["Statement"].append(statement)


def _statements(document: Mapping[str, Any]) -> list[Props]:
    found = document.get("Statement") or []
    return found if isinstance(found, list) else [found]


def _policy_document(_api: Api, _region: str, args: Props) -> Props:
    version = args.get("version") or "2012-10-17"
    document: Props = {"Version": version}
    if args.get("policyId"):
        document["Id"] = args["policyId"]
    document["Statement"] = []
    _merged(document, args.get("sourcePolicyDocuments") or [], replace=False)
    for block in args.get("statements") or []:
        statement = _statement(block)
        text = json.dumps({"Statement": [statement]})
        _merged(document, [text], replace=True)
    _merged(document, args.get("overridePolicyDocuments") or [], replace=True)
    text = json.dumps(document, indent=2)
    return {
        **args,
        "version": version,
        "json": text,
        "minifiedJson": json.dumps(document, separators=(",", ":")),
        "id": str(int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)),
    }


def _secret(api: Api, region: str, args: Props) -> Props:
    found = api.call("secretsmanager", "describe_secret", region, SecretId=args.get("arn") or args.get("name"))
    return {
        "id": found["ARN"],
        "arn": found["ARN"],
        "name": found["Name"],
        "description": found.get("Description", ""),
        "kmsKeyId": found.get("KmsKeyId", ""),
        "tags": {item["Key"]: item["Value"] for item in found.get("Tags") or []},
        "policy": "",
        "region": region,
    }


def _secret_version(api: Api, region: str, args: Props) -> Props:
    request = {"SecretId": args["secretId"]}
    if args.get("versionId"):
        request["VersionId"] = args["versionId"]
    else:
        request["VersionStage"] = args.get("versionStage") or "AWSCURRENT"
    found = api.call("secretsmanager", "get_secret_value", region, **request)
    return {
        "id": f"{args['secretId']}|{found['VersionId']}",
        "arn": found["ARN"],
        "secretId": args["secretId"],
        "secretString": found.get("SecretString", ""),
        "secretBinary": (found.get("SecretBinary") or b"").decode("latin-1"),
        "versionId": found["VersionId"],
        "versionStage": args.get("versionStage") or "AWSCURRENT",
        "versionStages": sorted(found.get("VersionStages") or []),
        "createdDate": str(found.get("CreatedDate", "")),
        "region": region,
    }


def _parameter(api: Api, region: str, args: Props) -> Props:
    decrypt = args.get("withDecryption", True) is not False
    found = api.call("ssm", "get_parameter", region, Name=args["name"], WithDecryption=decrypt)["Parameter"]
    plain = found["Value"] if found["Type"] != "SecureString" else ""
    return {
        "id": found["Name"],
        "name": found["Name"],
        "arn": found["ARN"],
        "type": found["Type"],
        "value": found["Value"],
        "insecureValue": plain,
        "version": found["Version"],
        "withDecryption": decrypt,
        "region": region,
    }


def _bucket(api: Api, region: str, args: Props) -> Props:
    name = args["bucket"]
    api.call("s3", "head_bucket", region, Bucket=name)
    return {
        "id": name,
        "bucket": name,
        "arn": f"arn:aws:s3:::{name}",
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{name}.s3.{region}.amazonaws.com",
        "bucketRegion": region,
        "hostedZoneId": "Z3AQBSTGFYJSTF",
        "region": region,
        "websiteDomain": "",
        "websiteEndpoint": "",
    }


def _function_version(api: Api, region: str, args: Props) -> Props:
    """A version by its qualifier; without one the newest published version, or ``$LATEST`` where there is none."""
    name, qualifier = args["functionName"], args.get("qualifier")
    chosen = qualifier or _newest(api, region, name)
    found = api.function(name, str(chosen), region)["Configuration"]
    network = found.get("VpcConfig") or {}
    bare = found["FunctionArn"].removesuffix(f":{found['Version']}")
    return {
        "id": name,
        "functionName": name,
        "qualifier": qualifier,
        "arn": bare,
        "qualifiedArn": f"{bare}:{found['Version']}",
        "version": found["Version"],
        "codeSha256": found["CodeSha256"],
        "sourceCodeHash": found["CodeSha256"],
        "sourceCodeSize": found["CodeSize"],
        "description": found.get("Description", ""),
        "environment": {"variables": (found.get("Environment") or {}).get("Variables") or {}},
        "handler": found["Handler"],
        "layers": [layer["Arn"] for layer in found.get("Layers") or []],
        "lastModified": found["LastModified"],
        "memorySize": found["MemorySize"],
        "role": found["Role"],
        "runtime": found["Runtime"],
        "timeout": found["Timeout"],
        "vpcConfig": {
            "subnetIds": network.get("SubnetIds") or [],
            "securityGroupIds": network.get("SecurityGroupIds") or [],
            "vpcId": network.get("VpcId") or "",
        },
        "region": region,
    }


def _newest(api: Api, region: str, name: str) -> str:
    numbers: list[int] = []
    marker: Props = {}
    while True:
        page = api.call("lambda", "list_versions_by_function", region, FunctionName=name, **marker)
        numbers += [int(item["Version"]) for item in page["Versions"] if item["Version"].isdigit()]
        if not page.get("NextMarker"):
            return str(max(numbers)) if numbers else "$LATEST"
        marker = {"Marker": page["NextMarker"]}


def _object(api: Api, region: str, args: Props) -> Props:
    """An object's metadata; its body, which only texts have there, isn't read."""
    bucket, key = args["bucket"], args["key"]
    found = api.call("s3", "head_object", region, Bucket=bucket, Key=key)
    return {
        "id": f"{bucket}/{key}",
        "bucket": bucket,
        "key": key,
        "arn": f"arn:aws:s3:::{bucket}/{key}",
        "contentLength": found["ContentLength"],
        "contentType": found.get("ContentType", ""),
        "etag": found["ETag"].strip('"'),
        "lastModified": found["LastModified"].strftime("%a, %d %b %Y %H:%M:%S GMT"),
        "metadata": found.get("Metadata") or {},
        "versionId": found.get("VersionId", ""),
        "region": region,
    }


FUNCTIONS: Mapping[str, Function] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller,
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getPartition:getPartition": _partition,
    "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
    "aws:lambda/getFunction:getFunction": _function_version,
    "aws:s3/getBucket:getBucket": _bucket,
    "aws:s3/getObject:getObject": _object,
    "aws:secretsmanager/getSecret:getSecret": _secret,
    "aws:secretsmanager/getSecretVersion:getSecretVersion": _secret_version,
    "aws:ssm/getParameter:getParameter": _parameter,
}


def invoke(api: Api, token: str, args: Props) -> Props:
    """The result of a function by its token. Raises `AwsError`, also for a function that isn't emulated."""
    function = FUNCTIONS.get(token)
    if function is None:
        raise AwsError(f"the sandbox's aws provider has no function {token}")
    return function(api, str(args.get("region") or api.region), args)
