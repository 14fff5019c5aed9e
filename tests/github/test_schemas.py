"""Workflows, actions and the examples of the page, held against the published schemas and actionlint."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.github.reading import ACTIONS, FOLDER, PAGE, WORKFLOWS
from toolchain import actionlint
from toolchain.paths import cache
from toolchain.progress import Progress

SCHEMAS = {
    "vendor.github-workflows": WORKFLOWS,
    "vendor.github-actions": ACTIONS,
    "vendor.dependabot": [FOLDER / "dependabot.yml"],
}
EXAMPLE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WRONG = {
    "vendor.github-workflows": "on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    stepz: []\n",
    "vendor.github-actions": "name: one\ndescription: two\nruns:\n  using: composite\n  steps:\n    - run: echo\n",
    "vendor.dependabot": "version: 3\nupdates: []\n",
}


def held(schema: str, *files: Path) -> subprocess.CompletedProcess[str]:
    """check-jsonschema carries the schemas of SchemaStore, so no network is needed."""
    command = [str(Path(sys.executable).with_name("check-jsonschema")), "--builtin-schema", schema, *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_every_file_is_as_its_published_schema_says(schema: str) -> None:
    assert SCHEMAS[schema]
    done = held(schema, *SCHEMAS[schema])
    assert done.returncode == 0, done.stdout


OTHERS = [pytest.param(schema, marks=pytest.mark.long) for schema in list(WRONG)[1:]]


@pytest.mark.parametrize("schema", ["vendor.github-workflows", *OTHERS])
def test_a_file_that_is_not_is_found(schema: str, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(WRONG[schema])
    assert held(schema, wrong).returncode == 1


def test_the_examples_of_the_page_are_workflows(tmp_path: Path) -> None:
    examples = EXAMPLE.findall(PAGE.read_text())
    assert len(examples) >= 3
    files = []
    for number, text in enumerate(examples):
        files.append(tmp_path / f"{number}.yml")
        files[-1].write_text(text)
    done = held("vendor.github-workflows", *files)
    assert done.returncode == 0, done.stdout
    executable = actionlint.ensure(cache(), Progress(quiet=True))
    assert [str(fault) for fault in actionlint.check(executable, files)] == []
