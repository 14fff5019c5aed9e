"""python -m apps images | list."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
import yaml

from apps import catalogue
from apps.errors import ArtifactError

app = typer.Typer(add_completion=False, no_args_is_help=True, help="List what releases pin.")


@app.command()
def images(
    output: Annotated[Path | None, typer.Option(help="File to write; standard output when left out.")] = None,
) -> None:
    """Write the image catalogue (JSON) that the local cluster knows by their files."""
    text = json.dumps(catalogue.image_catalogue(), indent=2, sort_keys=True) + "\n"
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")


@app.command(name="list")
def list_pins() -> None:
    """Print (YAML) the SHA-256 of every function, layer and revision, and the digest of every image."""
    typer.echo(yaml.safe_dump(catalogue.pins(), sort_keys=False), nl=False)


def main() -> None:
    """Run the command line; an artifact error is one line on standard error and exit code 1."""
    try:
        app()
    except ArtifactError as error:
        print(error, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
