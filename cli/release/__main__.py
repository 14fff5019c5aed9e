"""``python -m cli.release``: the commands of ``rollback release``, without what the other commands import."""

from __future__ import annotations

import sys

from cli.errors import run
from cli.release.commands import app

if __name__ == "__main__":
    sys.exit(run(app, "python -m cli.release"))
