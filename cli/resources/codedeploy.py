"""CodeDeploy."""

from __future__ import annotations

from cli.resources.account import Account, Inputs, Lookup, text
from cli.resources.found import Match, Owner


def _application(inputs: Inputs, account: Account) -> list[Match]:
    name = text(inputs, "name")
    account.call("codedeploy", "get_application", applicationName=name)
    return [Match(name, (Owner("AWS::CodeDeploy::Application", name),))]


def _group(inputs: Inputs, account: Account) -> list[Match]:
    application, name = text(inputs, "appName"), text(inputs, "deploymentGroupName")
    account.call("codedeploy", "get_deployment_group", applicationName=application, deploymentGroupName=name)
    owner = Owner("AWS::CodeDeploy::DeploymentGroup", name, name, application)
    return [Match(f"{application}:{name}", (owner,))]


LOOKUPS: dict[str, Lookup] = {
    "aws:codedeploy/application:Application": _application,
    "aws:codedeploy/deploymentGroup:DeploymentGroup": _group,
}
