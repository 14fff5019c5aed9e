"""The CrossGuard pack as the engine starts it: ``python -m pulumi.policy ENGINE FOLDER``."""

import gc
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the engine runs this file alone, not the project

import pulumi
import pulumi.runtime.config as runtime

from core.model import ConfigurationError
from policies.engine import Analyzer
from policies.pack import arm, gather, in_file, read_settings
from policies.server import serve

CONFIG: dict[str, str] = runtime.CONFIG.get() or runtime.get_config_env()
LIVE = "PULUMI_STACK" in os.environ  # `pulumi policy analyze` tells of no stack

try:
    ANALYZER = Analyzer(arm(read_settings(CONFIG)), gather(pulumi.get_stack(), CONFIG, live=LIVE))
except ConfigurationError as error:
    sys.exit(f"error: {in_file(error, pulumi.get_stack())}")
# What the imports made lives to the end, and a stack's resources live for one call: collecting less often takes half of
# the time that the stack policies need at 4,000 resources (2026-11-26).
gc.freeze()
gc.set_threshold(100_000, 50, 100)
serve(ANALYZER)
