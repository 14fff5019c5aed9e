"""``make reference``: write what the code writes itself."""

from __future__ import annotations

import sys
from pathlib import Path

from cli.reference import sentences

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Write the tables first: the pages say what is in them."""
    for path, content in sentences.tables().items():
        path.write_text(content)
    from cli.reference import pages

    for path, content in pages.pages().items():
        path.write_text(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
