"""When objects count as ready, and why Pods are not, from recorded objects."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.providers.kubernetes.readiness import others, pods, workloads


def rollout(replicas: int | None = 3, conditions: Any = (), generation: int = 2, **status: Any) -> dict[str, Any]:
    spec = {} if replicas is None else {"replicas": replicas}
    return {
        "metadata": {"generation": generation},
        "spec": spec,
        "status": {"observedGeneration": 2, "conditions": list(conditions), **status},
    }


@pytest.mark.parametrize(
    ("thing", "ready", "text"),
    [
        (rollout(generation=3), False, "Waiting for the Deployment controller to see the change"),
        (rollout(), False, "Waiting for app ReplicaSet to be available (0/3 Pods available)"),
        (
            rollout(replicas=3, updatedReplicas=1, availableReplicas=3, readyReplicas=3) | {},
            False,
            "Waiting for app ReplicaSet to be available (1/3 Pods available)",
        ),
        (
            {
                **rollout(updatedReplicas=1, availableReplicas=3, readyReplicas=3),
                "status": {"observedGeneration": 2, "replicas": 4, "updatedReplicas": 1, "availableReplicas": 3},
            },
            False,
            "Waiting for app ReplicaSet to be available (0/3 Pods available)",
        ),
        (rollout(updatedReplicas=3, availableReplicas=3, readyReplicas=3), True, ""),
        (rollout(replicas=0), True, ""),
        (rollout(replicas=None, updatedReplicas=1, availableReplicas=1, readyReplicas=1), True, ""),
    ],
)
def test_deployments(thing: dict[str, Any], ready: bool, text: str) -> None:
    verdict = workloads.deployment(thing)
    assert (verdict.ready, verdict.text, verdict.failed) == (ready, text, False)


def test_a_rollout_waits_for_the_old_pods_to_go() -> None:
    thing = rollout(updatedReplicas=3, availableReplicas=4, readyReplicas=4)
    thing["status"]["replicas"] = 4
    assert workloads.deployment(thing).text == "Waiting for 1 Pods of the old ReplicaSet to go"


def test_an_old_pod_that_is_available_does_not_count_for_the_new_one() -> None:
    thing = rollout(replicas=1, updatedReplicas=1, availableReplicas=1, readyReplicas=1)
    thing["status"]["replicas"] = 2
    assert workloads.deployment(thing).short == "0/1 Pods available"


def test_a_rollout_past_its_deadline_has_failed() -> None:
    condition = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    verdict = workloads.deployment(rollout(conditions=[condition], updatedReplicas=1))
    assert (verdict.failed, verdict.short) == (True, "0/3 Pods available")


def test_stateful_sets() -> None:
    base: dict[str, Any] = {"readyReplicas": 3, "currentRevision": "a", "updateRevision": "b"}
    assert not workloads.stateful_set(rollout(**base, updatedReplicas=1)).ready
    thing = rollout(readyReplicas=3, currentRevision="a", updateRevision="b", updatedReplicas=1)
    assert not workloads.stateful_set(thing).ready
    thing["spec"]["updateStrategy"] = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    assert workloads.stateful_set(thing).ready
    assert not workloads.stateful_set(rollout(readyReplicas=2)).ready


def test_daemon_sets_jobs_and_pods() -> None:
    daemon = rollout(desiredNumberScheduled=2, updatedNumberScheduled=2, numberAvailable=1)
    assert not workloads.daemon_set(daemon).ready
    daemon["status"]["numberAvailable"] = 2
    assert workloads.daemon_set(daemon).ready
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too often"}
    assert workloads.job({"status": {"conditions": [failed]}}).text == "BackoffLimitExceeded: too often"
    assert workloads.job({"status": {"conditions": [failed]}}).failed
    assert workloads.job({"status": {"conditions": [{"type": "Complete", "status": "True"}]}}).ready
    assert workloads.pod({"status": {"phase": "Succeeded"}}).ready
    assert workloads.pod({"status": {"phase": "Failed"}}).failed


def service(**spec: Any) -> dict[str, Any]:
    return {"spec": {"selector": {"app": "a"}, **spec}}


def endpoints(*ready: bool) -> list[dict[str, Any]]:
    return [{"endpoints": [{"conditions": {"ready": value}} for value in ready]}]


def test_services_wait_for_endpoints_and_then_go_on() -> None:
    assert others.service(service(), endpoints(True, True), 0).ready
    assert not others.service(service(), endpoints(True, False), 99).ready
    assert not others.service(service(), [], 5).ready
    late = others.service(service(), [], 10)
    assert late.ready
    assert "does not target any Pods" in str(late.warning)


@pytest.mark.parametrize("spec", [{"clusterIP": "None"}, {"type": "ExternalName"}, {"selector": None}])
def test_services_without_endpoints_of_their_own_are_ready(spec: dict[str, Any]) -> None:
    assert others.service(service(**spec), [], 0).ready


def test_load_balancers_wait_for_their_address() -> None:
    waiting = service(type="LoadBalancer")
    assert not others.service(waiting, endpoints(True), 99).ready
    waiting["status"] = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    assert others.service(waiting, endpoints(True), 0).ready


def test_the_reasons_of_pods() -> None:
    crashed = {"restartCount": 3, "lastState": {"terminated": {"reason": "Error", "exitCode": 1}}}
    pod = {
        "metadata": {"name": "api-1"},
        "status": {
            "conditions": [
                {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no room"}
            ],
            "containerStatuses": [
                {"name": "a", "state": {"waiting": {"reason": "ErrImagePull", "message": "not\n found"}}},
                {"name": "b", "state": {"waiting": {"reason": "ContainerCreating"}}},
                {"name": "c", "state": {"terminated": {"reason": "Error", "exitCode": 2}}},
                {"name": "d", "state": {"running": {}}, "ready": False},
                {"name": "e", "state": {"running": {}}, "ready": False, **crashed},
                {"name": "f", "state": {"terminated": {"exitCode": 1}}, "ready": False, **crashed},
                {"name": "g", "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}, **crashed},
                {"name": "h", "state": {"running": {}}, "ready": True, **crashed},
            ],
        },
    }
    assert pods.problems(pod) == [
        "Pod api-1: Unschedulable: no room",
        "Pod api-1: container a: ErrImagePull: not found",
        "Pod api-1: container c: Error (exit code 2)",
        "Pod api-1: container d: running, but not ready (its readiness probe does not succeed)",
        "Pod api-1: container e: CrashLoopBackOff: restarted 3 times so far, last after Error (exit code 1)",
        "Pod api-1: container f: CrashLoopBackOff: restarted 3 times so far, last after Error (exit code 1)",
        "Pod api-1: container g: CrashLoopBackOff: back-off",
    ]
