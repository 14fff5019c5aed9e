from __future__ import annotations

from tests.sandbox.account.conftest import REGION, Account


def test_tags_of_an_api_and_of_its_stage_change_apart(account: Account) -> None:
    client = account.client("apigateway")
    api = client.create_rest_api(name="tagged", tags={"kept": "1", "dropped": "2"})["id"]
    arn = f"arn:aws:apigateway:{REGION}::/restapis/{api}"
    client.tag_resource(resourceArn=arn, tags={"new": "3"})
    client.untag_resource(resourceArn=arn, tagKeys=["dropped"])
    assert client.get_rest_api(restApiId=api)["tags"] == {"kept": "1", "new": "3"}
    assert client.get_tags(resourceArn=arn)["tags"] == {"kept": "1", "new": "3"}
    root = client.get_resources(restApiId=api)["items"][0]["id"]
    client.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    client.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    deployment = client.create_deployment(restApiId=api)["id"]
    client.create_stage(restApiId=api, stageName="prod", deploymentId=deployment)
    client.tag_resource(resourceArn=f"{arn}/stages/prod", tags={"of": "stage"})
    assert client.get_stage(restApiId=api, stageName="prod")["tags"] == {"of": "stage"}
    assert client.get_rest_api(restApiId=api)["tags"] == {"kept": "1", "new": "3"}
