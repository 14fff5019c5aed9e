"""Where images are asked for, and what a registry's answer means; `crane` is a script that answers as it would."""

from __future__ import annotations

from pathlib import Path

import pytest

from apps import registry
from apps.registry import CONF, RegistryError, address, present, push

DIGEST = f"sha256:{'4014' * 16}"
IMAGE = f"ghcr.io/o/app@{DIGEST}"


@pytest.mark.parametrize(
    ("reference", "at"),
    [
        (IMAGE, (f"127.0.0.1:5000/o/app@{DIGEST}", True)),
        ("ghcr.io/o/app:1", ("127.0.0.1:5000/o/app:1", True)),
        ("ghcr.io/o", ("127.0.0.1:5000/o", True)),
        ("ghcr.io/o/special/app:1", ("registry.example/s/app:1", False)),
        ("ghcr.io/other/app:1", ("ghcr.io/other/app:1", False)),
        ("quay.io/x/y:1", ("quay.io/x/y:1", True)),
    ],
)
def test_a_registry_has_another_address_where_the_configuration_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: str, at: tuple[str, bool]
) -> None:
    conf = tmp_path / "registries.conf"
    conf.write_text(
        'unqualified-search-registries = ["docker.io"]\n'
        '[[registry]]\nprefix = "ghcr.io/o"\nlocation = "127.0.0.1:5000/o"\ninsecure = true\n'
        '[[registry]]\nprefix = "ghcr.io/o/special"\nlocation = "registry.example/s"\n'
        '[[registry]]\nlocation = "quay.io"\ninsecure = true\n'
    )
    monkeypatch.setenv(CONF, str(conf))
    assert address(reference) == at


def test_without_a_configuration_it_is_asked_for_where_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CONF, raising=False)
    assert address(IMAGE) == (IMAGE, False)


@pytest.mark.parametrize("text", [None, "[[registry"])
def test_a_configuration_that_cannot_be_read_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    conf = tmp_path / "registries.conf"
    if text is not None:
        conf.write_text(text)
    monkeypatch.setenv(CONF, str(conf))
    with pytest.raises(RegistryError, match=r"CONTAINERS_REGISTRIES_CONF names .* which can't be read"):
        address(IMAGE)


def crane(folder: Path, monkeypatch: pytest.MonkeyPatch, code: int, errors: str = "", output: str = "") -> None:
    program = folder / "crane"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{output}\nEND\ncat >&2 <<'END'\n{errors}\nEND\nexit {code}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.delenv(CONF, raising=False)


ASKED = f"GET https://ghcr.io/v2/o/app/manifests/{DIGEST}"


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        (f"Error: {ASKED}: MANIFEST_UNKNOWN: manifest unknown", None),
        (f"Error: {ASKED}: NAME_UNKNOWN: repository name not known", None),
        ("Error: validating layers: layer does not exist", None),
        (f"Error: {ASKED}: unexpected status code 404 Not Found", None),
        (f"Error: {ASKED}: UNAUTHORIZED: authentication required", "registry ghcr.io refuses"),
        (f"Error: {ASKED}: DENIED: requested access to the resource is denied", "`docker login ghcr.io`"),
        ("Error: Get https://ghcr.io/v2/: dial tcp 10.0.0.1:443: connect: connection refused", "doesn't answer"),
        ("Error: Get https://ghcr.io/v2/: dial tcp: lookup ghcr.io: no such host", "doesn't answer"),
        (f"Error: {ASKED}: TOOMANYREQUESTS: slow down", "wasn't looked at: "),
        ("", "wasn't looked at: no word"),
    ],
)
def test_what_a_registry_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, errors: str, said: str | None) -> None:
    """A digest may hold 401 or 404: words are looked for, not figures."""
    crane(tmp_path, monkeypatch, 1, errors)
    if said is None:
        assert not present(IMAGE)
        return
    with pytest.raises(RegistryError) as caught:
        present(IMAGE)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert ("refuses" in str(caught.value)) is ("UNAUTHORIZED" in errors or "DENIED" in errors)


def test_an_image_that_is_there_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crane(tmp_path, monkeypatch, 0, "PASS")
    assert present(IMAGE)


def test_a_tag_that_another_took_meanwhile_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crane(tmp_path, monkeypatch, 0, output=f"ghcr.io/o/app@sha256:{'0' * 64}")
    with pytest.raises(RegistryError, match="another program writes there"):
        push(tmp_path, "ghcr.io/o/app", "1", DIGEST)


def test_a_registry_that_never_ends_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crane(tmp_path, monkeypatch, 0)
    (tmp_path / "crane").write_text("#!/bin/sh\nexec sleep 30\n")
    monkeypatch.setattr(registry, "SECONDS", 0.2)
    with pytest.raises(RegistryError, match="took longer than"):
        present(IMAGE)
