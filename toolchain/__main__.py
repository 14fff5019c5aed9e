"""`python -m toolchain` prints the folder that holds the Pulumi CLI, made first where it is missing."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from toolchain import pulumi_cli
from toolchain.errors import ToolchainError
from toolchain.paths import cache
from toolchain.progress import Progress


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 with the folder on standard output, 1 with one line on standard error, 130 when interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m toolchain",
        description="Print the folder that holds the pinned Pulumi CLI; put it first on PATH.",
        epilog='example: PATH="$(python -m toolchain):$PATH" pulumi version',
    )
    parser.add_argument("--cache", type=Path, default=cache(), help="shared cache folder (default: %(default)s)")
    parser.add_argument("--quiet", action="store_true", help="no progress on standard error")
    options = parser.parse_args(arguments)
    try:
        print(pulumi_cli.ensure(options.cache, Progress(quiet=options.quiet)))
    except ToolchainError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
