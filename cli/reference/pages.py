"""The pages that are written from the code."""

from __future__ import annotations

from pathlib import Path

from cli.reference import commands, settings

DOCS = Path(__file__).resolve().parents[2] / "docs"


def pages() -> dict[Path, str]:
    """Each page with its text."""
    return {DOCS / "settings.md": settings.page(), DOCS / "commands.md": commands.page()}
