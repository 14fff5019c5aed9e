"""The stack's own names as ARN patterns: what its resources are called, kind by kind.

A test holds them against the names of every resource that the program declares.
"""

from __future__ import annotations

HERE = "{region}:{account}"

_PREFIXES = ("amplify-rag-{stack}-*", "chromadb-compaction-{stack}-*")
_FUNCTIONS = (*_PREFIXES, "security-assistant-*-{stack}", "CodeDeployHook_security-assistant-*-{stack}")
_QUEUES = (
    "amplify-rag-{stack}-*",
    "receipt-stream-{stack}-*",
    "receipt-label-updates-{stack}*",
    "receipt-metadata-updates-{stack}*",
    "security-assistant-processing*-{stack}",
)
_TABLES = (
    "document-processing-status-{stack}",
    "websocket-connections-{stack}",
    "receipts-{stack}",
    "security-assistant-jobs-{stack}",
)
_TOPICS = (
    "amplify-rag-{stack}-rollback",
    "compaction-{stack}-rollback",
    "cryptique-{stack}-deployments",
    "security-assistant-alarms-{stack}",
)
_ALARMS = ("amplify-rag-{stack}-*", "compaction-{stack}-*", "security-assistant-{stack}-*")
_DASHBOARDS = ("amplify-rag-{stack}", "compaction-{stack}", "security-assistant-{stack}")
_BUCKETS = ("amplify-files-{stack}", "receipt-chroma-{stack}")
_APPLICATIONS = ("cryptique-{stack}", "security-assistant-{stack}")
_ROLES = (*_FUNCTIONS, "cryptique-codedeploy-{stack}", "security-assistant-codedeploy-{stack}")


def _arns(head: str, names: tuple[str, ...], tail: str = "") -> tuple[str, ...]:
    return tuple(f"arn:{{partition}}:{head}{name}{tail}" for name in names)


EVERYWHERE = ("*",)
FUNCTIONS = _arns(f"lambda:{HERE}:function:", _FUNCTIONS)
FUNCTIONS_AND_VERSIONS = (*FUNCTIONS, *_arns(f"lambda:{HERE}:function:", _FUNCTIONS, ":*"))
LAYERS = (f"arn:{{partition}}:lambda:{HERE}:layer:receipt-chroma-{{stack}}",)
LAYER_VERSIONS = (f"{LAYERS[0]}:*",)
MAPPINGS = (f"arn:{{partition}}:lambda:{HERE}:event-source-mapping:*",)
"""Lambda gives them numbers of its own."""
LOG_GROUPS = _arns(f"logs:{HERE}:log-group:/aws/lambda/", _FUNCTIONS)
LOG_GROUPS_AND_STREAMS = (*LOG_GROUPS, *_arns(f"logs:{HERE}:log-group:/aws/lambda/", _FUNCTIONS, ":*"))
"""CloudWatch Logs matches a group by its ARN with ``:*`` behind it in some actions, without it in others."""
QUEUES = _arns(f"sqs:{HERE}:", _QUEUES)
TABLES = _arns(f"dynamodb:{HERE}:table/", _TABLES)
TOPICS = _arns(f"sns:{HERE}:", _TOPICS)
ALARMS = _arns(f"cloudwatch:{HERE}:alarm:", _ALARMS)
DASHBOARDS = _arns("cloudwatch::{account}:dashboard/", _DASHBOARDS)
BUCKETS = _arns("s3:::", _BUCKETS)
OBJECTS = _arns("s3:::", _BUCKETS, "/*")
ARTIFACTS = ("arn:{partition}:s3:::{artifacts}",)
ARTIFACT_OBJECTS = ("arn:{partition}:s3:::{artifacts}/*",)
RECOVERY = ("arn:{partition}:s3:::{recovery}",)
RECOVERY_OBJECTS = ("arn:{partition}:s3:::{recovery}/*",)
DATABASES = (f"arn:{{partition}}:rds:{HERE}:db:rag-postgres-{{stack}}",)
DATABASE_PARTS = tuple(f"arn:{{partition}}:rds:{HERE}:{kind}:*" for kind in ("subgrp", "pg", "og"))
"""Subnet, parameter and option groups: RDS's own defaults, and those that settings name."""
RDS_SECRETS = (f"arn:{{partition}}:secretsmanager:{HERE}:secret:rds!db-*",)
"""RDS keeps the master user's password under names of its own."""
PARAMETERS = (f"arn:{{partition}}:ssm:{HERE}:parameter/cryptique/{{stack}}/*",)
APPLICATIONS = _arns(f"codedeploy:{HERE}:application:", _APPLICATIONS)
GROUPS = _arns(f"codedeploy:{HERE}:deploymentgroup:", _APPLICATIONS, "/*")
DEPLOYMENT_CONFIGS = (f"arn:{{partition}}:codedeploy:{HERE}:deploymentconfig:*",)
HOSTS = (f"arn:{{partition}}:codedeploy:{HERE}:instance:*",)
ROLES = _arns("iam::{account}:role/", _ROLES)
PASSED_TO_FUNCTIONS = _arns("iam::{account}:role/", _FUNCTIONS)
PASSED_TO_CODEDEPLOY = _arns("iam::{account}:role/", _ROLES[-2:])
REST_APIS = tuple(f"arn:{{partition}}:apigateway:{{region}}::/restapis{tail}" for tail in ("", "/*"))
"""API Gateway gives APIs ids of its own, so that names can't narrow it: every API of the account and region."""
HTTP_APIS = tuple(f"arn:{{partition}}:apigateway:{{region}}::/apis{tail}" for tail in ("", "/*"))
API_TAGS = ("arn:{partition}:apigateway:{region}::/tags/*",)
