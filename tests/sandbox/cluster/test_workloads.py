"""What becomes of pods: rollouts, and images that are missing or misbehave."""

from __future__ import annotations

import json
from typing import Any

import pytest
from kubernetes import client, config

from tests.sandbox.cluster.local_cluster import LocalCluster, deployment, wait_until

pytestmark = pytest.mark.sandbox


def pods(cluster: LocalCluster, namespace: str, app: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cluster.get("pods", "-n", namespace, "-l", f"app={app}")["items"]
    return found


def waiting_reason(cluster: LocalCluster, namespace: str, app: str) -> str:
    for pod in pods(cluster, namespace, app):
        for status in pod["status"].get("containerStatuses", []):
            return str(status["state"].get("waiting", {}).get("reason", ""))
    return ""


def reasons(cluster: LocalCluster, namespace: str) -> set[str]:
    return {event["reason"] for event in cluster.get("events", "-n", namespace)["items"]}


def test_a_rollout_and_its_undo_reuse_the_replica_set(cluster: LocalCluster, namespace: str) -> None:
    def in_namespace(*words: str) -> str:
        return cluster.kubectl("-n", namespace, *words)

    cluster.kubectl("apply", "-n", namespace, "-f", "-", stdin=[deployment("api", "example.test/app:1", 3)])
    in_namespace("rollout", "status", "deployment/api", "--timeout=60s")
    first = {each["metadata"]["uid"] for each in cluster.get("rs", "-n", namespace)["items"]}
    in_namespace("set", "image", "deployment/api", "app=example.test/app:2")
    in_namespace("rollout", "status", "deployment/api", "--timeout=60s")
    in_namespace("rollout", "undo", "deployment/api")
    in_namespace("rollout", "status", "deployment/api", "--timeout=60s")

    sets = cluster.get("rs", "-n", namespace)["items"]
    assert len(sets) == 2
    assert {each["metadata"]["uid"] for each in sets if each["spec"]["replicas"] == 3} == first
    live = client.AppsV1Api(
        config.new_client_from_config(config_file=str(cluster.kubeconfig))
    ).read_namespaced_deployment("api", namespace)
    assert live.status.available_replicas == 3
    assert live.spec.template.spec.containers[0].image == "example.test/app:1"
    assert {"Pulled", "Created", "Started"} <= reasons(cluster, namespace)


def test_a_missing_image_holds_the_rollout_until_it_is_in_the_catalogue(cluster: LocalCluster, namespace: str) -> None:
    image = f"example.test/{namespace}:1"
    cluster.kubectl("apply", "-n", namespace, "-f", "-", stdin=[deployment("api", image)])
    wait_until("ErrImagePull", lambda: waiting_reason(cluster, namespace, "api") == "ErrImagePull")
    wait_until("ImagePullBackOff", lambda: waiting_reason(cluster, namespace, "api") == "ImagePullBackOff")

    def messages() -> list[str]:
        events = cluster.get("events", "-n", namespace)["items"]
        return [event["message"] for event in events if event["reason"] == "Failed" and event["type"] == "Warning"]

    wait_until("an event names the image", lambda: any(image in message for message in messages()))
    catalogue = json.loads(cluster.images.read_text())
    cluster.images.write_text(json.dumps({**catalogue, image: {"behaviour": "ready"}}))
    cluster.kubectl("-n", namespace, "rollout", "status", "deployment/api", "--timeout=30s")


@pytest.mark.long
def test_a_crashing_image_is_restarted_again_and_again(cluster: LocalCluster, namespace: str) -> None:
    cluster.kubectl("apply", "-n", namespace, "-f", "-", stdin=[deployment("api", "example.test/crash:1")])

    def restarts() -> int:
        return sum(
            status["restartCount"]
            for pod in pods(cluster, namespace, "api")
            for status in pod["status"].get("containerStatuses", [])
        )

    wait_until("CrashLoopBackOff", lambda: waiting_reason(cluster, namespace, "api") == "CrashLoopBackOff")
    wait_until("two restarts", lambda: restarts() >= 2)
    wait_until("a BackOff event", lambda: "BackOff" in reasons(cluster, namespace))
    status = pods(cluster, namespace, "api")[0]["status"]["containerStatuses"][0]
    assert status["lastState"]["terminated"]["exitCode"] == 1


def test_readiness_follows_the_image(cluster: LocalCluster, namespace: str) -> None:
    cluster.kubectl(
        "apply",
        "-n",
        namespace,
        "-f",
        "-",
        stdin=[
            deployment("slow", "example.test/slow:1"),
            deployment("unready", "example.test/unready:1"),
            deployment("public", "public.test/anything:9"),
        ],
    )
    for name in ("public", "slow"):
        cluster.kubectl("-n", namespace, "rollout", "status", f"deployment/{name}", "--timeout=30s")
    wait_until("an Unhealthy event", lambda: "Unhealthy" in reasons(cluster, namespace))
    unready = pods(cluster, namespace, "unready")[0]["status"]
    assert unready["phase"] == "Running"
    assert not unready["containerStatuses"][0]["ready"]
    assert not cluster.get("deployment", "unready", "-n", namespace)["status"].get("availableReplicas")


def test_a_pod_needs_its_pull_secret_and_its_config_map(cluster: LocalCluster, namespace: str) -> None:
    cluster.kubectl(
        *("-n", namespace, "create", "secret", "docker-registry", "registry"),
        *("--docker-server=example.test", "--docker-username=robot", "--docker-password=not-a-secret"),
    )
    settings = {"envFrom": [{"configMapRef": {"name": "settings"}}]}
    cluster.kubectl(
        "apply",
        "-n",
        namespace,
        "-f",
        "-",
        stdin=[
            deployment("without", "example.test/private:1"),
            deployment("with", "example.test/private:1", imagePullSecrets=[{"name": "registry"}], container=settings),
        ],
    )
    wait_until("no pull", lambda: waiting_reason(cluster, namespace, "without") == "ErrImagePull")
    wait_until("no settings", lambda: waiting_reason(cluster, namespace, "with") == "CreateContainerConfigError")
    cluster.kubectl("-n", namespace, "create", "configmap", "settings", "--from-literal=A=b")
    cluster.kubectl("-n", namespace, "rollout", "status", "deployment/with", "--timeout=30s")


def test_a_job_succeeds_and_its_init_container_runs_first(cluster: LocalCluster, namespace: str) -> None:
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "migrate"},
        "spec": {
            "template": {
                "spec": {
                    "restartPolicy": "Never",
                    "initContainers": [{"name": "wait", "image": "public.test/tool:1"}],
                    "containers": [{"name": "run", "image": "example.test/app:1"}],
                }
            }
        },
    }
    cluster.kubectl("apply", "-n", namespace, "-f", "-", stdin=[job])
    cluster.kubectl("-n", namespace, "wait", "--for=condition=Complete", "job/migrate", "--timeout=30s")
    cluster.kubectl("-n", namespace, "delete", "job", "migrate", "--timeout=30s")
    wait_until("the pod is gone", lambda: not cluster.get("pods", "-n", namespace)["items"])
