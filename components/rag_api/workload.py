"""What runs: the stable and the canary Deployment, their configuration, and what keeps them up."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as k8s

from components.common.context import Context
from stacks.rag_api import RagApiRelease, RagApiSettings
from stacks.registries import login_key
from stacks.selection import Selected

APP = "rag-api"
PORT = 8000
"""Where the container answers (runbook rag-api, troubleshooting)."""
NOBODY = 65534
"""Whom the container runs as: the image's own ``USER``."""
PULL_SECRET = "regcred"  # noqa: S105 - the secret's name in the runbook
STABLE, CANARY = "stable", "canary"


class Workload(pulumi.ComponentResource):
    """Pull secret, ConfigMaps, Deployments, PodDisruptionBudget and autoscaler."""

    def __init__(
        self,
        context: Context,
        selected: Selected,
        canary: RagApiRelease | None,
        window: Mapping[str, RagApiRelease],
        namespace: pulumi.Output[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("rollback:rag-api:Workload", "rag-api-workload", None, opts)
        assert isinstance(selected.release, RagApiRelease)
        self.settings: RagApiSettings = context.settings.of(RagApiSettings)
        self.namespace = namespace
        secret = self._pull_secret(login_key(self.settings.registry or selected.release.registry))
        configs = {version: self._config(version, release) for version, release in sorted(window.items())}
        needed = [secret, *configs.values()]
        self.stable = self._deployment(APP, STABLE, selected.version, selected.release, None, needed)
        running = self.settings.canary
        self.canary = self._deployment(
            f"{APP}-canary",
            CANARY,
            running.version if running else selected.version,
            canary or selected.release,
            running.replicas if running else 0,
            needed,
        )
        self._budget()
        self._autoscaler()
        self.register_outputs({})

    def _metadata(self, name: str, **more: object) -> k8s.meta.v1.ObjectMetaArgs:
        return k8s.meta.v1.ObjectMetaArgs(name=name, namespace=self.namespace, labels={"app": APP}, **more)

    def _pull_secret(self, registry: str) -> k8s.core.v1.Secret:
        """``registry``: what its login is found under. It is for one registry alone: no other gets to see the token."""
        user = self.settings.registry_user
        token = pulumi.Config(APP).get_secret("registryToken") or pulumi.Output.secret("")

        def document(password: str) -> str:
            login = {"username": user, "password": password} if password else {}
            if login:
                login["auth"] = base64.b64encode(f"{user}:{password}".encode()).decode()
            return json.dumps({"auths": {registry: login}}, sort_keys=True)

        return k8s.core.v1.Secret(
            "rag-api-pull-secret",
            metadata=self._metadata(PULL_SECRET),
            type="kubernetes.io/dockerconfigjson",
            string_data={".dockerconfigjson": token.apply(document)},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _values(self, version: str, release: RagApiRelease) -> dict[str, str]:
        return {
            "QDRANT_URL": self.settings.qdrant_url,
            "REDIS_URL": self.settings.redis_url,
            "OPENAI_BASE_URL": self.settings.openai_base_url,
            "RELEASE": version,
            **release.config,
        }

    def _config(self, version: str, release: RagApiRelease) -> k8s.core.v1.ConfigMap:
        return k8s.core.v1.ConfigMap(
            f"rag-api-config-{version}",
            metadata=self._metadata(config_name(version)),
            data=self._values(version, release),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _deployment(
        self,
        name: str,
        track: str,
        version: str,
        release: RagApiRelease,
        replicas: int | None,
        needed: list[pulumi.Resource],
    ) -> k8s.apps.v1.Deployment:
        """``replicas`` is left out where the autoscaler decides, or a rollback in the middle of an incident would
        take capacity away."""
        labels = {"app": APP, "track": track}
        return k8s.apps.v1.Deployment(
            name,
            # Where somebody scaled by hand (runbook rag-api, procedure 4), the next update takes the field back.
            metadata=self._metadata(name, annotations={"pulumi.com/patchForce": "true"}),
            spec=k8s.apps.v1.DeploymentSpecArgs(
                replicas=replicas,
                revision_history_limit=self.settings.revision_history,
                progress_deadline_seconds=self.settings.progress_deadline,
                selector=k8s.meta.v1.LabelSelectorArgs(match_labels=labels),
                strategy=k8s.apps.v1.DeploymentStrategyArgs(
                    type="RollingUpdate",
                    rolling_update=k8s.apps.v1.RollingUpdateDeploymentArgs(max_surge=1, max_unavailable=0),
                ),
                template=self._template(labels, version, release),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=needed, custom_timeouts=self._patience()),
        )

    def _patience(self) -> pulumi.CustomTimeouts:
        """How long the provider waits for a rollout: it doesn't heed the Deployment's own progress deadline."""
        seconds = self.settings.progress_deadline + self.settings.pod_start * self.settings.max_replicas
        return pulumi.CustomTimeouts(create=f"{seconds}s", update=f"{seconds}s")

    def _template(
        self, labels: Mapping[str, str], version: str, release: RagApiRelease
    ) -> k8s.core.v1.PodTemplateSpecArgs:
        values = json.dumps(self._values(version, release), sort_keys=True)
        return k8s.core.v1.PodTemplateSpecArgs(
            metadata=k8s.meta.v1.ObjectMetaArgs(
                labels=labels,
                annotations={"rollback-stack/config": hashlib.sha256(values.encode()).hexdigest()[:16]},
            ),
            spec=k8s.core.v1.PodSpecArgs(
                # No release talks to the cluster, so none gets a key to it.
                automount_service_account_token=False,
                security_context=k8s.core.v1.PodSecurityContextArgs(
                    run_as_non_root=True,
                    run_as_user=NOBODY,
                    seccomp_profile=k8s.core.v1.SeccompProfileArgs(type="RuntimeDefault"),
                ),
                image_pull_secrets=[k8s.core.v1.LocalObjectReferenceArgs(name=PULL_SECRET)],
                termination_grace_period_seconds=30,
                containers=[self._container(version, release)],
                topology_spread_constraints=[
                    k8s.core.v1.TopologySpreadConstraintArgs(
                        max_skew=1,
                        topology_key="topology.kubernetes.io/zone",
                        when_unsatisfiable="ScheduleAnyway",
                        label_selector=k8s.meta.v1.LabelSelectorArgs(match_labels=labels),
                    )
                ],
            ),
        )

    def _container(self, version: str, release: RagApiRelease) -> k8s.core.v1.ContainerArgs:
        resources = self.settings.resources
        health = k8s.core.v1.HTTPGetActionArgs(path="/health", port=PORT)
        return k8s.core.v1.ContainerArgs(
            name=APP,
            image=release.image,
            image_pull_policy="IfNotPresent",
            ports=[k8s.core.v1.ContainerPortArgs(name="http", container_port=PORT)],
            env_from=[
                k8s.core.v1.EnvFromSourceArgs(
                    config_map_ref=k8s.core.v1.ConfigMapEnvSourceArgs(name=config_name(version))
                )
            ],
            resources=k8s.core.v1.ResourceRequirementsArgs(
                requests={"cpu": resources.cpu_request, "memory": resources.memory_request},
                limits={"cpu": resources.cpu_limit, "memory": resources.memory_limit},
            ),
            startup_probe=k8s.core.v1.ProbeArgs(http_get=health, period_seconds=5, failure_threshold=24),
            readiness_probe=k8s.core.v1.ProbeArgs(http_get=health, period_seconds=5, failure_threshold=3),
            liveness_probe=k8s.core.v1.ProbeArgs(http_get=health, period_seconds=10, failure_threshold=6),
            security_context=k8s.core.v1.SecurityContextArgs(
                allow_privilege_escalation=False,
                capabilities=k8s.core.v1.CapabilitiesArgs(drop=["ALL"]),
                read_only_root_filesystem=True,
            ),
        )

    def _budget(self) -> None:
        k8s.policy.v1.PodDisruptionBudget(
            "rag-api-budget",
            metadata=self._metadata(APP),
            spec=k8s.policy.v1.PodDisruptionBudgetSpecArgs(
                max_unavailable=1,
                selector=k8s.meta.v1.LabelSelectorArgs(match_labels={"app": APP, "track": STABLE}),
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _autoscaler(self) -> None:
        k8s.autoscaling.v2.HorizontalPodAutoscaler(
            "rag-api-autoscaler",
            metadata=self._metadata(APP),
            spec=k8s.autoscaling.v2.HorizontalPodAutoscalerSpecArgs(
                scale_target_ref=k8s.autoscaling.v2.CrossVersionObjectReferenceArgs(
                    api_version="apps/v1", kind="Deployment", name=self.stable.metadata.name
                ),
                min_replicas=self.settings.replicas,
                max_replicas=self.settings.max_replicas,
                metrics=[
                    k8s.autoscaling.v2.MetricSpecArgs(
                        type="Resource",
                        resource=k8s.autoscaling.v2.ResourceMetricSourceArgs(
                            name="cpu",
                            target=k8s.autoscaling.v2.MetricTargetArgs(
                                type="Utilization", average_utilization=self.settings.target_cpu
                            ),
                        ),
                    )
                ],
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )


def config_name(version: str) -> str:
    """The ConfigMap of a release: one each, so that an old ReplicaSet finds its own."""
    return f"{APP}-config-{version}"
