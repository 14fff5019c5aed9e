"""Every link of every page leads to a file and a heading that are there, with and without the site."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from cli.reference import site
from tests.docs.markdown import anchors, links

ROOT = Path(__file__).resolve().parents[2]
NAMES = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
PAGES = [name for name in NAMES if not name.startswith("tests/") and (ROOT / name).exists()]


def broken(home: Path, target: str) -> str | None:
    """What of a link isn't there; addresses elsewhere aren't asked."""
    file, _, anchor = target.partition("#")
    if "://" in target or target.startswith("mailto:"):
        return None
    path = (home.parent / file).resolve() if file else home
    if not path.exists():
        return f"{target}: no such file"
    if anchor and anchor not in anchors(path.read_text()):
        return f"{target}: no such heading"
    return None


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name: str) -> None:
    page = ROOT / name
    assert [said for target in links(page.read_text()) if (said := broken(page, target))] == []


@pytest.mark.parametrize(
    ("target", "right"),
    [
        ("guard.md", True),
        ("runbooks/async-rag.md#level-1", True),
        ("../guard/types", True),
        ("https://example.com/x", True),
        ("nothing.md", False),
        ("systems.md#nothing", False),
        ("#nothing", False),
    ],
)
def test_a_broken_link_is_found(target: str, right: bool) -> None:
    assert (broken(ROOT / "docs" / "systems.md", target) is None) is right


def nav(entries: list[object]) -> list[str]:
    """The pages of a site's list."""
    found: list[str] = []
    for each in entries:
        if isinstance(each, dict):
            found += nav([item for inside in each.values() for item in inside])
        else:
            found.append(str(each))
    return found


def test_every_page_is_on_the_site() -> None:
    text = (ROOT / "mkdocs.yml").read_text().replace("!!python/", "!python-")
    loader = type("Loader", (yaml.SafeLoader,), {})
    loader.add_multi_constructor("!", lambda *_: None)  # type: ignore[attr-defined]
    listed = nav(yaml.load(text, loader)["nav"])
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    wanted = {name for name in pages if not name.startswith("decisions/")} | set(site.texts())
    assert sorted(listed) == sorted(wanted)


def test_every_decision_is_listed() -> None:
    numbers = [path.name for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert [name for name in numbers if f"]({name})" not in site.decisions()] == []


@pytest.mark.parametrize(
    ("page", "text", "led"),
    [
        ("index.md", "[a](docs/guard.md#x)", "[a](guard.md#x)"),
        ("index.md", "[a](CONTRIBUTING.md)", "[a](contributing.md)"),
        ("index.md", "[`docs/decisions`](docs/decisions)", "[`docs/decisions`](decisions/index.md)"),
        ("guard.md", "[a](review.md)", "[a](review.md)"),
        ("runbooks/async-rag.md", "[a](../guard.md)", "[a](../guard.md)"),
        ("runbooks/async-rag.md", "[a](#level-1)", "[a](#level-1)"),
        ("sandbox.md", "[the types](../guard/types)", "the types (`guard/types`)"),
        ("sandbox.md", "[`guard/types`](../guard/types)", "`guard/types`"),
        ("sandbox.md", "[a](https://example.com)", "[a](https://example.com)"),
        ("sandbox.md", "`[a](nothing.md)`", "`[a](nothing.md)`"),
        ("sandbox.md", "```\n[a](nothing.md)\n```", "```\n[a](nothing.md)\n```"),
    ],
)  # fmt: skip
def test_links_lead_where_they_should_on_the_site(page: str, text: str, led: str) -> None:
    assert site.leading(page, text) == led


def test_a_link_to_a_file_that_isnt_there_stops_the_site() -> None:
    with pytest.raises(site.BrokenLinkError, match=r"^docs/sandbox.md links to nothing.md, and there is no such file$"):
        site.leading("sandbox.md", "[a](nothing.md)")
