"""``python -m wheels [FOLDER]``: both wheels, from this checkout; prints their files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from wheels.build import ROOT, WHEELS, WheelError, build


def main(arguments: list[str]) -> int:
    """Exit code 0 with the wheels' paths on standard output; else one line of error."""
    target = Path(arguments[0]) if arguments else ROOT / "dist"
    try:
        for name in WHEELS:
            print(build(name, target))
    except (WheelError, subprocess.CalledProcessError) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
        print(f"error: {said[-1] if said else error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
