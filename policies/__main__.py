"""This project's CrossGuard pack as the engine starts it: ``python -m pulumi.policy ENGINE FOLDER``."""

import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))  # the engine runs this file alone, not the project

from policies.starting import serve_pack

serve_pack(PROJECT)
