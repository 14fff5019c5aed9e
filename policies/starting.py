"""A CrossGuard pack of these policies, as the engine starts it: a program of two lines in the project's own folder.

The folder that ``--policy-pack`` names has a ``PulumiPolicy.yaml`` and a ``__main__.py`` that calls ``serve_pack``.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pulumi
import pulumi.runtime.config as runtime

from core import project
from core.model import ConfigurationError
from policies.engine import Analyzer
from policies.pack import configure, in_file, load_context, read_settings
from policies.server import serve


def serve_pack(folder: Path) -> None:
    """Answer the engine until it ends. ``folder``: that of the project's ``Pulumi.yaml``.

    Ends the process with one line of error where settings, waivers or approvals are malformed.
    """
    config: dict[str, str] = runtime.CONFIG.get() or runtime.get_config_env()
    live = "PULUMI_STACK" in os.environ  # `pulumi policy analyze` tells of no stack
    try:
        project.use(project.read(folder.resolve()))
        analyzer = Analyzer(configure(read_settings(config)), load_context(pulumi.get_stack(), config, live=live))
    except ConfigurationError as error:
        sys.exit(f"error: {in_file(error, pulumi.get_stack())}")
    # What the imports made lives to the end, and a stack's resources live for one call: collecting less often takes
    # half of the time that the stack policies need at 4,000 resources (2026-11-26).
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    serve(analyzer)
