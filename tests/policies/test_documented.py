"""What the services' documentation says: each case is a page, resources, and what follows for one policy.

A case ``fails`` with a part of the finding, or ``passes``. ``workload`` is a short form of a Kubernetes workload whose
one container is in order, and says what is different; ``!unknown`` is a value that only an update will tell.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.pack import BY_NAME
from policies.rule import StackRule
from policies.subject import UNKNOWN, Resource
from tests.policies.cases import make, said, said_of

FOLDER = Path(__file__).parent / "documented"
DIGEST = "sha256:" + "0f" * 32
PROBE = {"httpGet": {"path": "/health", "port": 8000}}
CONTAINER = {
    "name": "app",
    "image": f"ghcr.io/team/app@{DIGEST}",
    "readinessProbe": PROBE,
    "livenessProbe": PROBE,
    "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}},
    "securityContext": {"allowPrivilegeEscalation": False},
}
TEMPLATES = {"CronJob": ("jobTemplate", "spec", "template"), "Pod": ()}


class Loader(yaml.SafeLoader):
    """YAML with ``!unknown``."""


Loader.add_constructor("!unknown", lambda _loader, _node: UNKNOWN)


def read() -> Iterator[Any]:
    for path in sorted(FOLDER.glob("*.yaml")):
        table = yaml.load(path.read_text(), Loader)
        for case in table["cases"]:
            yield pytest.param(case, table["pages"][case["page"]], id=f"{path.stem}: {case['policy']}: {case['case']}")


CASES = list(read())


def workload(given: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of a workload: ``container``, ``pod`` and ``spec`` say what differs, ``labels`` are the pods'."""
    kind = str(given["workload"]).rpartition(":")[2]
    spec = {"containers": [{**CONTAINER, **given.get("container", {})}], **given.get("pod", {})}
    labels = given.get("labels", {"app": "web"})
    annotations = given.get("annotations")
    metadata = {"labels": labels, **({"annotations": annotations} if annotations else {})}
    inside: Any = {"metadata": metadata, "spec": spec}
    for part in reversed(TEMPLATES.get(kind, ("template",))):
        inside = {part: inside}
    meta = {"name": "web", **given.get("metadata", {})}
    if kind == "Pod":
        return {**inside, "metadata": {**meta, **metadata}}
    return {"metadata": meta, "spec": {**inside, **given.get("spec", {})}}


def resource(given: Mapping[str, Any]) -> Resource:
    more = {name: given[name] for name in ("protect", "sources", "dependencies") if name in given}
    if "workload" in given:
        return make(f"kubernetes:{given['workload']}", given.get("name", "web"), workload(given), **more)
    props = {key: json.dumps(value["json"]) if _is_json(value) else value for key, value in given["props"].items()}
    return make(given["type"], given.get("name", "one"), props, **more)


def _is_json(value: object) -> bool:
    """``{json: …}`` is text that holds JSON."""
    return isinstance(value, dict) and list(value) == ["json"]


@pytest.mark.parametrize(("case", "page"), CASES)
def test_the_documentation_says_so(case: dict[str, Any], page: str) -> None:
    assert page.startswith("https://")
    assert {*case} <= {"policy", "case", "page", "fails", "passes", "config", "resources"}
    policy, resources = case["policy"], [resource(each) for each in case["resources"]]
    if isinstance(BY_NAME[policy], StackRule):
        found = said_of(policy, resources, case.get("config"))
    else:
        found = [text for each in resources for text in said(policy, each, case.get("config"))]
    if "passes" in case:
        assert found == []
    else:
        assert any(case["fails"] in text for text in found), found or "no finding"


def test_there_are_enough_cases_and_each_policy_has_one_of_each_kind() -> None:
    assert len(CASES) >= 150
    kinds = {(param.values[0]["policy"], "passes" in param.values[0]) for param in CASES}
    policies = {name for name, _ in kinds}
    assert {(name, kind) for name in policies for kind in (True, False)} == kinds
