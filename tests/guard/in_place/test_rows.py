"""Every row of the tables finds its change for the worse, and not the way back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pulumi_aws
import pytest
import yaml
from pydantic.alias_generators import to_snake

from guard.in_place import COMPANIONS, LEAVINGS, ROWS, cluster, common, compared, losses, rows
from guard.in_place.values import prior

CASES = [(*case[:4], len(case) > 4) for case in yaml.safe_load((Path(__file__).parent / "cases.yaml").read_text())]
SDK = Path(pulumi_aws.__file__).parent
MODULES = {"lambda": "lambda_"}


@pytest.mark.parametrize(("token", "before", "after", "text", "both"), CASES)
def test_a_change_for_the_worse_is_told(token: str, before: Any, after: Any, text: str, both: bool) -> None:
    found = losses(token, before, after)
    assert [loss for loss in found if text in loss.lost] != [], found
    assert losses(token, before, before) == []
    assert losses(token, after, after) == []
    assert losses(token, None, after) == [], "a new store has nothing to lose"
    back = losses(token, after, before)
    assert (back != []) is both, back


def test_every_row_has_a_case() -> None:
    every = [row for table in (ROWS, cluster.ROWS) for own in table.values() for row in own]
    tried = {
        id(row)
        for token, before, after, *_ in CASES
        for row in rows(token)
        if list(compared(row, prior(before), after))
    }
    assert [row for row in (*every, *common.ROWS, *cluster.COMMON) if id(row) not in tried] == []


@cache
def source(path: Path) -> str:
    return path.read_text()


def arguments(text: str, *names: str) -> Mapping[str, str]:
    """The parameters of a class of the SDK, with their annotations."""
    pattern = rf"^class (?:{'|'.join(names)})(?:\(dict\))?:\n    def __init__\(__self__, \*,(.*?)\):$"
    found = re.search(pattern, text, re.MULTILINE | re.DOTALL)
    assert found, f"{names} aren't in the SDK"
    return dict(re.findall(r"^\s+(\w+): (.*)$", found[1], re.MULTILINE))


def exists(token: str, path: str) -> bool:
    folder, kind, name = re.fullmatch(r"aws:(\w+)/(\w+):(\w+)", token).groups()  # type: ignore[union-attr]
    package = SDK / MODULES.get(folder, folder)
    file = next(each for each in package.glob("*.py") if each.stem.replace("_", "") == kind.lower())
    here = arguments(source(file), f"{name}Args", f"{name}InitArgs")
    for part in path.split(".") if path else ():
        if (annotation := here.get(to_snake(part))) is None:
            return False
        nested = re.search(r"'(\w+Args)'", annotation)
        here = arguments(source(package / "_inputs.py"), nested[1]) if nested else {}
    return True


def test_the_sdk_has_every_property() -> None:
    """Held against the SDK's sources: importing its 280 modules would take longer than all tests here."""
    known = {id(row) for token, own in ROWS.items() for row in own if exists(token, row.path)}
    assert [(token, row.path) for token, own in ROWS.items() for row in own if id(row) not in known] == []


@pytest.mark.parametrize("token", [*LEAVINGS, *COMPANIONS])
def test_the_sdk_has_every_companion(token: str) -> None:
    assert exists(token, COMPANIONS[token].input if token in COMPANIONS else "")
    for target in COMPANIONS[token].targets if token in COMPANIONS else ():
        assert exists(target, "")
