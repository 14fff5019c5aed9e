"""The cluster, Istio and rights, beside a stand-in for an API server; hosts, beside CodeDeploy and EC2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from cli.preflight import cluster, hosts
from cli.preflight.facts import Caller, PreflightContext
from cli.preflight.rows import State, UntoldError
from stacks.file import read
from tests.cli.preflight.place import ACCOUNT, KUBE_SYSTEM
from tests.cli.preflight.place import cluster as serving


class Stack(PreflightContext):
    """prod, with a state of this test's."""

    def __init__(
        self,
        clients: dict[str, Any] | None = None,
        changes: dict[str, str] | None = None,
        remembered: dict[str, str] | None = None,
    ) -> None:
        super().__init__(read("prod", changes or {}))
        self.remembered, self.clients = remembered or {}, clients or {}

    @property
    def target(self) -> dict[str, str]:
        return self.remembered

    def _ask_caller(self) -> Caller:
        return Caller(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/ada")

    def client(self, service: str, region: str = "") -> Any:
        return self.clients.get(service) or super().client(service, region)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A kubeconfig that isn't there."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    return tmp_path


@pytest.mark.parametrize(
    ("remembered", "state", "said"),
    [
        ({}, State.FINE, "prod wasn't deployed there yet"),
        ({"cluster": KUBE_SYSTEM}, State.FINE, f"v1.36.0, kube-system {KUBE_SYSTEM}"),
        ({"cluster": "another"}, State.MISSING, "prod was deployed to the cluster with another"),
    ],
)
def test_a_cluster_is_known_by_its_kube_system(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, remembered: dict[str, str], state: State, said: str
) -> None:
    with serving(tmp_path) as kubeconfig:
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
        found = cluster.reachable(Stack(remembered=remembered))
    assert found.state is state
    assert said in found.detail


def test_no_cluster_is_one_row_and_the_others_point_there(elsewhere: Path) -> None:
    found = cluster.reachable(Stack())
    assert found.state is State.MISSING
    assert str(elsewhere / "none") in found.detail
    for look in (cluster.istio, cluster.access):
        with pytest.raises(UntoldError, match="without the cluster: see its row"):
            look(Stack())


def test_a_cluster_that_no_longer_answers_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with serving(tmp_path) as kubeconfig:
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    assert cluster.reachable(Stack()).state is State.MISSING


@pytest.mark.parametrize("look", [cluster.reachable, cluster.istio, cluster.access])
def test_a_stack_with_no_system_there_needs_none(elsewhere: Path, look: Any) -> None:
    found = look(Stack(changes={"rollback-stack:systems": '["cryptique"]'}))
    assert (found.state, found.detail) == (State.FINE, "not needed: no system of the stack lies on a cluster")


@pytest.mark.parametrize(
    ("crds", "state", "said"),
    [
        ({"virtualservices", "destinationrules"}, State.FINE, "served as v1"),
        ({"virtualservices"}, State.MISSING, "destinationrules.networking.istio.io"),
        (set(), State.MISSING, "virtualservices.networking.istio.io, destinationrules.networking.istio.io"),
    ],
)
def test_istio_is_known_by_its_definitions(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, crds: set[str], state: State, said: str
) -> None:
    with serving(tmp_path, crds=frozenset(crds)) as kubeconfig:
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
        found = cluster.istio(Stack())
    assert found.state is state
    assert said in found.detail


@pytest.mark.parametrize(
    ("refuses", "state"), [(set(), State.FINE), ({"create", "patch", "update", "delete"}, State.MISSING)]
)
def test_rights_in_the_namespace_are_asked_one_by_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, refuses: set[str], state: State
) -> None:
    with serving(tmp_path, refuses=frozenset(refuses)) as kubeconfig:
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
        found = cluster.access(Stack())
    assert found.state is state
    assert ("create deployments.apps" in found.detail) is (state is State.MISSING)
    assert "production" in found.detail


class CodeDeploy:
    """ListOnPremisesInstances, which moto doesn't answer, in two pages."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def list_on_premises_instances(self, registrationStatus: str, tagFilters: Any, nextToken: str = "") -> Any:
        assert registrationStatus == "Registered"
        assert tagFilters == [{"Key": "cryptique-stack", "Value": "prod", "Type": "KEY_AND_VALUE"}]
        if self.names and not nextToken:
            return {"instanceNames": list(self.names[:1]), "nextToken": "more"}
        return {"instanceNames": list(self.names[1:])}


def test_registered_hosts_are_named() -> None:
    found = hosts.hosts(Stack({"codedeploy": CodeDeploy("a", "b")}))
    assert (found.state, found.detail) == (State.FINE, "registered with cryptique-stack=prod: a, b")


def test_no_registered_host_is_missing() -> None:
    found = hosts.hosts(Stack({"codedeploy": CodeDeploy()}))
    assert found.state is State.MISSING
    assert "Key=cryptique-stack,Value=prod" in found.remedy


def test_instances_are_known_by_both_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        ec2 = boto3.client("ec2", region_name="us-east-1")

        def host(**tags: str) -> str:
            made = ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
            ec2.create_tags(Resources=[made], Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
            return made

        others = [host(system="cryptique", stack="dev"), host(system="cryptique")]
        assert hosts.hosts(Stack(changes={"cryptique:hosts": "ec2"})).state is State.MISSING
        mine = host(system="cryptique", stack="prod")
        found = hosts.hosts(Stack(changes={"cryptique:hosts": "ec2"}))
    assert found.state is State.FINE
    assert mine in found.detail
    assert not any(each in found.detail for each in others)


def test_a_stack_without_cryptique_needs_no_hosts() -> None:
    assert hosts.hosts(Stack(changes={"rollback-stack:systems": '["rag-api"]'})).detail.startswith("not needed")
