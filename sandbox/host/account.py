"""The hosts' way to the AWS account: API clients, registering a host, and the agent's endpoint."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sandbox.loopback import is_loopback
from sandbox.paths import SandboxError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

AGENT_PATH = "/_sandbox/codedeploy/agent/"
REGION = "us-east-1"
SECONDS = 30.0
"""How long an answer is waited for."""


class UnreachableError(Exception):
    """The account doesn't answer now; it may later."""


class UnknownInstanceError(Exception):
    """CodeDeploy knows no instance of this name."""


class Account:
    """The account behind an address on loopback. Raises SandboxError for any other address."""

    def __init__(self, url: str, region: str = REGION) -> None:
        self.url, self._region = url.rstrip("/"), region
        if not is_loopback(self.url):
            raise SandboxError(f"--account-url is {url}: hosts belong to a local account on loopback only")
        # Loopback is reached directly, whatever proxy the environment names.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(self, instance: str, report: dict[str, Any] | None = None, wait: float = 0.0) -> dict[str, Any]:
        """Return what an instance is to do now, after a report on what it did before, if there is one.

        wait: seconds that the account may take until there is something to do; without it, it answers at once.
        Raises UnknownInstanceError, or UnreachableError. A report that nobody waits for any more is dropped.
        """
        body = None if report is None else json.dumps(report).encode()
        url = f"{self.url}{AGENT_PATH}{instance}" + (f"?wait={wait:g}" if wait else "")
        request = urllib.request.Request(url, data=body)  # noqa: S310 - checked above
        try:
            with self._opener.open(request, timeout=SECONDS + wait) as answer:
                return dict(json.loads(answer.read()))
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 404:
                    raise UnknownInstanceError(instance) from error
                if error.code == 409:
                    return {}
                raise UnreachableError(f"{self.url} answers {error.code}") from error
        except (OSError, ValueError) as error:
            raise UnreachableError(f"{self.url} doesn't answer: {error}") from error

    def register(self, instance: str, tags: dict[str, str], parameter: str, address: str) -> None:
        """Register an instance with its tags, and tell its address in a parameter. Raises UnreachableError."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            number = self._client("sts").get_caller_identity()["Account"]
            deploy = self.codedeploy
            try:
                user = f"arn:aws:iam::{number}:user/{instance}"
                deploy.register_on_premises_instance(instanceName=instance, iamUserArn=user)
            except deploy.exceptions.InstanceNameAlreadyRegisteredException:
                pass  # from an earlier start
            given = [{"Key": key, "Value": value} for key, value in tags.items()]
            deploy.add_tags_to_on_premises_instances(tags=given, instanceNames=[instance])
            self._tell(parameter, address)
        except (BotoCoreError, ClientError) as error:
            raise UnreachableError(f"{instance} can't be registered at {self.url}: {error}") from error

    def _tell(self, parameter: str, address: str) -> None:
        """Write a parameter, unless it is so already: every write makes a version of it."""
        parameters = self._client("ssm")
        try:
            if parameters.get_parameter(Name=parameter)["Parameter"]["Value"] == address:
                return
        except parameters.exceptions.ParameterNotFound:
            pass  # this is the first time
        parameters.put_parameter(Name=parameter, Value=address, Type="String", Overwrite=True)

    def group_id(self, application: str, group: str) -> str:
        """Return the id of a deployment group, which the agent's folders are named after. Raises UnreachableError."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            found = self.codedeploy.get_deployment_group(applicationName=application, deploymentGroupName=group)
            return str(found["deploymentGroupInfo"]["deploymentGroupId"])
        except (BotoCoreError, ClientError) as error:
            raise UnreachableError(f"the deployment group {group} can't be looked up: {error}") from error

    @cached_property
    def codedeploy(self) -> Any:
        """The CodeDeploy API."""
        return self._client("codedeploy")

    @cached_property
    def s3(self) -> S3Client:
        """The S3 API."""
        client: S3Client = self._client("s3")
        return client

    def _client(self, service: Any) -> Any:
        import boto3
        from botocore.config import Config

        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=self._region,
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",  # noqa: S106 - the local account takes any
            config=Config(retries={"max_attempts": 1}, connect_timeout=5, read_timeout=SECONDS, proxies={}),
        )
