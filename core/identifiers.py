"""How releases and settings name things: exact versions, content hashes, digests, regions."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import StringConstraints

VERSION_PATTERN = re.compile(r"v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")

Version = Annotated[str, StringConstraints(pattern=rf"^{VERSION_PATTERN.pattern}$")]
"""A release's version, such as ``v1.2.3``."""
ArtifactVersion = Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
Repository = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]+(:\d+)?(/[a-z0-9._-]+)+$")]
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
"""A region of AWS, such as ``us-east-1``."""


def order(version: str) -> tuple[int, ...]:
    """What versions are sorted by; what isn't one comes last."""
    found = VERSION_PATTERN.fullmatch(version)
    return tuple(int(part) for part in found.groups()) if found else (10**9,)
