"""``python -m scripts.release``: the commands of ``rollback release``, without what the other commands import."""

from __future__ import annotations

import sys

from scripts.endings import run
from scripts.release.commands import app

if __name__ == "__main__":
    sys.exit(run(app, "python -m scripts.release"))
