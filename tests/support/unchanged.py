"""What must not change while something is refused."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any

from sandbox.account.export.compare import diff
from tests.support.cluster import snapshot
from tests.support.project import Project
from tests.support.sandbox import RunningSandbox


def resources(project: Project) -> dict[str, Any]:
    """The resources of the stack's state by URN, without the times at which they were written, and without the lines of
    the program by which they were declared: an update that needs artifacts asks the account earlier than others.

    What is only read (the cluster's identity) is left out: every update notes what it saw. Secrets are compared in the
    clear, since every write encrypts them anew. The order isn't compared: an update that ends early writes first those
    that it came to.
    """
    state = json.loads(project.pulumi("stack", "export", "--show-secrets").output)
    found = state["deployment"]["resources"]
    return {
        f"{each['urn']} {each.get('delete', '')}": {
            key: value for key, value in each.items() if key not in ("created", "modified", "stackTrace")
        }
        for each in found
        if not each.get("external")
    }


def drifted(project: Project) -> set[str]:
    """Refresh the stack; the names of resources that the engine found otherwise than its state had them.

    What the program only reads (the cluster's identity) is left out: Pulumi's Kubernetes provider notes inputs for it
    that no program gave, at each refresh after an update.
    """
    done = project.pulumi("refresh", "--yes", "--skip-preview")
    assert done.code == 0, done.said
    found = re.findall(r"^ ~  \S+ (\S+) updated", done.said, re.MULTILINE)
    return set(found) - {"cluster-identity"}


@contextlib.contextmanager
def unchanged(sandbox: RunningSandbox, project: Project, namespace: str = "production") -> Iterator[None]:
    """Fails unless account (data included), namespace, state and lock files are the same after as before."""
    kubeconfig = sandbox.environment["KUBECONFIG"]
    account, objects, state = sandbox.account(data=True), snapshot(kubeconfig, namespace), resources(project)
    yield
    assert diff(account, sandbox.account(data=True)) == []
    assert snapshot(kubeconfig, namespace) == objects
    assert resources(project) == state
    assert not list(sandbox.state.backend.glob(".pulumi/locks/**/*.json"))
