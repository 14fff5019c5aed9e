"""Rows about the cluster that rag-api lies on: reachable, the stack's own, with Istio, and with the rights it needs."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cli.preflight.facts import CONNECT, READ, PreflightContext
from cli.preflight.rows import CheckResult, UntoldError, fine, missing, unknown
from cli.rights import cluster as rights
from cli.targets import explain, kube_settings
from stacks.rag_api import RagApiSettings
from stacks.systems import Need, needing

TIME = (CONNECT, READ)
SIDE_BY_SIDE = 8
NOT_NEEDED = "not needed: no system of the stack lies on a cluster"
KUBECONFIG = "see to KUBECONFIG and its context (`kubectl version` has to answer)"
CRDS = (f"virtualservices.{rights.ISTIO}", f"destinationrules.{rights.ISTIO}")
NOT_FOUND, FORBIDDEN = 404, (401, 403)


def _needed(look: Callable[[PreflightContext], CheckResult]) -> Callable[[PreflightContext], CheckResult]:
    def needed(facts: PreflightContext) -> CheckResult:
        return look(facts) if needing(Need.CLUSTER, facts.selected) else fine(NOT_NEEDED)

    needed.__doc__ = look.__doc__
    return needed


@_needed
def reachable(facts: PreflightContext) -> CheckResult:
    """Whether the cluster answers, which version it is, and whether it is the one that the stack remembers."""
    from kubernetes import client

    try:
        found = client.VersionApi(_connection(facts)).get_code(_request_timeout=TIME).git_version
    except Exception as error:
        return missing(_told(error), KUBECONFIG)
    try:
        home = client.CoreV1Api(_connection(facts)).read_namespace("kube-system", _request_timeout=TIME)
    except client.ApiException as error:
        return unknown(f"{found}; which cluster it is can't be told: {_told(error)}", "let the user get namespaces")
    mine = str(home.metadata.uid)
    try:
        before = facts.target.get("cluster")
    except UntoldError as error:
        return unknown(f"{found}, kube-system {mine}; whether it is the stack's {error}")
    if before and before != mine:
        return missing(
            f"{found}, kube-system {mine}; {facts.stack} was deployed to the cluster with {before}",
            "use the kubeconfig of that cluster (KUBECONFIG, `kubectl config use-context`), or another stack",
        )
    return fine(f"{found}, kube-system {mine}" + ("" if before else f"; {facts.stack} wasn't deployed there yet"))


@_needed
def istio(facts: PreflightContext) -> CheckResult:
    """Istio's two resource definitions, by which rag-api's traffic is split."""
    from kubernetes import client

    api = client.ApiextensionsV1Api(answering(facts))
    lacking, untold = [], []
    for name in CRDS:
        try:
            found = api.read_custom_resource_definition(name, _request_timeout=TIME)
        except client.ApiException as error:
            if error.status in FORBIDDEN:
                untold.append(name)
                continue
            if error.status != NOT_FOUND:
                raise
            lacking.append(name)
            continue
        if not any(version.name == "v1" and version.served for version in found.spec.versions):
            lacking.append(f"v1 of {name}")
    if lacking:
        return missing(f"not in the cluster: {', '.join(lacking)}", "install Istio 1.22 or later (`istioctl install`)")
    if untold:
        return unknown(f"may not be asked: {', '.join(untold)}", "let the user get customresourcedefinitions")
    return fine(f"{' and '.join(CRDS)} are served as v1")


@_needed
def access(facts: PreflightContext) -> CheckResult:
    """What the caller may do in rag-api's namespace, asked right by right (SelfSubjectAccessReview)."""
    from kubernetes import client

    settings = facts.settings.of(RagApiSettings)
    ingress = settings.ingress_service.partition("/")[0]
    asked = list(rights.questions(settings.namespace, ingress))
    reviews = client.AuthorizationV1Api(answering(facts))
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        allowed = list(pool.map(lambda each: _may(reviews, each), asked))
    refused = [each for each, found in zip(asked, allowed, strict=True) if not found]
    if refused:
        words = ", ".join(map(str, refused[:6])) + (f" and {len(refused) - 6} more" if len(refused) > 6 else "")
        return missing(
            f"{len(refused)} of {len(asked)} rights lack in {settings.namespace}: {words}",
            f"bind a Role with them to this user (`kubectl auth can-i --list -n {settings.namespace}`: what it has)",
        )
    return fine(f"all {len(asked)} rights that rag-api needs in {settings.namespace}")


def _may(reviews: Any, question: rights.Question) -> bool:
    from kubernetes import client

    asked = client.V1ResourceAttributes(
        group=question.group, resource=question.resource, verb=question.verb, namespace=question.namespace or None
    )
    body = client.V1SelfSubjectAccessReview(spec=client.V1SelfSubjectAccessReviewSpec(resource_attributes=asked))
    answer = reviews.create_self_subject_access_review(body, _request_timeout=TIME)
    return bool(answer.status.allowed)


def _connection(facts: PreflightContext) -> Any:
    """A client of the cluster that KUBECONFIG leads to. Raises what the Kubernetes client raises."""

    def connect() -> Any:
        from kubernetes import client

        settings = kube_settings()
        settings.connection_pool_maxsize = 2 * SIDE_BY_SIDE
        return client.ApiClient(settings)

    return facts.once("cluster", connect)


def answering(facts: PreflightContext) -> Any:
    """The same, once the cluster has answered. Raises ``UntoldError`` where it doesn't."""
    from kubernetes import client

    try:
        connection = _connection(facts)
        facts.once("cluster version", lambda: client.VersionApi(connection).get_code(_request_timeout=TIME))
    except Exception:
        raise UntoldError("can't be told without the cluster: see its row") from None
    return connection


def _told(error: BaseException) -> str:
    return explain(error) or " ".join(str(error).split())
