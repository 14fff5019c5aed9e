"""Which Python runs a project, how it is set up, and what is installed in it: `pip` and `uv`.

Source: Pulumi documentation, "Python (SDK)"; how Pulumi's own host uses either is in `stock_answers.yaml` of the tests.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tomllib
from pathlib import Path
from typing import Protocol

from .commands import Command, CommandError, HostError, Say, activated, is_environment
from .options import Options, above

Packages = list[tuple[str, str]]
"""Names, as PEP 503 normalizes them, and versions."""
OLDEST_UV = (0, 4, 26)


class Toolchain(Protocol):
    """What both can do."""

    def ensure(self, say: Say) -> None:
        """Make the environment where there is none."""

    def validate(self) -> None:
        """Raises HostError where the environment that was asked for is none."""

    def packages(self, *, transitive: bool) -> Packages:
        """What is installed; without ``transitive`` what no other package requires, or what the project names."""

    def python(self, *words: str) -> Command:
        """The project's Python with these arguments."""

    def install(self, folder: Path, say: Say) -> None:
        """Install the dependencies of the project in ``folder``."""

    def version(self) -> str:
        """The toolchain's own version, three numbers."""


def resolve(options: Options) -> Toolchain:
    """The toolchain of a project. Raises HostError where it can't be had."""
    chosen = options.toolchain
    if not chosen:
        found = (name for name in ("uv", "poetry") if above(options.program, f"{name}.lock"))
        chosen = next(found, "pip")
    if chosen == "uv":
        return Uv(options)
    if chosen == "poetry":
        if not shutil.which("poetry"):
            raise HostError(
                "Could not find `poetry` executable.\nInstall poetry and make sure it is in your PATH, or set the "
                "toolchain option in Pulumi.yaml to `pip`."
            )
        raise HostError("this language host doesn't know poetry: use pip, or an installed Pulumi")
    return Pip(options)


class Pip:
    """The environment of the option `virtualenv`, or the Python of the machine."""

    def __init__(self, options: Options) -> None:
        self._option = options.virtualenv
        self._environment = options.environment

    def ensure(self, say: Say) -> None:
        """Only where the folder is missing or empty: what else is in it is the user's."""
        folder = self._environment
        if folder is None or is_environment(folder):
            return
        if folder.exists() and not folder.is_dir():
            raise HostError(
                f"the 'virtualenv' option in Pulumi.yaml is set to {_quoted(folder)} but it is not a directory"
            )
        if not folder.exists() or not any(folder.iterdir()):
            self.install(folder.parent, say)

    def validate(self) -> None:
        """Raises HostError where it is none."""
        folder = self._environment
        if folder is None or is_environment(folder):
            return
        state = "doesn't appear to be a virtual environment" if folder.exists() else "doesn't exist"
        raise HostError(
            f"The 'virtualenv' option in Pulumi.yaml is set to {_quoted(self._option)}, but {_quoted(folder)} {state}: "
            "create the environment there and install the project's dependencies into it"
        )

    def packages(self, *, transitive: bool) -> Packages:
        """What `pip list` says."""
        words = ["list", "--format", "json", *([] if transitive else ["--not-required"])]
        command = self.python("-m", "pip", *words)
        try:
            found = json.loads(command.output())
        except CommandError as error:
            raise HostError(f"calling `{' '.join(command.words)}`: {error.ended}") from None
        return [(normal(each["name"]), each["version"]) for each in found]

    def python(self, *words: str) -> Command:
        """In the environment, or of the machine."""
        if self._environment is None:
            return Command((_of_the_machine(), *words))
        return Command((str(self._environment / "bin" / "python"), *words), activated(self._environment))

    def install(self, folder: Path, say: Say) -> None:
        """As a new environment: pip brought up to date first, then requirements.txt."""
        if self._environment is not None:
            say(b"Creating virtual environment...\n")
            making = Command((_of_the_machine(), "-m", "venv", str(self._environment)))
            making.output(f"creating virtual environment at '{self._environment}'")
            say(b"Finished creating virtual environment\n")
        pip = ("-m", "pip", "install")
        say(b"Updating pip, setuptools, and wheel in virtual environment...\n")
        self._follow(
            say, folder, "updating pip, setuptools, and wheel", *pip, "--upgrade", "pip", "setuptools", "wheel"
        )
        say(b"Finished updating\n")
        if (folder / "requirements.txt").exists():
            say(b"Installing dependencies in virtual environment...\n")
            self._follow(say, folder, "installing dependencies", *pip, "-r", "requirements.txt")
            say(b"Finished installing dependencies\n")

    def _follow(self, say: Say, folder: Path, action: str, *words: str) -> None:
        command = self.python(*words)
        Command(command.words, command.variables, folder).follow(say, f"{action} via '{' '.join(command.words)}'")

    def version(self) -> str:
        """Of pip."""
        try:
            return _three(self.python("-m", "pip", "--version").output())
        except HostError:
            return "0.0.0"


class Uv:
    """An environment that `uv sync` keeps as the project's pyproject.toml and uv.lock have it."""

    def __init__(self, options: Options) -> None:
        if not shutil.which("uv"):
            raise HostError("Could not find `uv` executable.\nInstall uv and make sure it is in your PATH.")
        self._folder = options.program
        locked = above(self._folder, "uv.lock") or above(self._folder, "pyproject.toml") or self._folder
        self._environment = options.environment or locked / ".venv"
        self._version = _three(Command(("uv", "--version")).output("failed to get uv version"))
        if tuple(map(int, self._version.split("."))) < OLDEST_UV:
            oldest = ".".join(map(str, OLDEST_UV))
            raise HostError(f"uv version {self._version} is less than the minimum required version {oldest}")

    def ensure(self, say: Say) -> None:
        """Make the environment where there is none."""
        if not is_environment(self._environment):
            making = self._uv("venv", "--quiet", "--allow-existing", str(self._environment))
            making.follow(say, "error creating virtual environment")

    def validate(self) -> None:
        """Raises HostError where it is none."""
        if not is_environment(self._environment):
            raise HostError(f"'{self._environment}' is not a virtualenv")

    def packages(self, *, transitive: bool) -> Packages:
        """What uv.lock says: it needn't be what is installed."""
        folder = above(self._folder, "uv.lock")
        if folder is None:
            raise HostError("could not find uv.lock: file does not exist")
        locked = tomllib.loads((folder / "uv.lock").read_text()).get("package", ())
        every = [(normal(each["name"]), each["version"]) for each in locked if not each["source"].get("virtual")]
        if transitive:
            return every
        project = tomllib.loads((folder / "pyproject.toml").read_text()).get("project") or {}
        named = {normal(re.split(r"[^\w.-]", each, maxsplit=1)[0]) for each in project.get("dependencies", ())}
        return [each for each in every if each[0] in named]

    def python(self, *words: str) -> Command:
        """Synchronizes first, as `uv run` does: what is missing is installed, what is more stays."""
        if above(self._folder, "pyproject.toml") is not None:
            self._uv("sync", "--inexact").output("error creating virtual environment")
        program = str(self._environment / "bin" / "python")
        return Command((program, *words), activated(self._environment), self._folder)

    def install(self, folder: Path, say: Say) -> None:
        """As uv.lock says."""
        if above(folder, "uv.lock") is None and above(folder, "pyproject.toml") is None:
            raise HostError(
                "this language host makes no pyproject.toml: run `uv init` and `uv add`, or use an installed Pulumi"
            )
        self._uv("sync").follow(say, "error installing dependencies")

    def _uv(self, *words: str) -> Command:
        variables = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(self._environment)}
        return Command(("uv", *words), variables, self._folder)

    def version(self) -> str:
        """Of uv."""
        return self._version


def normal(name: str) -> str:
    """A package's name as PEP 503 writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _of_the_machine() -> str:
    chosen = os.environ.get("PULUMI_PYTHON_CMD")
    names = [chosen] if chosen else ["python3", "python"]
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        told = " ".join(map(_quoted, names))
        raise HostError(f"failed to locate any of [{told}] on your PATH. Have you installed Python 3.6 or greater?")
    return found


def _three(text: str) -> str:
    """The first version in a text as three numbers."""
    found = re.search(r"\d+(?:\.\d+){0,2}", text)
    return ".".join([*(found[0].split(".") if found else []), "0", "0", "0"][:3])


def _quoted(text: object) -> str:
    return json.dumps(str(text))
