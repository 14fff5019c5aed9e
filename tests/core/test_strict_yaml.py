"""YAML read strictly: what is refused, in one line, and what is read as ever."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from core.model import ConfigurationError
from core.strict_yaml import read_yaml
from guard import approvals
from policies import waivers
from stacks import file


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"a: 1\nb: {c: 1, c: 2}", "line 2: c is given twice"),
        (b'a: 1\n"a": 2', "a is given twice"),
        (b"a: 1\n---\na: 2", "another document"),
        (b"? [a]\n: b", "unhashable key"),
        (b"a: !!int x", "can't be read"),
        (b"a: !!python/object:b c", "could not determine a constructor"),
    ],
)
def test_what_could_be_read_in_two_ways_is_one_line(tmp_path: Path, text: bytes, said: str) -> None:
    path = tmp_path / "given.yaml"
    path.write_bytes(text)
    with pytest.raises(ConfigurationError, match=said) as refused:
        read_yaml(path, "given.yaml")
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith("given.yaml: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"- &a {action: delete}\n- *a", "line 2: an alias"),
        (b"- {<<: {action: delete}, action: replace}", "line 1: a merge key"),
        (b"action: !!binary ZGVsZXRl", "line 1: a tag"),
        (b"action: !!str delete", "line 1: a tag"),
        (b"!!map {action: delete}", "line 1: a tag"),
        (b"? !!str action\n: delete", "line 1: a tag"),
    ],
)
def test_what_is_reviewed_as_text_says_what_the_text_says(tmp_path: Path, text: bytes, said: str) -> None:
    path = tmp_path / "given.yaml"
    path.write_bytes(text)
    read_yaml(path, "given.yaml")
    with pytest.raises(ConfigurationError, match=said):
        read_yaml(path, "given.yaml", plain=True)


@pytest.mark.parametrize("load", [lambda f: approvals.load("prod", f), lambda f: waivers.load((), (), f / "prod.yaml")])
def test_decisions_lie_where_they_are_reviewed(tmp_path: Path, load: Callable[[Path], object]) -> None:
    (tmp_path / "elsewhere").write_text("[]")
    (tmp_path / "prod.yaml").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match=r"prod\.yaml is a link"):
        load(tmp_path)
    (tmp_path / "prod.yaml").unlink()
    os.mkfifo(tmp_path / "prod.yaml")
    with pytest.raises(ConfigurationError, match=r"prod\.yaml is no file"):  # and is never waited for
        load(tmp_path)


def test_one_key_in_two_spellings_is_refused(tmp_path: Path) -> None:
    settings = "config:\n  version: v1.2.3\n  rollback-stack:version: v1.2.2\n"
    (tmp_path / "Pulumi.prod.yaml").write_text(settings)
    with pytest.raises(ConfigurationError, match="version and rollback-stack:version are one key"):
        file.read("prod", folder=tmp_path)


def test_merge_keys_may_be_overridden_and_one_key_may_stand_in_two_mappings(tmp_path: Path) -> None:
    path = tmp_path / "given.yaml"
    path.write_text("base: &base {a: 1, b: 2}\nother:\n  <<: *base\n  a: 3\n")
    assert read_yaml(path, "given.yaml")["other"] == {"a": 3, "b": 2}


def test_an_empty_file_holds_nothing_and_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "given.yaml").touch()
    assert read_yaml(tmp_path / "given.yaml", "given.yaml") is None
    with pytest.raises(ConfigurationError, match="directory"):
        read_yaml(tmp_path, "given.yaml")
    with pytest.raises(FileNotFoundError):
        read_yaml(tmp_path / "none.yaml", "none.yaml")


def test_settings_and_waivers_are_read_as_strictly(tmp_path: Path) -> None:
    settings = "config:\n  rollback-stack:version: v1.2.3\n  rollback-stack:version: v1.2.2\n"
    (tmp_path / "Pulumi.prod.yaml").write_text(settings)
    with pytest.raises(ConfigurationError, match="rollback-stack:version is given twice"):
        file.read("prod", folder=tmp_path)
    (tmp_path / "Pulumi.prod.yaml").write_text("config: [a]\n")
    with pytest.raises(ConfigurationError, match="config has to be a mapping"):
        file.read("prod", folder=tmp_path)
    (tmp_path / "waivers.yaml").write_text("- policy: a\n  policy: b\n")
    with pytest.raises(ConfigurationError, match="policy is given twice"):
        waivers.load(("a", "b"), (), tmp_path / "waivers.yaml")
    (tmp_path / "waivers.yaml").write_text("false\n")
    with pytest.raises(ConfigurationError, match=r"waivers\.yaml"):
        waivers.load(("a", "b"), (), tmp_path / "waivers.yaml")
