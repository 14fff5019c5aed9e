"""Where a command is about to act: the local sandbox, or a real account, which it says before it touches it."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import typer

LOG_IN = "`aws sso login`, or set AWS_PROFILE; for the sandbox use `make shell`"
REFUSED = (
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "AuthFailure",
)
"""Codes by which AWS says that it doesn't take the credentials."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SLOW = "doesn't answer in time: it is slow or can't be reached; try again"
PATIENCE = {True: (10, 60), False: (3, 10)}
"""Seconds to connect and to answer, by whether it is local: who isn't there on this machine says so at once, so all the
time is for one that runs and is slow."""


class TargetError(RuntimeError):
    """The target can't be reached or wasn't agreed to. The message is one line."""


def is_local() -> bool:
    """Whether AWS tools are led to an endpoint on this machine."""
    return urlparse(os.environ.get("AWS_ENDPOINT_URL", "")).hostname in LOOPBACK


def pod_logs() -> str | None:
    """The folder in which the sandbox keeps the logs of its pods, which its cluster can't hand out; None elsewhere."""
    folder = Path(_kubeconfig()).parent / "mesh" / "logs"
    if not is_local() or not folder.is_dir():
        return None
    here = Path.cwd()
    return str(folder.relative_to(here) if folder.is_relative_to(here) else folder)


def announce(stack: str, region: str, *, ask: bool, cluster: bool) -> str:
    """Say which account is about to be touched; a real one is asked about, unless ``ask`` is off. The account's number.

    Raises ``TargetError`` when there are no credentials, when the account or (where ``cluster`` is wanted) the cluster
    doesn't answer, and when a pipeline that can't be asked left out ``--yes``.
    """
    account = _account(region)
    if cluster:
        _cluster()
    if is_local():
        print(f"{stack}: the local sandbox (emulated account {account}, {region})", file=sys.stderr)
        return account
    print(f"{stack}: the REAL AWS account {account}, {region}", file=sys.stderr)
    if ask:
        if not sys.stdin.isatty():
            raise TargetError(f"{stack} is in a real account, and nobody can be asked here: give --yes")
        typer.confirm(f"Update {stack} in account {account}?", abort=True)
    return account


def refuse_elsewhere(outputs: Mapping[str, Any], account: str, *, cluster: bool) -> None:
    """Refuse credentials that lead to another account or cluster than the stack remembers (its output ``target``).

    Before anything is asked or refreshed there: what isn't in another account looks as if somebody had deleted it.
    Raises ``TargetError``.
    """
    remembered = outputs.get("target")
    remembered = remembered if isinstance(remembered, Mapping) else {}
    here = {"account": account, **({"cluster": _cluster_id()} if cluster and remembered.get("cluster") else {})}
    for kind, found in here.items():
        if (before := remembered.get(kind)) and before != found:
            raise TargetError(
                f"this stack was deployed to {kind} {before}, and the credentials in use lead to {found}: nothing was "
                f"touched. Use the credentials of {before}, or another stack."
            )


def explain(error: BaseException) -> str | None:
    """One line for what boto3 and the Kubernetes client raise; None for any other error."""
    if type(error).__name__ == "ConfigException":
        return f"no cluster can be told from {_kubeconfig()}: set KUBECONFIG, or use `make shell` for the sandbox"
    origin = type(error).__module__.partition(".")[0]
    if origin == "urllib3":
        slow = _ran_out_of_time(error) or (is_local() and listens(_server()))
        return f"the cluster of {_kubeconfig()} " + (SLOW if slow else f"doesn't answer{_hint()}")
    if origin == "kubernetes":
        status, reason = getattr(error, "status", None), getattr(error, "reason", None)
        return f"the cluster of {_kubeconfig()} says: {f'{status} {reason}' if status else _one_line(error)}"
    return _explain_account(error)


def _explain_account(error: BaseException) -> str | None:
    from botocore import exceptions as aws

    where = os.environ.get("AWS_ENDPOINT_URL") or "AWS"
    if isinstance(error, aws.ConnectionError | aws.HTTPClientError):
        slow = isinstance(error, aws.ReadTimeoutError | aws.ConnectTimeoutError) or (is_local() and listens(where))
        return f"the account at {where} {SLOW}" if slow else f"no account answers at {where}{_hint()}"
    if isinstance(error, aws.NoCredentialsError | aws.PartialCredentialsError | aws.CredentialRetrievalError):
        return f"no AWS credentials: {_one_line(error)}. {LOG_IN}"
    if isinstance(error, aws.SSOError | aws.TokenRetrievalError):
        return f"no AWS credentials: {_one_line(error)}. {LOG_IN}"
    if isinstance(error, aws.ClientError) and error.response.get("Error", {}).get("Code") in REFUSED:
        return f"the AWS credentials aren't taken: {_one_line(error)}. {LOG_IN}"
    return _one_line(error) if isinstance(error, aws.BotoCoreError | aws.ClientError) else None


def _account(region: str) -> str:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

    connecting, answering = PATIENCE[is_local()]
    settings = Config(connect_timeout=connecting, read_timeout=answering, retries={"max_attempts": 1})
    try:
        account: str = boto3.client("sts", region_name=region, config=settings).get_caller_identity()["Account"]
    except (ConnectionError, HTTPClientError) as error:
        raise TargetError(explain(error)) from None
    except (BotoCoreError, ClientError) as error:
        said = _one_line(error).rstrip(".")
        raise TargetError(f"no valid AWS credentials: {said}. {LOG_IN}") from None
    return account


def _cluster() -> None:
    import urllib3
    from kubernetes import client, config

    try:
        client.VersionApi(client.ApiClient(kube_settings())).get_code(_request_timeout=PATIENCE[is_local()])
    except (config.ConfigException, client.ApiException, urllib3.exceptions.HTTPError, OSError) as error:
        raise TargetError(explain(error) or _one_line(error)) from None


def _cluster_id() -> str:
    """The uid of ``kube-system``, by which a cluster is known."""
    from kubernetes import client

    core = client.CoreV1Api(client.ApiClient(kube_settings()))
    return str(core.read_namespace("kube-system", _request_timeout=PATIENCE[is_local()]).metadata.uid)


def kube_settings() -> Any:
    """How the Kubernetes client reaches the cluster that KUBECONFIG leads to now, asking once.

    The client itself reads KUBECONFIG when it is imported. Raises ``ConfigException`` and ``OSError``.
    """
    from kubernetes import client, config

    settings = client.Configuration()
    config.load_kube_config(_kubeconfig(), client_configuration=settings)
    settings.retries = False
    return settings


def listens(url: str) -> bool:
    """Whether a server listens at an address of this machine; one that is too busy to take the connection does."""
    parts = urlparse(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=1).close()
    except TimeoutError:
        return True
    except OSError:
        return False
    return True


def _ran_out_of_time(error: BaseException) -> bool:
    from urllib3.exceptions import NewConnectionError
    from urllib3.exceptions import TimeoutError as LateError

    # A connection that is refused counts as late where urllib3 is old.
    causes = (error, getattr(error, "reason", None))
    return any(isinstance(each, LateError) and not isinstance(each, NewConnectionError) for each in causes)


def _server() -> str:
    """The cluster's address; empty where the kubeconfig can't be read."""
    from kubernetes import config

    try:
        return str(kube_settings().host)
    except (config.ConfigException, OSError):
        return ""


def _kubeconfig() -> str:
    return os.environ.get("KUBECONFIG") or "~/.kube/config"


def _hint() -> str:
    return f": {start_sandbox('')}" if is_local() else ""


def start_sandbox(otherwise: str) -> str:
    """What to do where something of the sandbox doesn't answer; elsewhere ``otherwise``."""
    return "start the sandbox with `make up`" if is_local() else otherwise


def behind(error: BaseException) -> str | None:
    """One line for an error of ours behind which account or cluster don't answer, or don't take the credentials.

    None for any other one: what it says is all there is to say.
    """
    cause = error.__cause__
    while cause is not None:
        said = explain(cause)
        if said is not None and said != _one_line(cause):
            return f"{_one_line(error).partition(': ')[0]}: {said}"
        cause = cause.__cause__
    return None


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
