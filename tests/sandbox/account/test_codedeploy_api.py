"""CodeDeploy's applications, groups, configurations and instances: every field kept, errors as AWS names them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.account.conftest import Account
from tests.sandbox.account.test_codedeploy import STYLE, group, revision

ROLE = "arn:aws:iam::444455556666:role/deploy"


def refused(code: str, run: Any, **given: Any) -> None:
    with pytest.raises(ClientError) as error:
        run(**given)
    assert error.value.response["Error"]["Code"] == code
    assert error.value.response["Error"]["Message"]


def test_life_of_an_application(account: Account) -> None:
    deploy = account.client("codedeploy")
    made = deploy.create_application(applicationName="app", tags=[{"Key": "a", "Value": "b"}])
    found = deploy.get_application(applicationName="app")["application"]
    assert (found["applicationId"], found["computePlatform"]) == (made["applicationId"], "Server")
    refused("ApplicationAlreadyExistsException", deploy.create_application, applicationName="app")
    deploy.create_deployment_group(applicationName="app", deploymentGroupName="g", serviceRoleArn=ROLE)
    deploy.update_application(applicationName="app", newApplicationName="renamed")
    refused("ApplicationDoesNotExistException", deploy.get_application, applicationName="app")
    assert deploy.list_deployment_groups(applicationName="renamed")["deploymentGroups"] == ["g"]
    arn = f"arn:aws:codedeploy:us-east-1:{account.id}:application:renamed"
    assert deploy.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    assert "renamed" in deploy.list_applications()["applications"]
    names = ["renamed"]
    assert deploy.batch_get_applications(applicationNames=names)["applicationsInfo"][0]["applicationName"] == "renamed"
    deploy.delete_application(applicationName="renamed")
    deploy.delete_application(applicationName="renamed")
    assert deploy.list_tags_for_resource(ResourceArn=arn)["Tags"] == []
    refused("ApplicationDoesNotExistException", deploy.list_deployment_groups, applicationName="renamed")


def test_a_group_keeps_every_field(account: Account) -> None:
    deploy = account.client("codedeploy")
    deploy.create_application(applicationName="fields", computePlatform="Server")
    settings: dict[str, Any] = {
        "deploymentConfigName": "CodeDeployDefault.HalfAtATime",
        "serviceRoleArn": ROLE,
        "onPremisesTagSet": {"onPremisesTagSetList": [[{"Key": "role", "Value": "web", "Type": "KEY_AND_VALUE"}]]},
        "ec2TagSet": {"ec2TagSetList": [[{"Key": "role", "Type": "KEY_ONLY"}]]},
        "autoScalingGroups": [],
        "alarmConfiguration": {"enabled": True, "ignorePollAlarmFailure": True, "alarms": [{"name": "x"}]},
        "autoRollbackConfiguration": {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]},
        "triggerConfigurations": [
            {"triggerName": "t", "triggerTargetArn": "arn:aws:sns:us-east-1:1:t", "triggerEvents": ["DeploymentStart"]}
        ],
        "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        "blueGreenDeploymentConfiguration": {"deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT"}},
        "loadBalancerInfo": {"targetGroupInfoList": [{"name": "tg"}]},
        "outdatedInstancesStrategy": "IGNORE",
        "terminationHookEnabled": True,
    }
    deploy.create_deployment_group(applicationName="fields", deploymentGroupName="g", **settings)
    key = {"applicationName": "fields", "deploymentGroupName": "g"}
    found = deploy.get_deployment_group(**key)["deploymentGroupInfo"]
    assert {name: found[name] for name in settings} == settings
    refused("DeploymentGroupAlreadyExistsException", deploy.create_deployment_group, **key, serviceRoleArn=ROLE)
    deploy.update_deployment_group(
        applicationName="fields",
        currentDeploymentGroupName="g",
        newDeploymentGroupName="h",
        alarmConfiguration={"enabled": False, "alarms": []},
        triggerConfigurations=[],
    )
    changed = deploy.batch_get_deployment_groups(applicationName="fields", deploymentGroupNames=["h", "g"])
    assert "g" in changed["errorMessage"]
    found = changed["deploymentGroupsInfo"][0]
    assert found["alarmConfiguration"] == {"enabled": False, "alarms": []}
    assert found["triggerConfigurations"] == []
    assert found["autoRollbackConfiguration"] == settings["autoRollbackConfiguration"]
    refused("DeploymentGroupDoesNotExistException", deploy.get_deployment_group, **key)
    deploy.delete_deployment_group(applicationName="fields", deploymentGroupName="h")
    assert deploy.list_deployment_groups(applicationName="fields")["deploymentGroups"] == []


def test_what_a_group_refuses(account: Account) -> None:
    deploy = account.client("codedeploy")
    deploy.create_application(applicationName="strict", computePlatform="Lambda")

    def create(**more: Any) -> None:
        given = {"deploymentStyle": STYLE, "serviceRoleArn": ROLE, **more}
        deploy.create_deployment_group(applicationName="strict", deploymentGroupName="g", **given)

    refused("InvalidDeploymentStyleException", create, deploymentStyle={"deploymentType": "IN_PLACE"})
    refused("DeploymentConfigDoesNotExistException", create, deploymentConfigName="no-such")
    refused("InvalidDeploymentConfigNameException", create, deploymentConfigName="CodeDeployDefault.OneAtATime")
    refused("InvalidAlarmConfigException", create, alarmConfiguration={"enabled": True, "alarms": []})
    many = [{"name": str(number)} for number in range(11)]
    refused("AlarmsLimitExceededException", create, alarmConfiguration={"enabled": True, "alarms": many})
    refused("InvalidAutoRollbackConfigException", create, autoRollbackConfiguration={"enabled": True, "events": []})
    trigger = {"triggerName": "t", "triggerTargetArn": "arn", "triggerEvents": ["Lunch"]}
    refused("InvalidTriggerConfigException", create, triggerConfigurations=[trigger])
    create()
    found = deploy.get_deployment_group(applicationName="strict", deploymentGroupName="g")["deploymentGroupInfo"]
    assert found["deploymentConfigName"] == "CodeDeployDefault.LambdaAllAtOnce"


def test_deployment_configurations(account: Account) -> None:
    deploy = account.client("codedeploy")
    listed = deploy.list_deployment_configs()["deploymentConfigsList"]
    for minutes in (5, 10, 15, 30):
        assert f"CodeDeployDefault.LambdaCanary10Percent{minutes}Minutes" in listed
    name = "CodeDeployDefault.LambdaLinear10PercentEvery1Minute"
    found = deploy.get_deployment_config(deploymentConfigName=name)["deploymentConfigInfo"]
    assert found["trafficRoutingConfig"]["timeBasedLinear"] == {"linearPercentage": 10, "linearInterval": 1}
    refused("InvalidOperationException", deploy.delete_deployment_config, deploymentConfigName=name)
    hosts = {"type": "FLEET_PERCENT", "value": 75}
    deploy.create_deployment_config(deploymentConfigName="hosts", minimumHealthyHosts=hosts)
    found = deploy.get_deployment_config(deploymentConfigName="hosts")["deploymentConfigInfo"]
    assert (found["minimumHealthyHosts"], found["computePlatform"]) == (hosts, "Server")
    refused("DeploymentConfigAlreadyExistsException", deploy.create_deployment_config, deploymentConfigName="hosts")
    refused(
        "InvalidTrafficRoutingConfigurationException",
        deploy.create_deployment_config,
        deploymentConfigName="odd",
        computePlatform="Lambda",
        trafficRoutingConfig={"type": "TimeBasedCanary", "timeBasedCanary": {"canaryPercentage": 100}},
    )
    deploy.create_application(applicationName="uses-config")
    deploy.create_deployment_group(
        applicationName="uses-config", deploymentGroupName="g", serviceRoleArn=ROLE, deploymentConfigName="hosts"
    )
    refused("DeploymentConfigInUseException", deploy.delete_deployment_config, deploymentConfigName="hosts")
    deploy.delete_application(applicationName="uses-config")
    deploy.delete_deployment_config(deploymentConfigName="hosts")
    refused("DeploymentConfigDoesNotExistException", deploy.get_deployment_config, deploymentConfigName="hosts")


def test_what_a_deployment_refuses(account: Account) -> None:
    group(account, "asked")
    deploy = account.client("codedeploy")
    key = {"applicationName": "asked", "deploymentGroupName": "asked"}
    given = revision("asked")
    refused("RevisionRequiredException", deploy.create_deployment, **key)
    refused("InvalidRevisionException", deploy.create_deployment, **key, revision={"revisionType": "S3"})
    wrong = {"revisionType": "AppSpecContent", "appSpecContent": {"content": "{}", "sha256": "0"}}
    refused("InvalidRevisionException", deploy.create_deployment, **key, revision=wrong)
    wrong = {"revisionType": "String", "string": {"content": "- [", "sha256": ""}}
    refused("InvalidRevisionException", deploy.create_deployment, **key, revision=wrong)
    other = {**key, "deploymentGroupName": "no-such"}
    refused("DeploymentGroupDoesNotExistException", deploy.create_deployment, **other, revision=given)
    other = {**key, "applicationName": "no-such"}
    refused("ApplicationDoesNotExistException", deploy.create_deployment, **other, revision=given)
    refused(
        "DeploymentConfigDoesNotExistException",
        deploy.create_deployment,
        **key,
        revision=given,
        deploymentConfigName="no-such",
    )
    refused("DeploymentDoesNotExistException", deploy.get_deployment, deploymentId="d-000000000")
    refused("DeploymentDoesNotExistException", deploy.stop_deployment, deploymentId="d-000000000")
    slow = "CodeDeployDefault.LambdaCanary10Percent30Minutes"
    made = deploy.create_deployment(**key, revision=given, deploymentConfigName=slow)["deploymentId"]
    refused(
        "InvalidLifecycleEventHookExecutionIdException",
        deploy.put_lifecycle_event_hook_execution_status,
        deploymentId=made,
        lifecycleEventHookExecutionId="x",
        status="Succeeded",
    )
    refused("UnsupportedActionForDeploymentTypeException", deploy.continue_deployment, deploymentId=made)
    assert deploy.batch_get_deployments(deploymentIds=[made])["deploymentsInfo"][0]["deploymentId"] == made


def test_on_premises_instances(account: Account) -> None:
    deploy = account.client("codedeploy")
    user = f"arn:aws:iam::{account.id}:user/host"
    refused("IamArnRequiredException", deploy.register_on_premises_instance, instanceName="host")
    deploy.register_on_premises_instance(instanceName="host", iamUserArn=user)
    refused(
        "InstanceNameAlreadyRegisteredException",
        deploy.register_on_premises_instance,
        instanceName="host",
        iamUserArn=user,
    )
    tag = {"Key": "role", "Value": "web"}
    deploy.add_tags_to_on_premises_instances(tags=[tag], instanceNames=["host"])
    found = deploy.get_on_premises_instance(instanceName="host")["instanceInfo"]
    assert (found["iamUserArn"], found["tags"]) == (user, [tag])
    wanted = [{**tag, "Type": "KEY_AND_VALUE"}]
    assert deploy.list_on_premises_instances(tagFilters=wanted)["instanceNames"] == ["host"]
    deploy.remove_tags_from_on_premises_instances(tags=[tag], instanceNames=["host"])
    assert deploy.list_on_premises_instances(tagFilters=wanted)["instanceNames"] == []
    deploy.deregister_on_premises_instance(instanceName="host")
    assert "host" not in deploy.list_on_premises_instances()["instanceNames"]
    assert "host" in deploy.list_on_premises_instances(registrationStatus="Deregistered")["instanceNames"]
    assert deploy.batch_get_on_premises_instances(instanceNames=["host"])["instanceInfos"][0]["deregisterTime"]
    refused("InstanceNotRegisteredException", deploy.get_on_premises_instance, instanceName="never")
