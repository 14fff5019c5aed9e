"""``rollback-policies``: a pack of these policies for a project, and checkov on its previews."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import typer

from core import project
from core.command_line import run
from core.model import ConfigurationError
from policies.checkov.__main__ import main as judge

NAME = "rollback-policies"
DEFINITION = """\
description: No update loses data by accident
runtime:
  name: python
  options:
    toolchain: pip
"""
PROGRAM = '''\
"""The policy pack of this project: rollback-stack's policies."""

from pathlib import Path

from {module} import serve_pack

serve_pack(Path(__file__).resolve().parents[{depth}])
'''

app = typer.Typer(
    name=NAME,
    help="A policy pack for a Pulumi project, and checkov on its previews.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command(epilog=f"Example: {NAME} new")
def new() -> None:
    """Write the pack's two files into the folder that guard.yaml names (policy), for `pulumi up --policy-pack FOLDER`.

    Files that are there already stay.
    """
    of = project.current()
    if not of.definition:
        raise ConfigurationError(f"there is no Pulumi.yaml in {of.folder} or above: go to the folder of the project")
    of.pack.mkdir(parents=True, exist_ok=True)
    depth = len(of.pack.relative_to(of.folder).parts)
    module = f"{__package__}.starting"
    content = {
        "PulumiPolicy.yaml": DEFINITION + _virtualenv(of),
        "__main__.py": PROGRAM.format(module=module, depth=depth),
    }
    for name, text in content.items():
        if not (of.pack / name).exists():
            (of.pack / name).write_text(text, encoding="utf-8")
    typer.echo(f"{of.shown(of.pack)} is a policy pack: pulumi preview --policy-pack {of.shown(of.pack)}")


def _virtualenv(of: project.Project) -> str:
    """The environment that this command lies in, where it is the project's own; else the one on PATH is taken."""
    home = Path(sys.prefix)
    if sys.prefix == sys.base_prefix or not home.is_relative_to(of.folder):
        return ""
    return f"    virtualenv: {os.path.relpath(home, of.pack)}\n"


app.command("checkov", epilog=f"Example: pulumi preview --json --show-sames | {NAME} checkov -")(judge)


def main() -> int:
    """Run the command line; an error that a person can fix is one line."""
    return run(app, NAME)


if __name__ == "__main__":
    sys.exit(main())
