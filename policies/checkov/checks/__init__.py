"""Checks of our own that checkov loads beside its own. They run in checkov's environment and know no system of ours."""

from pathlib import Path

__all__ = [each.stem for each in Path(__file__).parent.glob("*.py") if each.stem != "__init__"]
