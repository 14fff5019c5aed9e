"""Aliases: where one points, and moving its traffic.

Source: CodeDeploy user guide, "Deployments on an AWS Lambda compute platform"; Lambda developer guide, "Weighted
alias".
"""

from __future__ import annotations

from typing import Any

from moto.awslambda.exceptions import UnknownAliasException, UnknownFunctionException
from moto.awslambda.models import lambda_backends

from sandbox.account.codedeploy.model import Target, now
from sandbox.account.codedeploy.revisions import INVALID, RevisionError


def alias(backend: Any, target: Target) -> Any:
    """Return moto's alias; raises RevisionError where it or its function doesn't exist."""
    try:
        return lambda_backends[backend.account_id][backend.region_name].get_alias(target.alias, target.function)
    except (UnknownAliasException, UnknownFunctionException) as error:
        text = f"The deployment failed because the AWS Lambda function alias {target.id} doesn't exist."
        raise RevisionError("INVALID_LAMBDA_FUNCTION", text) from error


def look_up(backend: Any, target: Target) -> None:
    """Note where the alias points before the deployment; raises RevisionError where the AppSpec is wrong about it."""
    found = str(alias(backend, target).function_version)
    if found != target.current:
        text = "The Lambda function alias version does not match the current version in AppSpec file."
        raise RevisionError("INVALID_LAMBDA_CONFIGURATION", f"{INVALID} {text}")
    check_version(backend, target)
    target.before = found


def check_version(backend: Any, target: Target) -> None:
    """Raise RevisionError where the version to go to doesn't exist."""
    try:
        lambda_backends[backend.account_id][backend.region_name].get_function(target.function, target.target)
    except UnknownFunctionException as error:
        text = f"The deployment failed because the version {target.target} of {target.function} doesn't exist."
        raise RevisionError("INVALID_LAMBDA_FUNCTION", text) from error


def shift(backend: Any, target: Target, percent: float) -> None:
    """Send `percent` of an alias's traffic to the target version; at 100 the alias points there, without weights.

    Raises RevisionError where the alias is gone, or somebody else has pointed it elsewhere meanwhile.
    """
    found = alias(backend, target)
    check_version(backend, target)
    if str(found.function_version) not in (target.before, target.target):
        text = f"The alias {target.id} was changed during the deployment: it points at {found.function_version}."
        raise RevisionError("INVALID_LAMBDA_CONFIGURATION", f"The deployment failed. {text}")
    if percent >= 100:
        found.update(None, target.target, {})
    else:
        found.update(None, target.before, {"AdditionalVersionWeights": {target.target: percent / 100}})
    target.weight, target.updated = percent, now()
