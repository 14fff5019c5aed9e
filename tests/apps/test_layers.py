"""Lambda layers on the shelf, and the versions of receipt_chroma there."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from apps import archives, catalogue
from apps.errors import ArtifactError
from tests.support.versions import newest_always

VERSIONS = ("1.0.0", "1.1.0", "1.2.0", "1.3.0")


def modules(version: str) -> set[str]:
    files = catalogue.layer("compaction", "receipt_chroma", version).own
    return {name.removeprefix("python/receipt_chroma/").split("/")[0].removesuffix(".py") for name in files}


def test_the_package_has_its_versions_under_pins_and_keys() -> None:
    found = [layer for layer in catalogue.layers() if (layer.system, layer.name) == ("compaction", "receipt_chroma")]
    assert tuple(layer.version for layer in found) == VERSIONS
    listed = yaml.safe_load(
        subprocess.run([sys.executable, "-m", "apps", "list"], capture_output=True, text=True, check=True).stdout
    )
    for layer in found:
        assert listed["layers"]["compaction"]["receipt_chroma"][layer.version] == layer.sha256
        assert layer.key == f"layers/compaction/receipt_chroma/{layer.version}/{layer.sha256}.zip"
        assert layer.fault is None
    assert len({layer.sha256 for layer in found}) == len(found)


def test_everything_in_the_zip_lies_where_lambda_looks() -> None:
    for layer in catalogue.layers():
        with zipfile.ZipFile(io.BytesIO(layer.content)) as package:
            assert all(name.startswith("python/") for name in package.namelist())
        assert all(name.startswith(f"python/{layer.name}/") for name in layer.own)


@pytest.mark.parametrize("version", newest_always(VERSIONS))
def test_the_package_tells_its_version_and_loads_without_chromadb(version: str, tmp_path: Path) -> None:
    archives.write_tree(catalogue.layer("compaction", "receipt_chroma", version).own, tmp_path)
    code = (
        "import json, sys, receipt_chroma, receipt_chroma.store, receipt_chroma.formats as f;"
        "print(json.dumps([receipt_chroma.__version__, f.READS, f.WRITES, 'chromadb' in sys.modules]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "python")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    formats = {"1.0.0": [[1], [1]], "1.1.0": [[1, 2], [1]], "1.2.0": [[1, 2], [1, 2]]}
    formats["1.3.0"] = formats["1.2.0"]
    assert json.loads(done.stdout) == [version, *formats[version], False]


def test_compaction_and_stream_came_with_1_1_0() -> None:
    """Runbook compaction, full rollback, step 5: it removes the modules `compaction` and `stream`."""
    assert {"compaction", "stream"} & modules("1.0.0") == set()
    assert modules("1.0.0") | {"compaction", "stream"} <= modules("1.1.0")
    assert modules("1.3.0") == modules("1.2.0") == modules("1.1.0")


def test_handlers_1_0_0_import_nothing_that_came_later() -> None:
    """Runbook compaction, full rollback, step 6: no imports of the new modules are left after the rollback."""
    later = re.compile(r"receipt_chroma\.(compaction|stream)|from receipt_chroma import .*(compaction|stream)")
    found = {
        version: {
            artifact.function
            for artifact in catalogue.functions()
            if artifact.system == "compaction" and artifact.version == version
            if any(later.search(text.decode()) for text in artifact.files.values())
        }
        for version in ("1.0.0", "1.1.0", "1.2.0")
    }
    everything = {"stream_processor", "metadata_handler", "label_handler", "enhanced_compaction_handler"}
    assert found == {"1.0.0": set(), "1.1.0": everything, "1.2.0": everything}


def test_handlers_1_2_0_have_no_compaction_code_of_their_own() -> None:
    own = {
        version: set(catalogue.function("compaction", "enhanced_compaction_handler", version).files)
        for version in ("1.0.0", "1.1.0", "1.2.0")
    }
    logic = {f"compaction/{name}.py" for name in ("changes", "compactor", "deltas", "merging", "repair")}
    assert logic <= own["1.0.0"]
    assert own["1.0.0"] | {"compaction/switch.py", "compaction/package_code.py"} == own["1.1.0"]
    assert own["1.1.0"] - own["1.2.0"] == logic | {"compaction/switch.py"}


def test_an_unknown_version_is_answered_with_those_there_are() -> None:
    with pytest.raises(ArtifactError, match=r"no layer receipt_chroma 9\.0\.0: its versions are 1\.0\.0, 1\.1\.0"):
        catalogue.layer("compaction", "receipt_chroma", "9.0.0")


def test_a_layer_without_its_package_is_refused(tmp_path: Path) -> None:
    archives.write_tree({"other.py": b""}, tmp_path / "layers" / "s" / "pack" / "1.0.0")
    (layer,) = catalogue.layers(tmp_path)
    with pytest.raises(ArtifactError, match=r"has no python/pack/__init__\.py: Lambda looks for"):
        _ = layer.content
