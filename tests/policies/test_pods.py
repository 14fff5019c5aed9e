"""What makes pods: every kind of Kubernetes and every custom resource that lists containers, and nothing else."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

from policies.pods import WORKLOADS, containers, labels, makes_pods, manifest, workloads
from policies.subject import UNKNOWN
from tests.policies.cases import make

ONE = {"containers": [{"name": "app", "image": "app"}]}


def names(kind: str, props: Any) -> list[str]:
    return [each.name for workload in workloads(make(kind, "x", props)) for each in containers(workload)]


@pytest.mark.parametrize(
    ("token", "group", "version", "kind", "partial", "listed"),
    [
        ("kubernetes:apps/v1:Deployment", "apps", "v1", "Deployment", False, False),
        ("kubernetes:apps/v1beta2:DeploymentPatch", "apps", "v1beta2", "Deployment", True, False),
        ("kubernetes:core/v1:PodList", "core", "v1", "Pod", False, True),
        ("kubernetes:argoproj.io/v1alpha1:Rollout", "argoproj.io", "v1alpha1", "Rollout", False, False),
    ],
)
def test_a_token_is_read(token: str, group: str, version: str, kind: str, partial: bool, listed: bool) -> None:
    found = manifest(token)
    assert found is not None
    assert (found.group, found.version, found.kind, found.partial, found.listed) == (
        group,
        version,
        kind,
        partial,
        listed,
    )


@pytest.mark.parametrize("token", ["aws:s3/bucket:Bucket", "kubernetes", "kubernetes:", "", "kubernetes:apps/v1"])
def test_what_is_no_manifest(token: str) -> None:
    assert manifest(token) is None
    assert token not in WORKLOADS


@pytest.mark.parametrize(
    "token", ["kubernetes:core/v1:Service", "kubernetes:helm.sh/v3:Release", "kubernetes:apps/v1:ControllerRevision"]
)
def test_what_makes_no_pods(token: str) -> None:
    assert token not in WORKLOADS
    assert names(token, {"spec": {"template": {"spec": ONE}}}) == []


@pytest.mark.long
def test_every_type_of_the_sdk_with_a_pod_template_is_known() -> None:
    """Held against the arguments that pulumi-kubernetes declares."""
    spec = importlib.util.find_spec("pulumi_kubernetes")
    assert spec is not None
    assert spec.submodule_search_locations
    root, found = Path(spec.submodule_search_locations[0]), set()
    for folder in root.rglob("_inputs.py"):
        text = folder.read_text()
        holders = set(re.findall(r"class (\w+)SpecArgs:\n(?:(?!\nclass ).)*?PodTemplateSpecArgs", text, re.DOTALL))
        api = str(folder.parent.relative_to(root)).replace("\\", "/")
        found |= {f"kubernetes:{api}:{kind}" for kind in holders if (folder.parent / f"{kind}.py").exists()}
    assert len(found) >= 15
    assert {token for token in found if not makes_pods(token)} == set()


def test_custom_resources_are_searched() -> None:
    template = {"spec": ONE}
    assert names("kubernetes:argoproj.io/v1alpha1:Rollout", {"spec": {"template": template}}) == ["x/app"]
    replicas = {"spec": {"tfReplicaSpecs": {"Worker": {"template": template}, "Chief": {"template": template}}}}
    assert names("kubernetes:kubeflow.org/v1:TFJob", replicas) == ["x/app", "x/app"]
    assert names("kubernetes:serving.knative.dev/v1:Revision", {"spec": ONE}) == ["x/app"]
    assert names("kubernetes:example.com/v1:Ledger", {"spec": {"containers": ["a", "b"], "size": 3}}) == []
    assert names("kubernetes:example.com/v1:Ledger", {"spec": UNKNOWN}) == []


def test_labels_that_lie_elsewhere_are_unknown() -> None:
    rollout = make("kubernetes:argoproj.io/v1alpha1:Rollout", props={"spec": {"workloadRef": {"name": "web"}}})
    assert [labels(each) for each in workloads(rollout)] == [UNKNOWN]
    assert [labels(each) for each in workloads(make("kubernetes:apps/v1:Deployment", props={"spec": {}}))] == [{}]
