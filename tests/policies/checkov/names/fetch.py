"""Gets the package that Terraform's words are read from."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from policies.checkov import environment
from tests.policies.checkov.names import terraform_words
from tests.policies.checkov.names.terraform_words import Words


def terraform() -> dict[str, Words]:
    """Every type with its arguments. Asks the registry that pip is configured for (60 MB), and keeps nothing."""
    sys.setrecursionlimit(10_000)
    with tempfile.TemporaryDirectory(prefix="terraform-words-") as scratch:
        uv = environment.installer(environment.folder().parent)
        command = [str(uv), "pip"] if uv else [sys.executable, "-m", "pip"]
        subprocess.run(
            [*command, "install", "--quiet", "--no-deps", "--target", scratch, terraform_words.PACKAGE], check=True
        )
        return terraform_words.read(Path(scratch))
