"""The site's pages that lie elsewhere than in ``docs``, and links that lead out of it: hooks of MkDocs.

MkDocs runs this file by its path, in an environment that has nothing of this project (``mkdocs.yml``): it needs the
standard library alone.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
ELSEWHERE = {"index.md": "README.md", "contributing.md": "CONTRIBUTING.md", "changelog.md": "CHANGELOG.md"}
"""A page of the site -> the file of the repository that is its text."""
DECISIONS = "decisions/index.md"
LINK = re.compile(r"(?ms)^```.*?^```|(?<!!)\[((?:[^\]\\]|\\.)*)\]\(([^)\s]+)\)|`[^`\n]*`")
"""A link; or code, in which nothing is one. Code in a link's words is the link's."""
TITLE = re.compile(r"^# (.+)$", re.MULTILINE)


class BrokenLinkError(ValueError):
    """A page leads to a file that the repository hasn't. The message is one line."""


def texts() -> dict[str, str]:
    """The pages that MkDocs doesn't find by itself."""
    found = {page: (ROOT / file).read_text() for page, file in ELSEWHERE.items()}
    return {**found, DECISIONS: decisions()}


def decisions() -> str:
    """A list of all decisions, in the order of their numbers."""
    rows = []
    for path in sorted((DOCS / "decisions").glob("0*.md")):
        title = TITLE.search(path.read_text())
        rows.append(f"- [{title[1] if title else path.stem}]({path.name})")
    return "\n".join(["# Decisions", "", "Why things are as they are.", "", *rows, ""])


def leading(page: str, text: str) -> str:
    """A page's text with links that lead where they should on the site.

    What lies in ``docs`` is named from the page; what lies elsewhere in the repository is no part of the site, and its
    path stands beside the words. Raises ``BrokenLinkError`` for a file that isn't there.
    """
    home = ROOT / ELSEWHERE[page] if page in ELSEWHERE else DOCS / page
    below = (DOCS / page).parent

    def led(found: re.Match[str]) -> str:
        label, target = found.groups()
        if target is None:
            return found[0]
        file, mark, anchor = target.partition("#")
        if "://" in target or target.startswith("mailto:") or not file:
            return found[0]
        path = (home.parent / file).resolve()
        if not path.exists():
            raise BrokenLinkError(f"{home.relative_to(ROOT)} links to {target}, and there is no such file")
        if (own := _page_of(path)) is None:
            return f"{label} (`{path.relative_to(ROOT)}`)" if label.strip("`") != str(path.relative_to(ROOT)) else label
        up = "../" * len(below.relative_to(DOCS).parts)
        return f"[{label}]({up}{own}{mark}{anchor})"

    return LINK.sub(led, text)


def _page_of(path: Path) -> str | None:
    """A file's page on the site, from the site's start; None where it has none."""
    elsewhere = {ROOT / file: page for page, file in ELSEWHERE.items()}
    if path in elsewhere:
        return elsewhere[path]
    if path == DOCS / "decisions":
        return DECISIONS
    if path == DOCS / "runbooks":
        return "runbooks/README.md"
    return path.relative_to(DOCS).as_posix() if path.is_relative_to(DOCS) and path.is_file() else None


def on_files(files: Any, config: Any) -> Any:
    """MkDocs: the pages that it doesn't find by itself."""
    from mkdocs.structure.files import File

    for page, text in texts().items():
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """MkDocs: a page's text before it is rendered."""
    from mkdocs.exceptions import PluginError

    try:
        return leading(page.file.src_uri, markdown)
    except BrokenLinkError as error:
        raise PluginError(str(error)) from None
