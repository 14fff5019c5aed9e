"""What a page of Markdown has: headings with their anchors, links."""

from __future__ import annotations

import re

HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[(?:[^\]\\]|\\.)*\]\(([^)\s]+)\)")


def headings(content: str) -> dict[str, str]:
    """Each heading with the text below it, up to the next one."""
    parts = HEADING.split(FENCE.sub("", content))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def slug(title: str) -> str:
    """A heading's anchor, as GitHub makes it: small letters, digits, hyphens; what else there is goes."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).lower()
    return re.sub(r"[^\w -]", "", plain).replace(" ", "-")


def anchors(content: str) -> set[str]:
    """The anchors of all headings. A second one of the same name ends in ``-1``."""
    found: set[str] = set()
    for title in HEADING.findall(FENCE.sub("", content)):
        name, number = slug(title), 0
        while (known := f"{name}-{number}" if number else name) in found:
            number += 1
        found.add(known)
    return found


def links(content: str) -> list[str]:
    """Where the links of a page lead to, those in code left out."""
    prose = re.sub(r"`[^`\n]*`", "``", FENCE.sub("", content))
    return LINK.findall(prose)
