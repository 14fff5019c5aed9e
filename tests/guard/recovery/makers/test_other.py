from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from core.errors import ServiceError
from guard.recovery import work
from guard.recovery.catalogue import Catalogue
from guard.recovery.judgement import ELSEWHERE
from guard.recovery.maker import Order, silent
from guard.recovery.makers import maker
from tests.guard.recovery.conftest import store
from tests.guard.recovery.examples import example
from tests.sandbox.account.conftest import REGION

KINDS = ("secret", "volume", "namespace", "host", "belt")


@pytest.mark.parametrize("kind", KINDS)
def test_every_other_kind_is_refused_with_the_tool_that_copies_it(kind: str) -> None:
    of = store(kind, "x")
    order = Order("id", of, datetime.now(UTC), "bucket", REGION)
    for refused in (
        lambda: maker(of.kind).copy(order),
        lambda: maker(of.kind).measure(of, silent),
        lambda: maker(of.kind).verify(example(of), silent),
        lambda: work.restore(example(of), "y"),
    ):
        with pytest.raises(ServiceError) as error:
            refused()
        assert str(error.value) == f"{kind} x: {ELSEWHERE[of.kind]}"


def test_what_can_be_counted_is_counted_and_the_rest_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from kubernetes import client, config

    assert work.count(store("secret", "x")) == 1
    assert work.count(store("belt", "x")) == 0
    for kind in ("volume", "host"):
        with pytest.raises(ServiceError, match="can't be counted from here"):
            work.count(store(kind, "x"))
    monkeypatch.setattr(config, "load_kube_config", lambda *_: None)
    uid = SimpleNamespace(metadata=SimpleNamespace(uid="1"))
    monkeypatch.setattr(client.CoreV1Api, "read_namespace", lambda *_, **__: uid)
    there: dict[str, list[Any]] = {
        "persistent_volume_claim": ["a", "b"],
        "secret": [SimpleNamespace(type="Opaque"), SimpleNamespace(type="kubernetes.io/service-account-token")],
        "config_map": [
            SimpleNamespace(metadata=SimpleNamespace(name=name)) for name in ("settings", "kube-root-ca.crt")
        ],
    }
    for kind, items in there.items():
        answer = SimpleNamespace(items=items)
        monkeypatch.setattr(client.CoreV1Api, f"list_namespaced_{kind}", lambda *_, answer=answer, **__: answer)
    assert work.count(store("namespace", "production")) == 4
    del there["persistent_volume_claim"][:]
    assert work.count(store("namespace", "production")) == 2, "a Secret and a ConfigMap are something to lose"
    namespace = store("namespace", "production")
    assert work.count(namespace.model_copy(update={"uid": "1"})) == 2
    with pytest.raises(ServiceError, match="another namespace of this name"):
        work.count(namespace.model_copy(update={"uid": "2"}))


def test_a_namespace_is_looked_at_in_its_own_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    from kubernetes import config

    asked: list[tuple[Any, ...]] = []

    def load(*given: Any) -> None:
        asked.append(given[:2])
        raise config.ConfigException("no such context")

    monkeypatch.setattr(config, "load_kube_config", load)
    with pytest.raises(ServiceError, match="no such context"):
        work.count(store("namespace", "production").model_copy(update={"context": "west"}))
    assert asked == [(None, "west")]


@pytest.mark.parametrize("reason", ["no cluster", "a refusal"])
def test_a_cluster_that_cannot_be_read_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, reason: str) -> None:
    from kubernetes import client, config

    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "absent"))
    if reason == "a refusal":

        def refuse(*_: Any, **__: Any) -> None:
            raise client.ApiException(403, "Forbidden")

        monkeypatch.setattr(config, "load_kube_config", lambda *_: None)
        monkeypatch.setattr(client.CoreV1Api, "read_namespace", refuse)
    with pytest.raises(ServiceError) as error:
        work.count(store("namespace", "production"))
    assert str(error.value).startswith("namespace production: ")
    assert len(str(error.value).splitlines()) == 1


def test_nothing_is_recorded_for_what_is_refused(emulated: None) -> None:
    catalogue = Catalogue("recovery", REGION)
    with pytest.raises(ServiceError, match="no API copies a secret"):
        work.make(store("secret", "x"), catalogue, "a tester")
    assert catalogue.all() == []
