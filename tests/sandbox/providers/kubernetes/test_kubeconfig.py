"""The cluster is found through the kubeconfig, and only one on this machine is served."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sandbox.providers.kubernetes import kubeconfig
from sandbox.providers.kubernetes.errors import ConfigError
from sandbox.providers.kubernetes.settings import read
from sandbox.providers.wire import UNKNOWN


def text(server: str = "http://127.0.0.1:8001") -> str:
    return yaml.safe_dump(
        {
            "current-context": "one",
            "contexts": [
                {"name": "one", "context": {"cluster": "c", "user": "u", "namespace": "team"}},
                {"name": "two", "context": {"cluster": "far", "user": "u"}},
            ],
            "clusters": [
                {"name": "c", "cluster": {"server": server}},
                {"name": "far", "cluster": {"server": "https://k8s.example.com"}},
            ],
            "users": [{"name": "u", "user": {"token": "t"}}],
        }
    )


def test_text_path_and_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config"
    path.write_text(text())
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'missing'}:{path}")
    for given in (text(), str(path), None):
        cluster = kubeconfig.load(given)
        assert (cluster.server, cluster.namespace) == ("http://127.0.0.1:8001", "team")
        assert cluster.headers == {"Authorization": "Bearer t"}
    assert kubeconfig.load(text(), namespace="other").namespace == "other"


def test_another_machine_is_refused_in_one_line() -> None:
    with pytest.raises(ConfigError, match=r"only serves a cluster on this machine.*k8s\.example\.com") as caught:
        kubeconfig.load(text(), context="two")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("server", ["http://127.0.0.2:1", "https://localhost:6443", "http://[::1]:80"])
def test_loopback_has_many_names(server: str) -> None:
    kubeconfig.require_loopback(server)


@pytest.mark.parametrize("server", ["", "https://10.0.0.1", "http://127.0.0.1.example.com", "http://localhost.evil"])
def test_everything_else_is_refused(server: str) -> None:
    with pytest.raises(ConfigError):
        kubeconfig.require_loopback(server)


def test_a_missing_context_names_those_that_exist() -> None:
    with pytest.raises(ConfigError, match='no context "three"; it has: one, two'):
        kubeconfig.load(text(), context="three")


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"can't be read .*; start the sandbox with make up"):
        kubeconfig.load(str(tmp_path / "missing"))


def test_settings_come_as_words() -> None:
    settings = read({"kubeconfig": text(), "enableConfigMapMutable": "true", "helmReleaseSettings": "{}"})
    assert settings.config_map_mutable
    assert not settings.secret_mutable
    assert read({"kubeconfig": UNKNOWN}).cluster is None
