"""The stack's own names as ARN patterns: what its resources are called, kind by kind.

A test holds them against the names of every resource that the program declares.
"""

from __future__ import annotations

from stacks.systems import TABLE

HERE = "{region}:{account}"


def _names(kind: str) -> tuple[str, ...]:
    """What the table of systems says of one kind, system by system."""
    return tuple(name for each in TABLE for name in getattr(each.names, kind))


def _arns(head: str, names: tuple[str, ...], tail: str = "") -> tuple[str, ...]:
    return tuple(f"arn:{{partition}}:{head}{name}{tail}" for name in names)


_FUNCTIONS, _BUCKETS, _APPLICATIONS = _names("functions"), _names("buckets"), _names("applications")
_CODEDEPLOY_ROLES = _names("codedeploy_roles")
EVERYWHERE = ("*",)
FUNCTIONS = _arns(f"lambda:{HERE}:function:", _FUNCTIONS)
FUNCTIONS_AND_VERSIONS = (*FUNCTIONS, *_arns(f"lambda:{HERE}:function:", _FUNCTIONS, ":*"))
LAYERS = _arns(f"lambda:{HERE}:layer:", _names("layers"))
LAYER_VERSIONS = tuple(f"{layer}:*" for layer in LAYERS)
MAPPINGS = (f"arn:{{partition}}:lambda:{HERE}:event-source-mapping:*",)
"""Lambda gives them numbers of its own."""
LOG_GROUPS = _arns(f"logs:{HERE}:log-group:/aws/lambda/", _FUNCTIONS)
LOG_GROUPS_AND_STREAMS = (*LOG_GROUPS, *_arns(f"logs:{HERE}:log-group:/aws/lambda/", _FUNCTIONS, ":*"))
"""CloudWatch Logs matches a group by its ARN with ``:*`` behind it in some actions, without it in others."""
QUEUES = _arns(f"sqs:{HERE}:", _names("queues"))
TABLES = _arns(f"dynamodb:{HERE}:table/", _names("tables"))
TOPICS = _arns(f"sns:{HERE}:", _names("topics"))
ALARMS = _arns(f"cloudwatch:{HERE}:alarm:", _names("alarms"))
DASHBOARDS = _arns("cloudwatch::{account}:dashboard/", _names("dashboards"))
BUCKETS = _arns("s3:::", _BUCKETS)
OBJECTS = _arns("s3:::", _BUCKETS, "/*")
ARTIFACTS = ("arn:{partition}:s3:::{artifacts}",)
ARTIFACT_OBJECTS = ("arn:{partition}:s3:::{artifacts}/*",)
RECOVERY = ("arn:{partition}:s3:::{recovery}",)
RECOVERY_OBJECTS = ("arn:{partition}:s3:::{recovery}/*",)
DATABASES = _arns(f"rds:{HERE}:db:", _names("databases"))
DATABASE_PARTS = tuple(f"arn:{{partition}}:rds:{HERE}:{kind}:*" for kind in ("subgrp", "pg", "og"))
"""Subnet, parameter and option groups: RDS's own defaults, and those that settings name."""
RDS_SECRETS = (f"arn:{{partition}}:secretsmanager:{HERE}:secret:rds!db-*",)
"""RDS keeps the master user's password under names of its own."""
PARAMETERS = _arns(f"ssm:{HERE}:parameter/", _names("parameters"))
APPLICATIONS = _arns(f"codedeploy:{HERE}:application:", _APPLICATIONS)
GROUPS = _arns(f"codedeploy:{HERE}:deploymentgroup:", _APPLICATIONS, "/*")
DEPLOYMENT_CONFIGS = (f"arn:{{partition}}:codedeploy:{HERE}:deploymentconfig:*",)
HOSTS = (f"arn:{{partition}}:codedeploy:{HERE}:instance:*",)
ROLES = _arns("iam::{account}:role/", (*_FUNCTIONS, *_CODEDEPLOY_ROLES))
PASSED_TO_FUNCTIONS = _arns("iam::{account}:role/", _FUNCTIONS)
PASSED_TO_CODEDEPLOY = _arns("iam::{account}:role/", _CODEDEPLOY_ROLES)
REST_APIS = tuple(f"arn:{{partition}}:apigateway:{{region}}::/restapis{tail}" for tail in ("", "/*"))
"""API Gateway gives APIs ids of its own, so that names can't narrow it: every API of the account and region."""
HTTP_APIS = tuple(f"arn:{{partition}}:apigateway:{{region}}::/apis{tail}" for tail in ("", "/*"))
API_TAGS = ("arn:{partition}:apigateway:{region}::/tags/*",)
