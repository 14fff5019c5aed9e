"""The part of a Dockerfile that says what an image is made of without running anything (Dockerfile reference).

FROM, WORKDIR, COPY, ENV, USER, EXPOSE, CMD, ENTRYPOINT and LABEL: each gives the same image anywhere. RUN and ADD would
ask the machine or the network, so they are refused: what has to be installed belongs into the base image.
"""

from __future__ import annotations

import fnmatch
import json
import posixpath
import re
import shlex
from dataclasses import dataclass, field

from apps.errors import ArtifactError
from apps.tree import Files

EMPTY = "scratch"
"""The base that holds nothing."""
BY_DIGEST = re.compile(r"[a-z0-9.-]+(:\d+)?(/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}")


@dataclass
class Recipe:
    """An image: its base, the files that come on top (path from the root -> content), and what it runs as."""

    base: str = ""
    files: Files = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    """Made where the base has none, such as the WORKDIR."""
    workdir: str = "/"
    user: str = ""
    env: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    ports: list[str] = field(default_factory=list)
    command: list[str] | None = None
    entrypoint: list[str] | None = None


def read(text: str, context: Files, where: str) -> Recipe:
    """What a Dockerfile makes of the files beside it. where: names it in errors.

    Raises:
        ArtifactError: the base isn't named by digest, a line is another instruction or can't be read, or COPY finds
            nothing; with the line's number.
    """
    recipe = Recipe()
    for number, line in _lines(text):
        instruction, _, rest = line.partition(" ")
        try:
            _follow(recipe, instruction.upper(), rest.strip(), context)
        except ValueError as error:
            raise ArtifactError(f"{where}:{number}: {error}") from None
    if not recipe.base:
        raise ArtifactError(f"{where} has no FROM: name the base image by digest, or `FROM {EMPTY}`")
    return recipe


def _lines(text: str) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    held, first = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip().startswith("#") or not (line.strip() or held):
            continue
        first = first or number
        held += line.strip()
        if held.endswith("\\"):
            held = held[:-1]
            continue
        found.append((first, held))
        held, first = "", 0
    return found


def _follow(recipe: Recipe, instruction: str, rest: str, context: Files) -> None:
    if not recipe.base and instruction != "FROM":
        raise ValueError("the first instruction has to be FROM")
    match instruction:
        case "FROM":
            _start(recipe, rest)
        case "WORKDIR":
            recipe.workdir = posixpath.join(recipe.workdir, rest)
            recipe.folders.append(recipe.workdir)
        case "COPY":
            _copy(recipe, rest, context)
        case "ENV":
            recipe.env |= _pairs(rest)
        case "LABEL":
            recipe.labels |= _pairs(rest)
        case "USER":
            recipe.user = rest
        case "EXPOSE":
            recipe.ports += [port if "/" in port else f"{port}/tcp" for port in rest.split()]
        case "CMD":
            recipe.command = _words(rest)
        case "ENTRYPOINT":
            recipe.entrypoint = _words(rest)
        case _:
            raise ValueError(
                f"{instruction} isn't followed here, because its result depends on where it runs: put what it does "
                "into the base image"
            )


def _start(recipe: Recipe, base: str) -> None:
    if recipe.base:
        raise ValueError("a second FROM: build the first stage into an image of its own")
    if base != EMPTY and not BY_DIGEST.fullmatch(base):
        raise ValueError(f"FROM {base} can be another image tomorrow: name it by digest, registry/name@sha256:…")
    recipe.base = base


def _copy(recipe: Recipe, rest: str, context: Files) -> None:
    if rest.startswith(("--", "[")):
        raise ValueError("COPY is followed as `COPY source … target`, without options")
    *sources, target = rest.split()
    if not sources:
        raise ValueError("COPY needs a source and a target")
    into = posixpath.normpath(posixpath.join(recipe.workdir, target))
    for source in sources:
        pattern = posixpath.normpath(source)
        found = [name for name in sorted(context) if _is_under(name, pattern)]
        if not found:
            raise ValueError(f"COPY {source} finds no file")
        for name in found:
            within = (
                name if pattern == "." else posixpath.relpath(name, pattern) if name.startswith(f"{pattern}/") else ""
            )
            path = posixpath.join(into, within) if within else _named(into, target, name, len(sources) + len(found) > 2)
            recipe.files[path.lstrip("/")] = context[name]


def _named(into: str, target: str, name: str, several: bool) -> str:
    """A file takes the target's name, unless that is a folder."""
    folder = several or target.endswith("/") or target in (".", "..")
    return posixpath.join(into, posixpath.basename(name)) if folder else into


def _is_under(name: str, pattern: str) -> bool:
    if pattern == "." or name.startswith(f"{pattern}/"):
        return True
    # As Go's filepath.Match, which Docker uses: an asterisk stays within its folder.
    return name.count("/") == pattern.count("/") and fnmatch.fnmatchcase(name, pattern)


def _pairs(rest: str) -> dict[str, str]:
    words = shlex.split(rest)
    if not words or not all("=" in word for word in words):
        raise ValueError("write NAME=value")
    return dict(word.split("=", 1) for word in words)


def _words(rest: str) -> list[str]:
    """The exec form; the shell form runs in the image's shell."""
    if not rest.startswith("["):
        return ["/bin/sh", "-c", rest]
    try:
        words = json.loads(rest)
    except ValueError:
        raise ValueError('write the words as JSON: ["python", "app.py"]') from None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError("the words have to be texts")
    return words
