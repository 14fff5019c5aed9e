"""Whether the engine that started this host listens for debug messages.

The protocol doesn't say. The engine's command line does: without one of these flags it throws such messages away.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

_FLAGS = re.compile(r"-[a-zA-Z]*[dv]|--(debug|verbose|event-log)\b|-v=?\d")
"""Short flags may stand together, as in ``-yd``."""
_VARIABLES = ("PULUMI_OPTION_DEBUG", "PULUMI_OPTION_VERBOSE", "PULUMI_OPTION_EVENT_LOG")
"""Every flag can be given as a variable, too."""


def for_debug(command: Sequence[str] | None, variables: Mapping[str, str] = os.environ) -> bool:
    """Whether debug messages may be read by anybody. command: of the engine, None where it isn't known."""
    if command is None or any(variables.get(name) for name in _VARIABLES):
        return True
    return any(_FLAGS.match(word) for word in command[1:])


def command_of(pid: int) -> Sequence[str] | None:
    """The command line of a process; None on a system that doesn't show it as a file."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1] or None
    except OSError:
        return None
