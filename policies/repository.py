"""The files that a code host has, and the line in them that a finding is best shown on.

A line is shown in a pull request only where the change added or edited it (GitHub documentation, "SARIF support for
code scanning", "Specifying the location for source files").
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path, PurePosixPath

import yaml

from core.project import current
from core.urn import stack_of, types_of

PROGRAM = "__main__.py"
DEFINITION = "Pulumi.yaml"
COMPOUND = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.If, ast.For, ast.While, ast.With, ast.Try)
"""Statements that hold others."""
UNRUN = re.compile(r"^(tests|docs|\.github)/|\.md$")
"""Files that no program is made of."""


@dataclass(frozen=True)
class Candidate:
    """A line that a finding may be shown on, counted from 1; ``file`` is relative to the project, or absolute."""

    file: str
    line: int
    column: int | None = None


@dataclass(frozen=True)
class Spot:
    """A line that exists. ``file`` is relative to the repository, and no link."""

    file: str
    line: int
    column: int
    text: str
    """The line itself."""


@dataclass(frozen=True)
class Repository:
    """A checkout of a project, which may be a folder of a bigger repository."""

    project: Path = field(default_factory=lambda: current().folder)
    """The folder of Pulumi.yaml."""
    changed: Mapping[str, Collection[int]] = field(default_factory=dict)
    """The lines that the change under review added or edited, by file (relative to the repository)."""
    _named: dict[str, str | None] = field(default_factory=dict, init=False, repr=False, compare=False)
    _read: dict[str, list[str]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _parsed: dict[str, list[range]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def spot(self, candidates: Iterable[Candidate], subject: str, *, caused_here: bool = False) -> Spot:
        """The line to show: the first candidate that the change touched, else the first one that exists.

        ``subject``: the URN of a resource, by which a stack's file is found where no candidate exists. ``caused_here``:
        the change is the cause, so that one of its lines is nearer to it than a line that stayed as it was.
        """
        found = [known for each in candidates if (known := self.known(each))] or [self._fallback(subject)]
        touched = next((moved for each in found if (moved := self._in_change(each))), None)
        if touched is None and caused_here:
            touched = self._nearest(found)
        return touched or found[0]

    def known(self, candidate: Candidate) -> Spot | None:
        """The line of a candidate; None where the repository hasn't got it."""
        file = self._file(candidate.file)
        return None if file is None else self._spot(file, candidate.line, candidate.column)

    @cached_property
    def top(self) -> Path:
        """The folder of the whole repository."""
        project = self.project.resolve()
        return next((each for each in (project, *project.parents) if (each / ".git").exists()), project)

    @cached_property
    def files(self) -> frozenset[str] | None:
        """What is committed or about to be; None where no git tells, and so any file counts."""
        listed = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        try:
            done = subprocess.run(listed, cwd=self.top, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        return frozenset(filter(None, done.stdout.split("\0")))

    def _file(self, name: str) -> str | None:
        """A file of the project as the repository knows it, links followed; None where it lies outside."""
        if name not in self._named:
            path = (self.project / name).resolve()
            inside = path.is_relative_to(self.top)
            self._named[name] = path.relative_to(self.top).as_posix() if inside else None
        return self._named[name]

    def _spot(self, file: str, line: int, column: int | None = None) -> Spot | None:
        lines = self._lines(file)
        if not 1 <= line <= len(lines):
            return None
        text = lines[line - 1]
        first = len(text) - len(text.lstrip()) + 1 if text.strip() else 1
        return Spot(file, line, column if column and column <= len(text) else first, text)

    def _lines(self, file: str) -> list[str]:
        """A file's lines, read once: thousands of resources may be declared in it."""
        if file not in self._read:
            self._read[file] = self._content(file)
        return self._read[file]

    def _content(self, file: str) -> list[str]:
        if self.files is not None and file not in self.files:
            return []
        try:
            return (self.top / file).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return []

    def _in_change(self, spot: Spot) -> Spot | None:
        """The line itself, or one of its statement, that the change touched."""
        lines = self.changed.get(spot.file, ())
        if spot.line in lines:
            return spot
        within = sorted(line for line in lines if line in self._statement(spot))
        return self._spot(spot.file, within[0]) if within else None

    def _statement(self, spot: Spot) -> range:
        """The lines of the innermost simple statement that a line belongs to."""
        if spot.file not in self._parsed:
            self._parsed[spot.file] = _statements(self._lines(spot.file)) if spot.file.endswith(".py") else []
        around = (each for each in self._parsed[spot.file] if spot.line in each)
        return min(around, key=len, default=range(spot.line, spot.line + 1))

    def _nearest(self, found: Iterable[Spot]) -> Spot | None:
        """The line of the change that is nearest: in the same file, else the first one of the program."""
        for spot in found:
            if lines := self.changed.get(spot.file):
                return self._spot(spot.file, min(lines, key=lambda line: (abs(line - spot.line), line)))
        program = (
            (file, min(lines)) for file, lines in sorted(self.changed.items()) if lines and not UNRUN.search(file)
        )
        return next((first for file, line in program if (first := self._spot(file, line))), None)

    def _fallback(self, subject: str) -> Spot:
        """The line of the stack's file that is about the resource's system, or pins the release; else the program."""
        candidates = chain(self._settings(subject), (Candidate(PROGRAM, 1), Candidate(DEFINITION, 1)))
        found = (self.known(each) for each in candidates)
        return next((each for each in found if each), Spot(DEFINITION, 1, 1, ""))

    def _settings(self, subject: str) -> Iterator[Candidate]:
        """Lines of the file of the stack that a URN names (``urn:pulumi:STACK::PROJECT::TYPE$TYPE::NAME``)."""
        if not subject.startswith("urn:pulumi:"):
            return
        file = (PurePosixPath(self._settings_folder) / f"Pulumi.{stack_of(subject)}.yaml").as_posix()
        systems = [_kebab(each.rpartition(":")[2]) for each in types_of(subject).split("$")]
        wanted = [re.compile(rf"^\s+['\"]?{re.escape(system)}:") for system in systems if system]
        pins = re.compile(r"^\s+['\"]?([\w-]+:)?version['\"]?:")
        known = self._file(file)
        lines = [] if known is None else self._lines(known)
        for pattern in (*wanted, pins, re.compile("")):
            yield from (Candidate(file, number) for number, line in enumerate(lines, start=1) if pattern.search(line))

    @cached_property
    def _settings_folder(self) -> str:
        try:
            told = yaml.safe_load((self.project / DEFINITION).read_text())
        except (OSError, yaml.YAMLError):
            return "."
        return str(told.get("stackConfigDir") or ".") if isinstance(told, dict) else "."


def _statements(lines: list[str]) -> list[range]:
    """The lines of each simple statement; none where it isn't Python."""
    try:
        tree = ast.parse("\n".join(lines))
    except SyntaxError:
        return []
    found = (node for node in ast.walk(tree) if isinstance(node, ast.stmt) and not isinstance(node, COMPOUND))
    return [range(node.lineno, (node.end_lineno or node.lineno) + 1) for node in found]


def _kebab(name: str) -> str:
    """``AsyncRag`` as settings spell it: ``async-rag``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
