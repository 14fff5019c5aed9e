"""Waiting: for an object to become ready after a change, and for one to be gone after its deletion."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sandbox.providers.kubernetes.api import Api, Kind
from sandbox.providers.kubernetes.errors import NotReadyError
from sandbox.providers.kubernetes.objects import (
    SKIP_AWAIT,
    TIMEOUT_SECONDS,
    annotation,
    flagged,
    name_of,
    namespace_of,
    title,
)
from sandbox.providers.kubernetes.readiness import others, pods, workloads
from sandbox.providers.kubernetes.readiness.verdict import Verdict

DEFAULT_SECONDS = 600.0
"""The time that a change may take unless customTimeouts or the annotation says otherwise, as the real provider's."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 0.5

_JUDGES: dict[tuple[str, str], Callable[[Mapping[str, Any]], Verdict]] = {
    ("apps", "Deployment"): workloads.deployment,
    ("apps", "StatefulSet"): workloads.stateful_set,
    ("apps", "DaemonSet"): workloads.daemon_set,
    ("batch", "Job"): workloads.job,
    ("", "Pod"): workloads.pod,
    ("", "Namespace"): others.namespace,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): others.definition,
}
_WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Job", "Pod"})


@dataclass
class Waiting:
    """One wait: how to ask, how to tell, when to give up."""

    api: Api
    kind: Kind
    inputs: Mapping[str, Any]
    tell: Callable[[str], None]
    warn: Callable[[str], None]
    cancelled: threading.Event
    custom_seconds: float = 0.0

    @property
    def seconds(self) -> float:
        """The time allowed: customTimeouts, else the annotation pulumi.com/timeoutSeconds, else ten minutes."""
        if self.custom_seconds > 0:
            return self.custom_seconds
        try:
            return float(annotation(self.inputs, TIMEOUT_SECONDS) or DEFAULT_SECONDS)
        except ValueError:
            return DEFAULT_SECONDS

    def until_ready(self, live: dict[str, Any]) -> dict[str, Any]:
        """The object as it is when it has become ready (at once for kinds without readiness, or with skipAwait).

        Raises `NotReadyError` when it fails, the time is over or the update is cancelled.
        """
        if flagged(self.inputs, SKIP_AWAIT) or not has_readiness(live):
            return live
        began, last, pause, before = time.monotonic(), "", _FIRST_PAUSE, _failure(live)
        while True:
            waited = time.monotonic() - began
            verdict = judge(self.api, live, waited)
            if verdict.ready:
                if verdict.warning:
                    self.warn(verdict.warning)
                if last:
                    self.tell("")
                return live
            if verdict.text != last:
                last = verdict.text
                self.tell(last)
            failed = verdict.failed and (_failure(live) != before or waited > _deadline(live))
            if failed or waited > self.seconds or self.cancelled.is_set():
                raise self._not_ready(live, replace(verdict, failed=failed))
            self.cancelled.wait(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
            found = self.api.find(self.kind, namespace_of(live), name_of(live))
            if found is None:
                raise NotReadyError(f"{title(live)} was deleted by somebody else while it was starting", live=live)
            live = found

    def _not_ready(self, live: dict[str, Any], verdict: Verdict) -> NotReadyError:
        why = "the update was cancelled" if self.cancelled.is_set() else f"gave up after {self.seconds:g} s"
        if verdict.failed:
            why = _failure(live)[0] or "failed"
        reasons = pods.explain(self.api, live) if live.get("kind") in _WORKLOADS else []
        return NotReadyError(
            f"{title(live)} did not become ready: {verdict.short or verdict.text} ({why})", reasons, live
        )

    def until_gone(self, live: Mapping[str, Any]) -> None:
        """Return when the object is gone or another has its name. Raises `NotReadyError` when time is over."""
        if flagged(self.inputs, SKIP_AWAIT):
            return
        began, pause, told = time.monotonic(), 0.05, False
        uid = (live.get("metadata") or {}).get("uid")
        while True:
            found = self.api.find(self.kind, namespace_of(live), name_of(live))
            if found is None or (uid and found["metadata"].get("uid") != uid):
                return
            waited = time.monotonic() - began
            if waited > self.seconds or self.cancelled.is_set():
                held = ", ".join(found["metadata"].get("finalizers") or []) or "none"
                raise NotReadyError(
                    f"{title(found)} is still there {waited:.0f} s after its deletion (finalizers: {held})"
                )
            if not told and waited > 1:
                told = True
                self.tell("Waiting for the object to be gone")
            self.cancelled.wait(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)


def _failure(live: Mapping[str, Any]) -> tuple[str, str]:
    """(reason, time) of the condition that says that an object has failed; empty when none does."""
    for item in (live.get("status") or {}).get("conditions") or []:
        if (item.get("type"), item.get("status")) in {("Progressing", "False"), ("Failed", "True")}:
            return str(item.get("reason", "")), str(item.get("lastUpdateTime") or item.get("lastTransitionTime"))
    return "", ""


def _deadline(live: Mapping[str, Any]) -> float:
    # A Deployment that was stuck before the change keeps saying so until the new rollout makes progress, and nothing
    # tells whether the word is old or new: it counts only when the new rollout has had its own time as well.
    return float((live.get("spec") or {}).get("progressDeadlineSeconds") or 0)


def _key(live: Mapping[str, Any]) -> tuple[str, str]:
    return str(live.get("apiVersion", "")).rpartition("/")[0], str(live.get("kind", ""))


def has_readiness(live: Mapping[str, Any]) -> bool:
    """Whether there is anything to wait for in this kind of object."""
    return _key(live) in _JUDGES or _key(live) == ("", "Service")


def judge(api: Api, live: Mapping[str, Any], waited: float = 0.0) -> Verdict:
    """An object's readiness now; `waited` is the time in seconds since the change."""
    if _key(live) == ("", "Service"):
        slices = api.matching(
            api.kind("discovery.k8s.io/v1", "EndpointSlice"),
            namespace_of(live),
            labelSelector=f"kubernetes.io/service-name={name_of(live)}",
        )
        return others.service(live, slices, waited)
    return _JUDGES[_key(live)](live)
