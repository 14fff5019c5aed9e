"""Objects in a real cluster: made, changed, read back, imported, deleted."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from sandbox.providers import wire
from tests.sandbox.cluster.local_cluster import LocalCluster
from tests.sandbox.providers.kubernetes.driver import CHANGES, Driver, InitFailedError, Resource
from tests.sandbox.providers.kubernetes.manifests import deployment, virtual_service

pytestmark = pytest.mark.sandbox

DEPLOYMENT = "apps/v1:Deployment"
CONFIG_MAP = "core/v1:ConfigMap"
ROUTE = "networking.istio.io/v1:VirtualService"


def replica_sets(cluster: LocalCluster, namespace: str) -> dict[str, int]:
    items = cluster.get("replicasets", "-n", namespace)["items"]
    return {item["metadata"]["name"]: item["spec"]["replicas"] for item in items}


def has_changes(driver: Driver, old: Resource, inputs: dict[str, Any]) -> bool:
    token, name = old.urn.split("kubernetes:", 1)[1].split("::")
    return bool(driver.diff(old, driver.check(token, name, inputs, old)).changes == CHANGES.Value("DIFF_SOME"))


def test_a_rollback_reuses_the_replica_set(driver: Driver, cluster: LocalCluster, namespace: str) -> None:
    made = driver.create(DEPLOYMENT, "api", deployment(namespace))
    assert made.id == f"{namespace}/api"
    assert made.outputs["status"]["availableReplicas"] == 3
    first = replica_sets(cluster, namespace)
    assert not has_changes(driver, made, deployment(namespace))
    began = time.monotonic()
    newer = driver.update(made, deployment(namespace, "example.test/app:2"))
    assert time.monotonic() - began < 15
    assert len(replica_sets(cluster, namespace)) == 2
    back = driver.update(newer, deployment(namespace))
    after = replica_sets(cluster, namespace)
    assert {name: after[name] for name in first} == first
    assert sum(after.values()) == 3
    assert back.outputs["metadata"]["uid"] == made.outputs["metadata"]["uid"]


def test_a_stuck_rollout_fails_with_its_reasons_and_keeps_the_id(driver: Driver, namespace: str) -> None:
    inputs = deployment(namespace, replicas=1, progressDeadlineSeconds=2)
    made = driver.create(DEPLOYMENT, "api", inputs)
    bad = deployment(namespace, "example.test/missing:1", replicas=1, progressDeadlineSeconds=2)
    with pytest.raises(InitFailedError) as caught:
        driver.update(made, bad)
    failed = caught.value
    assert failed.id == made.id
    assert failed.outputs["metadata"]["uid"] == made.outputs["metadata"]["uid"]
    summary = f"Deployment {namespace}/api did not become ready: 0/1 Pods available (ProgressDeadlineExceeded)"
    assert failed.reasons[0] == summary
    assert "container api: " in failed.reasons[1]
    assert "example.test/missing:1" in failed.reasons[1]
    assert not any("\n" in reason for reason in failed.reasons)
    healed = driver.update(Resource(made.urn, made.id, bad, failed.outputs), inputs)
    assert healed.outputs["status"]["availableReplicas"] == 1


@pytest.mark.parametrize(
    ("image", "reason"), [("example.test/crash:1", "container api: "), ("example.test/unready:1", "not ready")]
)
def test_the_time_allowed_is_kept(driver: Driver, namespace: str, image: str, reason: str) -> None:
    inputs = deployment(namespace, image, replicas=1, minReadySeconds=30)
    inputs["metadata"]["annotations"] = {"pulumi.com/timeoutSeconds": "3"}
    began = time.monotonic()
    with pytest.raises(InitFailedError, match=r"gave up after 3 s") as caught:
        driver.create(DEPLOYMENT, "api", inputs)
    assert 3 <= time.monotonic() - began < 8
    assert any(reason in line for line in caught.value.reasons[1:])


def test_custom_timeouts_come_first_and_waiting_can_be_skipped(driver: Driver, namespace: str) -> None:
    inputs = deployment(namespace, "example.test/unready:1", replicas=1)
    with pytest.raises(InitFailedError, match="gave up after 1 s"):
        driver.create(DEPLOYMENT, "api", inputs, timeout=1)
    inputs["metadata"] = {**inputs["metadata"], "name": "other", "annotations": {"pulumi.com/skipAwait": "true"}}
    began = time.monotonic()
    driver.create(DEPLOYMENT, "other", inputs)
    assert time.monotonic() - began < 2


def test_no_replicas_are_ready_at_once_and_unset_ones_are_left_alone(
    driver: Driver, cluster: LocalCluster, namespace: str
) -> None:
    made = driver.create(DEPLOYMENT, "api", deployment(namespace, replicas=0))
    inputs = deployment(namespace)
    del inputs["spec"]["replicas"]
    free = driver.update(made, inputs)
    cluster.kubectl("scale", "-n", namespace, "deployment/api", "--replicas=2")
    seen = driver.refresh(free)
    assert seen is not None
    assert seen.outputs["spec"]["replicas"] == 2
    assert not has_changes(driver, seen, inputs)
    driver.update(seen, inputs)
    assert cluster.get("deployment", "api", "-n", namespace)["spec"]["replicas"] == 2


def test_refresh_sees_what_was_changed_by_hand(driver: Driver, cluster: LocalCluster, namespace: str) -> None:
    inputs, route = deployment(namespace, replicas=1), virtual_service(namespace, 90)
    made, routed = driver.create(DEPLOYMENT, "api", inputs), driver.create(ROUTE, "api", route)
    cluster.kubectl("set", "image", "-n", namespace, "deployment/api", "api=example.test/app:2")
    cluster.kubectl("label", "-n", namespace, "deployment/api", "app=other", "--overwrite")
    weight = '[{"op":"replace","path":"/spec/http/0/route/0/weight","value":50}]'
    cluster.kubectl("patch", "-n", namespace, "virtualservice/api", "--type=json", "-p", weight)
    seen, routes = driver.refresh(made), driver.refresh(routed)
    assert seen is not None
    assert routes is not None
    diff = driver.diff(seen, driver.check(DEPLOYMENT, "api", inputs, seen))
    assert set(diff.detailedDiff) == {"metadata.labels.app", "spec.template.spec.containers[0].image"}
    assert sorted(diff.diffs) == ["metadata", "spec"]
    diff = driver.diff(routes, driver.check(ROUTE, "api", route, routes))
    assert set(diff.detailedDiff) == {"spec.http[0].route[0].weight"}
    driver.update(seen, inputs)
    driver.update(routes, route)
    assert cluster.get("deployment", "api", "-n", namespace)["metadata"]["labels"] == {"app": "api"}
    assert cluster.get("virtualservice", "api", "-n", namespace)["spec"]["http"][0]["route"][0]["weight"] == 90


def test_ignored_changes_are_no_difference(driver: Driver, namespace: str) -> None:
    made = driver.create(DEPLOYMENT, "api", deployment(namespace, replicas=0))
    newer = driver.check(DEPLOYMENT, "api", deployment(namespace, replicas=1), made)
    assert driver.diff(made, newer).changes == CHANGES.Value("DIFF_SOME")
    assert driver.diff(made, newer, ("spec.replicas",)).changes == CHANGES.Value("DIFF_NONE")


def test_ignored_fields_keep_what_an_autoscaler_says(driver: Driver, cluster: LocalCluster, namespace: str) -> None:
    made = driver.create(DEPLOYMENT, "api", deployment(namespace, replicas=1))
    cluster.kubectl("scale", "-n", namespace, "deployment/api", "--replicas=2")
    driver.update(made, deployment(namespace, "example.test/app:2", replicas=1), ignore=("spec.replicas",))
    assert cluster.get("deployment", "api", "-n", namespace)["status"]["readyReplicas"] == 2


def test_another_manager_s_field_conflicts_in_one_line(driver: Driver, cluster: LocalCluster, namespace: str) -> None:
    made = driver.create(DEPLOYMENT, "api", deployment(namespace, replicas=1))
    cluster.kubectl("scale", "-n", namespace, "deployment/api", "--replicas=2")
    with pytest.raises(RuntimeError) as caught:
        driver.update(made, deployment(namespace, replicas=3))
    assert f'Deployment {namespace}/api: .spec.replicas is managed by "kubectl"' in str(caught.value)
    assert "\n" not in str(caught.value)
    forced = deployment(namespace, replicas=3)
    forced["metadata"]["annotations"] = {"pulumi.com/patchForce": "true"}
    driver.update(made, forced)
    assert cluster.get("deployment", "api", "-n", namespace)["spec"]["replicas"] == 3


def test_an_import_shows_no_difference_afterwards(driver: Driver, cluster: LocalCluster, namespace: str) -> None:
    cluster.kubectl("create", "deployment", "web", "-n", namespace, "--image=example.test/app:1", "--replicas=1")
    found = driver.read(DEPLOYMENT, "web", f"{namespace}/web")
    assert found is not None
    assert "status" not in found.inputs
    labels = {"app": "web"}
    inputs: dict[str, Any] = {
        "metadata": {"name": "web", "namespace": namespace, "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "app", "image": "example.test/app:1"}]},
            },
        },
    }
    assert not has_changes(driver, found, inputs)
    inputs["spec"]["replicas"] = 2
    assert driver.update(found, inputs).outputs["status"]["availableReplicas"] == 2


def test_names_and_namespaces_are_filled_in(driver: Driver, cluster: LocalCluster) -> None:
    made = driver.create(CONFIG_MAP, "settings", {"data": {"k": "1"}})
    assert made.id.startswith("default/settings-")
    assert len(made.id) == len("default/settings-") + 8
    checked = driver.check(CONFIG_MAP, "settings", {"data": {"k": "2"}}, made)
    assert checked["metadata"]["name"] == made.outputs["metadata"]["name"]
    diff = driver.diff(made, checked)
    assert (list(diff.replaces), diff.deleteBeforeReplace) == (["data.k"], False)
    role = driver.create("rbac.authorization.k8s.io/v1:ClusterRole", "reader", {"metadata": {"namespace": "x"}})
    assert role.id == role.outputs["metadata"]["name"]
    for resource in (made, role):
        driver.delete(resource)


def test_an_object_with_a_name_of_its_own_is_deleted_before_its_replacement(driver: Driver, namespace: str) -> None:
    inputs = {"metadata": {"name": "settings", "namespace": namespace}, "data": {"k": "1"}}
    made = driver.create(CONFIG_MAP, "settings", inputs)
    diff = driver.diff(made, driver.check(CONFIG_MAP, "settings", {**inputs, "data": {"k": "2"}}, made))
    assert diff.deleteBeforeReplace
    elsewhere = {**inputs, "metadata": {"name": "settings", "namespace": "default"}}
    assert not driver.diff(made, driver.check(CONFIG_MAP, "settings", elsewhere, made)).deleteBeforeReplace


def test_what_exists_already_is_not_taken_over(driver: Driver, cluster: LocalCluster, namespace: str) -> None:
    cluster.kubectl("create", "configmap", "taken", "-n", namespace)
    with pytest.raises(RuntimeError, match=r"ConfigMap .*/taken exists already in the cluster: import it"):
        driver.create(CONFIG_MAP, "taken", {"metadata": {"name": "taken", "namespace": namespace}})


def test_what_somebody_deleted_is_gone_and_deleting_it_again_succeeds(
    driver: Driver, cluster: LocalCluster, namespace: str
) -> None:
    made = driver.create(CONFIG_MAP, "a", {"metadata": {"name": "a", "namespace": namespace}})
    cluster.kubectl("delete", "configmap", "a", "-n", namespace)
    assert driver.refresh(made) is None
    driver.delete(made)


def test_deletion_waits_until_the_object_is_gone(driver: Driver, cluster: LocalCluster, namespace: str) -> None:
    made = driver.create(DEPLOYMENT, "api", deployment(namespace, replicas=2))
    driver.delete(made)
    assert cluster.get("deployments,replicasets,pods", "-n", namespace)["items"] == []
    held = {"metadata": {"name": "held", "namespace": namespace, "finalizers": ["example.test/hold"]}}
    stuck = driver.create(CONFIG_MAP, "held", held)
    with pytest.raises(RuntimeError, match=r"is still there .* \(finalizers: example\.test/hold\)"):
        driver.delete(stuck, timeout=1)
    patch = '[{"op":"remove","path":"/metadata/finalizers"}]'
    cluster.kubectl("patch", "configmap", "held", "-n", namespace, "--type=json", "-p", patch)


def test_secrets_are_marked(driver: Driver, namespace: str) -> None:
    inputs = {"metadata": {"name": "s", "namespace": namespace}, "stringData": {"password": "plain"}}
    raw = driver.stub.Check(
        _check_request(driver, "core/v1:Secret", "s", inputs),
    ).inputs
    assert raw.fields["stringData"].struct_value.fields[wire.SIGNATURE].string_value == wire.SECRET
    made = driver.create("core/v1:Secret", "s", inputs)
    assert made.outputs["data"] == {"password": "cGxhaW4="}
    seen = driver.refresh(made)
    assert seen is not None
    assert not has_changes(driver, seen, inputs)


def _check_request(driver: Driver, token: str, name: str, inputs: dict[str, Any]) -> Any:
    from sandbox.providers.protocol import provider_pb2 as pb

    return pb.CheckRequest(urn=driver.urn(token, name), news=wire.encode(inputs), randomSeed=b"1")


def test_services_get_their_endpoints_and_previews_know_what_stays(driver: Driver, namespace: str) -> None:
    driver.create(DEPLOYMENT, "api", deployment(namespace, replicas=1))
    spec = {"selector": {"app": "api"}, "ports": [{"port": 80}]}
    inputs = {"metadata": {"name": "api", "namespace": namespace}, "spec": spec}
    shown = driver.previewed("core/v1:Service", "api", inputs)
    assert shown["metadata"]["uid"] == shown["spec"]["clusterIP"] == shown["status"] == wire.UNKNOWN
    began = time.monotonic()
    made = driver.create("core/v1:Service", "api", inputs)
    assert time.monotonic() - began < 8
    assert not has_changes(driver, made, inputs)
    changed = {**inputs, "spec": {**spec, "ports": [{"port": 81}]}}
    shown = driver.previewed("core/v1:Service", "api", changed, made)
    assert shown["spec"]["clusterIP"] == made.outputs["spec"]["clusterIP"]
    assert shown["metadata"]["uid"] == made.outputs["metadata"]["uid"]
    assert shown["status"] == wire.UNKNOWN


def test_a_definition_and_an_object_of_its_kind_can_be_made_together(driver: Driver, namespace: str) -> None:
    schema = {"openAPIV3Schema": {"type": "object", "x_kubernetes_preserve_unknown_fields": True}}
    definition = {
        "metadata": {"name": "gates.example.test"},
        "spec": {
            "group": "example.test",
            "scope": "Namespaced",
            "names": {"plural": "gates", "singular": "gate", "kind": "Gate"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }
    gate = {"metadata": {"name": "g", "namespace": namespace}, "spec": {"open": True}}
    made: list[Resource] = []
    waiting = threading.Thread(target=lambda: made.append(driver.create("example.test/v1:Gate", "g", gate)))
    waiting.start()
    crd = driver.create("apiextensions.k8s.io/v1:CustomResourceDefinition", "gates", definition)
    waiting.join(timeout=15)
    assert made[0].outputs["spec"] == {"open": True}
    assert not has_changes(driver, crd, definition)
    driver.delete(crd)
    assert driver.refresh(made[0]) is None
    driver.delete(made[0])


def test_jobs_wait_for_their_end_and_stateful_sets_for_their_pods(driver: Driver, namespace: str) -> None:
    def job(name: str, image: str) -> dict[str, Any]:
        pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": image}]}
        return {
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"backoffLimit": 0, "template": {"spec": pod}},
        }

    done = driver.create("batch/v1:Job", "good", job("good", "example.test/app:1"))
    assert done.outputs["status"]["succeeded"] == 1
    with pytest.raises(InitFailedError, match="BackoffLimitExceeded"):
        driver.create("batch/v1:Job", "bad", job("bad", "example.test/crash:1"))
    inputs = deployment(namespace, replicas=2, serviceName="db")
    made = driver.create("apps/v1:StatefulSet", "api", inputs)
    assert made.outputs["status"]["readyReplicas"] == 2
    newer = deployment(namespace, "example.test/app:2", replicas=2, serviceName="db")
    assert driver.update(made, newer).outputs["status"]["updatedReplicas"] == 2


def test_a_claim_need_not_be_bound(driver: Driver, namespace: str) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1024Mi"}}}
    inputs = {"metadata": {"name": "data", "namespace": namespace}, "spec": spec}
    made = driver.create("core/v1:PersistentVolumeClaim", "data", inputs)
    same = {**inputs, "spec": {**spec, "resources": {"requests": {"storage": "1Gi"}}}}
    assert not has_changes(driver, made, same)


@pytest.mark.parametrize("token", ["apps/v1:DeploymentList", "core/v1:ServicePatch", "helm.sh/v3:Release"])
def test_bundles_are_refused_in_one_line(driver: Driver, token: str) -> None:
    with pytest.raises(RuntimeError, match=r"is not part of the sandbox's kubernetes provider: declare its objects"):
        driver.check(token, "x", {})


def test_an_unknown_field_is_refused(driver: Driver, namespace: str) -> None:
    inputs = {"metadata": {"name": "x", "namespace": namespace}, "dtaa": {"k": "1"}}
    with pytest.raises(RuntimeError, match="dtaa"):
        driver.create(CONFIG_MAP, "x", inputs)
