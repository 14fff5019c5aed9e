"""rag-api's Deployment as a release of Helm's: what ``helm rollback`` takes for the same rollout."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.providers.kubernetes import launcher
from tests.bench.measure import timed
from tests.support.project import Project
from toolchain import gobuild
from toolchain.errors import ToolchainError
from toolchain.progress import Progress

PACKAGE = "helm.sh/helm/v3/cmd/helm"
NAME = "rag-api-helm"
NAMESPACE = "staging"


@dataclass(frozen=True)
class Release:
    """A release with two revisions, the newer one running."""

    project: Project
    helm: Path

    def back(self) -> float:
        """Roll back to the revision before, waiting for its pods, then forward again; the seconds of the way back."""
        seconds = timed(lambda: self.run("rollback", NAME, "--wait"))
        self.run("rollback", NAME, "--wait")
        return seconds

    def run(self, *words: str) -> None:
        """Run helm. Raises ``RuntimeError`` with what it said."""
        done = self.project.run(str(self.helm), "-n", NAMESPACE, *words, timeout=600)
        if done.code:
            raise RuntimeError(f"helm {words[0]}: {done.said.strip()}")


def install(project: Project, cache: Path) -> Release | None:
    """A release of a chart that holds what runs, in the older form and then in the newer one.

    None, with a line, where helm doesn't build here.
    """
    try:
        helm = gobuild.build(
            launcher.MODULE,
            PACKAGE,
            "helm",
            cache=cache,
            gcflags=launcher.GCFLAGS,
            ldflags=("-s", "-w"),
            progress=Progress(),
        )
    except ToolchainError as error:
        print(f"no row for helm: {error}", file=sys.stderr)
        return None
    release = Release(project, helm)
    done = project.run("kubectl", "-n", NAMESPACE, "get", "replicaset", "-l", "app=rag-api,track=stable", "-o", "json")
    if done.code:
        raise RuntimeError(done.said.strip())
    older, newer = sorted(json.loads(done.output)["items"], key=_revision)[-2:]
    for verb, template in (("install", older), ("upgrade", newer)):
        chart = _chart(project.folder / "chart", template["spec"]["template"])
        release.run(verb, NAME, str(chart), "--wait")
    return release


def _revision(replica_set: dict[str, Any]) -> int:
    return int(replica_set["metadata"]["annotations"]["deployment.kubernetes.io/revision"])


def _chart(folder: Path, template: dict[str, Any]) -> Path:
    (folder / "templates").mkdir(parents=True, exist_ok=True)
    (folder / "Chart.yaml").write_text(json.dumps({"apiVersion": "v2", "name": NAME, "version": "1.0.0"}))
    labels = {"app": NAME}
    metadata = {"annotations": template["metadata"].get("annotations") or {}, "labels": labels}
    spec = {
        "replicas": 3,
        "selector": {"matchLabels": labels},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": {"metadata": metadata, "spec": template["spec"]},
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": NAME, "labels": labels},
        "spec": spec,
    }
    (folder / "templates" / "deployment.json").write_text(json.dumps(deployment))
    return folder
