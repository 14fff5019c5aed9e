"""rag-api as declared: images by digest, canary, routes, what keeps it up (runbook rag-api)."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from components.rag_api.traffic import routes
from components.rag_api.workload import NOBODY, Workload
from stacks.rag_api import Canary, RagApiRelease, RagApiSettings
from stacks.releases import versions
from tests.components.mocked import Recorder, run_program

IMAGES = Path(__file__).resolve().parents[2] / "apps" / "images" / "rag-api"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
"""How Pulumi marks a secret on the wire."""


def deployments(recorder: Recorder) -> dict[str, Any]:
    return {name: inputs["spec"] for name, inputs in recorder.of_type("kubernetes:apps/v1:Deployment").items()}


def template(recorder: Recorder) -> Any:
    return deployments(recorder)["rag-api"]["template"]


@pytest.mark.parametrize("version", versions())
def test_every_release_runs_an_image_pinned_by_digest(version: str) -> None:
    (container,) = template(run_program(rollback_stack__version=version))["spec"]["containers"]
    assert re.fullmatch(r"ghcr\.io/rollback-stack/rag-api@sha256:[0-9a-f]{64}", container["image"])


def test_the_same_release_gives_the_same_pod_template() -> None:
    there, back = run_program(), run_program()
    other = run_program(rollback_stack__version="v1.2.2")
    assert template(there) == template(back)
    assert template(there) != template(other)


def test_the_autoscaler_decides_the_replicas_so_a_rollback_takes_no_capacity_away() -> None:
    recorder = run_program()
    assert "replicas" not in deployments(recorder)["rag-api"]
    (scaler,) = recorder.of_type("kubernetes:autoscaling/v2:HorizontalPodAutoscaler").values()
    assert scaler["spec"]["minReplicas"] == 3


@pytest.mark.parametrize(("deadline", "start", "most", "waited"), [(300, 30, 12, "660s"), (20, 1, 9, "29s")])
def test_a_rollout_is_given_time_for_every_pod_and_its_deadline(
    deadline: int, start: int, most: int, waited: str
) -> None:
    settings = RagApiSettings(progress_deadline=deadline, pod_start=start, max_replicas=most)
    patience = Workload._patience(cast(Workload, SimpleNamespace(settings=settings)))
    assert (patience.create, patience.update) == (waited, waited)


def test_without_a_canary_its_deployment_has_no_pods_and_takes_no_traffic() -> None:
    recorder = run_program()
    assert deployments(recorder)["rag-api-canary"]["replicas"] == 0
    (service,) = recorder.of_type("kubernetes:networking.istio.io/v1:VirtualService").values()
    assert [route["name"] for route in service["spec"]["http"]] == ["stable"]


def test_a_canary_runs_its_own_release_and_takes_its_share() -> None:
    recorder = run_program(rag_api__canary='{"version": "v1.3.0", "weight": 25, "replicas": 2}')
    canary, stable = deployments(recorder)["rag-api-canary"], deployments(recorder)["rag-api"]
    assert canary["replicas"] == 2
    images = [each["template"]["spec"]["containers"][0]["image"] for each in (canary, stable)]
    assert images[0] != images[1]
    assert canary["selector"]["matchLabels"] != stable["selector"]["matchLabels"]


@pytest.mark.parametrize("weight", [0, 1, 50, 100])
def test_weights_sum_to_100_and_dropping_route_0_leaves_stable_alone(weight: int) -> None:
    split, rest = routes(Canary(version="v1.3.0", weight=weight))
    assert sum(target["weight"] for target in split["route"]) == 100
    assert [target["destination"]["subset"] for target in rest["route"]] == ["stable"]


def test_old_replica_sets_keep_their_configuration() -> None:
    names = {config["metadata"]["name"] for config in run_program().of_type("kubernetes:core/v1:ConfigMap").values()}
    assert names == {f"rag-api-config-{version}" for version in versions()}


def logins(recorder: Recorder) -> Any:
    """The logins of the pull secret, by registry; its text must come in Pulumi's wrapping of secrets."""
    (secret,) = recorder.of_type("kubernetes:core/v1:Secret").values()
    wrapped = secret["stringData"]
    assert SECRET in wrapped.values()
    return json.loads(wrapped["value"][".dockerconfigjson"])["auths"]


def registry_login(recorder: Recorder) -> Any:
    (login,) = logins(recorder).values()
    return login


def test_the_pull_secret_is_for_the_registry() -> None:
    (secret,) = run_program().of_type("kubernetes:core/v1:Secret").values()
    assert secret["metadata"]["name"] == "regcred"
    assert secret["type"] == "kubernetes.io/dockerconfigjson"
    assert registry_login(run_program()) == {}


def test_a_registry_token_becomes_a_login() -> None:
    login = registry_login(run_program(rag_api__registryToken="t0ken"))
    assert base64.b64decode(login["auth"]).decode() == "rollback-stack:t0ken"


def test_the_pull_secret_of_a_stack_on_ghcr_stays_to_the_letter_what_it_was() -> None:
    (secret,) = run_program().of_type("kubernetes:core/v1:Secret").values()
    assert secret["stringData"]["value"] == {".dockerconfigjson": '{"auths": {"ghcr.io": {}}}'}


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ("docker.io", "https://index.docker.io/v1/"),
        ("registry.example.com:5000", "registry.example.com:5000"),
        ("registry.example.com/team", "registry.example.com/team"),
        ("ghcr.io", "ghcr.io"),
    ],
)
def test_the_login_is_for_the_registry_that_the_settings_name_and_for_no_other(given: str, key: str) -> None:
    assert list(logins(run_program(rag_api__registry=given, rag_api__registryToken="t0ken"))) == [key]


def test_the_login_is_for_the_registry_of_the_release_where_the_settings_name_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(RagApiRelease, "registry", property(lambda self: "registry.example.com:5000"))
    moved = run_program(rag_api__registryUser="moved")  # not one of the runs that other tests share
    assert list(logins(moved)) == ["registry.example.com:5000"]


def test_pods_have_probes_limits_and_a_disruption_budget() -> None:
    recorder = run_program()
    (container,) = template(recorder)["spec"]["containers"]
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        assert container[probe]["httpGet"] == {"path": "/health", "port": 8000}
    assert set(container["resources"]) == {"limits", "requests"}
    (budget,) = recorder.of_type("kubernetes:policy/v1:PodDisruptionBudget").values()
    assert budget["spec"]["maxUnavailable"] == 1
    strategy = deployments(recorder)["rag-api"]["strategy"]["rollingUpdate"]
    assert strategy == {"maxSurge": 1, "maxUnavailable": 0}


@pytest.mark.parametrize("version", versions())
def test_pods_have_no_more_rights_than_they_need(version: str) -> None:
    for name, spec in deployments(run_program(rollback_stack__version=version)).items():
        pod = spec["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["securityContext"] == {
            "runAsNonRoot": True,
            "runAsUser": 65534,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        (container,) = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        }


def test_pods_run_as_the_user_of_their_image() -> None:
    found = [line for path in IMAGES.glob("*/Dockerfile") for line in path.read_text().splitlines()]
    users = [line for line in found if line.startswith("USER")]
    assert users
    assert set(users) == {f"USER {NOBODY}"}
