"""``rollback-policies new``: two files that make a pack, and nothing that is there is overwritten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from core import project
from policies import command


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Path]:
    before = project.current()
    (tmp_path / "Pulumi.yaml").write_text("name: shop\n")
    yield tmp_path
    project.use(before)


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    project.use(project.read(folder))
    monkeypatch.setattr("sys.argv", ["rollback-policies", *words])
    return command.main()


@pytest.mark.parametrize(("pack", "depth"), [("policy", 1), ("ops/policy", 2)])
def test_a_pack_knows_its_project_wherever_it_lies(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], pack: str, depth: int
) -> None:
    (shop / "guard.yaml").write_text(f"pack: {pack}\n")
    assert run(shop, monkeypatch, "new") == 0
    assert capsys.readouterr().out == f"{pack} is a policy pack: pulumi preview --policy-pack {pack}\n"
    program = (shop / pack / "__main__.py").read_text()
    assert f"parents[{depth}]" in program
    assert "from policies.starting import serve_pack" in program
    assert yaml.safe_load((shop / pack / "PulumiPolicy.yaml").read_text())["runtime"]["name"] == "python"
    (shop / pack / "__main__.py").write_text("mine")
    assert run(shop, monkeypatch, "new") == 0
    assert (shop / pack / "__main__.py").read_text() == "mine"


def test_an_environment_inside_the_project_is_named(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.prefix", str(shop / ".venv"))
    assert run(shop, monkeypatch, "new") == 0
    options = yaml.safe_load((shop / "policy" / "PulumiPolicy.yaml").read_text())["runtime"]["options"]
    assert options == {"toolchain": "pip", "virtualenv": "../.venv"}


def test_outside_of_a_project_it_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], shop: Path
) -> None:
    (shop / "Pulumi.yaml").unlink()
    assert run(shop, monkeypatch, "new") == 1
    assert capsys.readouterr().err.startswith(f"error: there is no Pulumi.yaml in {shop}")
