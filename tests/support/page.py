"""Markdown as a person sees it on a code host: HTML, its structure, and a picture of it.

markdown-it follows CommonMark; tables and HTML in the text are as on GitHub. Chromium is Debian's: it is installed by
apt where it is missing, and only the long suite asks for it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTH = 1012
"""Pixels of GitHub's column for a comment and its frame."""
STYLE = """
body { font: 14px/1.5 -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", Helvetica, Arial, sans-serif;
  color: #1f2328; margin: 24px auto; max-width: 860px; overflow-wrap: break-word; }
h1, h2 { border-bottom: 1px solid #d1d9e0; padding-bottom: .3em; line-height: 1.25; margin: 24px 0 16px; }
h1 { font-size: 2em; } h2 { font-size: 1.5em; }
table { border-collapse: collapse; display: block; width: max-content; max-width: 100%; overflow: auto; }
th, td { border: 1px solid #d1d9e0; padding: 6px 13px; } tr:nth-child(2n) { background: #f6f8fa; }
code { font: 85% ui-monospace, "DejaVu Sans Mono", monospace; background: #818b981f; padding: .2em .4em;
  border-radius: 6px; white-space: break-spaces; }
ul { padding-left: 2em; }
"""
MEASURE = """
const wide = [...document.querySelectorAll('table')].map(table => table.scrollWidth - table.clientWidth);
const told = {height: document.documentElement.scrollHeight, wide,
  over: document.documentElement.scrollWidth - window.innerWidth};
const place = document.createElement('script');
place.type = 'application/json'; place.id = 'measured'; place.textContent = JSON.stringify(told);
document.body.append(place);
"""


def html(markdown: str) -> str:
    """A whole page."""
    content = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
    return (
        f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style><body>{content}<script>{MEASURE}</script></body>'
    )


@dataclass
class Structure(HTMLParser):
    """What a page is made of."""

    headings: list[str] = field(default_factory=list)
    tables: list[list[list[str]]] = field(default_factory=list)
    """Rows of cells."""
    items: list[str] = field(default_factory=list)
    """Entries of lists."""
    text: str = ""
    """All that is read as prose: without code, styles and scripts."""
    open: list[str] = field(default_factory=list)
    """Elements that were begun and not ended."""

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in ("meta", "br", "hr"):
            return
        self.open.append(tag)
        match tag:
            case "table":
                self.tables.append([])
            case "tr":
                self.tables[-1].append([])
            case "td" | "th":
                self.tables[-1][-1].append("")
            case "h1" | "h2" | "h3":
                self.headings.append("")
            case "li":
                self.items.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> ends nothing"
        assert self.open.pop() == tag, f"</{tag}> ends another element"

    def handle_data(self, data: str) -> None:
        if {"style", "script"} & set(self.open):
            return
        if {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += data
        elif {"h1", "h2", "h3"} & set(self.open):
            self.headings[-1] += data
        elif "li" in self.open:
            self.items[-1] += data
        if "code" not in self.open:
            self.text += data


def structure(markdown: str) -> Structure:
    """The structure of a page."""
    found = Structure()
    found.feed(html(markdown))
    found.close()
    return found


def browser() -> str:
    """Chromium, installed where it is missing."""
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-qq", "--no-install-recommends", BROWSERS[0]],
    ):
        subprocess.run(
            command, env={"DEBIAN_FRONTEND": "noninteractive", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, check=True
        )
    return BROWSERS[0]


def picture(markdown: str, folder: Path) -> tuple[Path, Mapping[str, Any]]:
    """A PNG of the whole page, and what was measured: its height, and by how much it and each table hang over."""
    page, image = folder / "page.html", folder / "page.png"
    page.write_text(html(markdown), encoding="utf-8")
    common = (
        browser(),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        f"--user-data-dir={folder}/profile",
    )
    measured = _run(*common, f"--window-size={WIDTH},800", "--dump-dom", page.as_uri())
    found = re.search(r'id="measured">(.*?)</script>', measured, re.DOTALL)
    assert found, measured[-500:]
    told: dict[str, Any] = json.loads(found[1])
    _run(*common, f"--window-size={WIDTH},{told['height']}", f"--screenshot={image}", page.as_uri())
    return image, told


def size(image: Path) -> tuple[int, int]:
    """Width and height of a PNG, in pixels (W3C, "Portable Network Graphics": the first chunk)."""
    head = image.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n", "no picture was made"
    return int.from_bytes(head[16:20]), int.from_bytes(head[20:24])


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr[-1000:]
    return done.stdout
