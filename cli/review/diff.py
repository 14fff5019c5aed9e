"""The lines that a change added or edited: a code host shows findings beside no others."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from cli.review.workspace import git

FILE = re.compile(r"^\+\+\+ (?:b/(?P<file>.*)|/dev/null)$")
HUNK = re.compile(r"^@@ -\S+ \+(?P<first>\d+)(?:,(?P<number>\d+))? @@")
DIFF = ("-c", "core.quotePath=false", "diff", "--unified=0", "--no-color", "--no-ext-diff", "--no-renames")
PREFIXES = ("--src-prefix=a/", "--dst-prefix=b/")


def changed_lines(root: Path, base: str) -> Mapping[str, frozenset[int]]:
    """By file, relative to the repository: what differs from a commit, committed or not. Empty where git says nothing.

    As on a pull request, the comparison is with the commit where this checkout left ``base``.
    """
    start = git(root, "merge-base", "HEAD", base) or base
    found: defaultdict[str, set[int]] = defaultdict(set)
    for file, line in _of_diff(git(root, *DIFF, *PREFIXES, start, "--")):
        found[file].add(line)
    top = Path(git(root, "rev-parse", "--show-toplevel") or root)
    for file in filter(None, git(top, "ls-files", "-z", "--others", "--exclude-standard").split("\0")):
        found[file] = set(range(1, _length(top / file) + 1))
    return {file: frozenset(lines) for file, lines in found.items()}


def _of_diff(text: str) -> Iterator[tuple[str, int]]:
    file: str | None = None
    for line in text.splitlines():
        if header := FILE.match(line):
            file = (header["file"] or "").removesuffix("\t")  # git ends a name with blanks in it by a tab
        elif (hunk := HUNK.match(line)) and file:
            first, number = int(hunk["first"]), int(hunk["number"] or 1)
            yield from ((file, each) for each in range(first, first + number))


def _length(path: Path) -> int:
    try:
        return len(path.read_bytes().splitlines())
    except OSError:
        return 0
