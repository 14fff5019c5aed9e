"""The sixth system: the files of a fixture and one row, put into a copy of the project."""

from __future__ import annotations

import shutil
from pathlib import Path

FILES = Path(__file__).parent / "static_site"
"""Its own files, where they lie in the project."""
ROW = FILES / "row.txt"
TABLE = Path("stacks") / "systems.py"
SYSTEM, MODULE = "static-site", "static_site"
_IMPORTS, _END = "from stacks import ", "\n)\nSYSTEMS: "


def own_files() -> list[Path]:
    """The system's own files, below the project's folder."""
    found = (path for path in FILES.rglob("*") if path.is_file() and path != ROW and "__pycache__" not in path.parts)
    return sorted(path.relative_to(FILES) for path in found)


def add_to(folder: Path) -> None:
    """Put the system's own files and its row into a copy of the project."""
    for path in own_files():
        target = folder / path
        assert not target.exists(), f"{path} is there already"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(FILES / path, target)
    (folder / TABLE).write_text(with_row((folder / TABLE).read_text()))


def with_row(table: str) -> str:
    """The text of the table with the system's row at its end, and the import of its models."""
    line = next(line for line in table.splitlines() if line.startswith(_IMPORTS))
    names = sorted([*line.removeprefix(_IMPORTS).split(", "), MODULE])
    head, end, tail = table.replace(line, _IMPORTS + ", ".join(names)).partition(_END)
    return f"{head}\n{ROW.read_text().rstrip()}{end}{tail}"
