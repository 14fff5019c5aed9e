"""What a request asks for."""

from __future__ import annotations

import base64
import json
from typing import Any

# An item of the table holds 400 KB with the findings, and a character takes up to four bytes (DynamoDB, "Quotas").
LONGEST_DESIGN = 50_000


class BadRequestError(Exception):
    """The request can't be answered; the message tells its sender why."""


def design_of(event: dict[str, Any]) -> str:
    """Return the design document of a request.

    Raises:
        BadRequestError: the body isn't JSON with a text of up to `LONGEST_DESIGN` characters.
    """
    body = event.get("body") or ""
    try:
        asked = json.loads(base64.b64decode(body) if event.get("isBase64Encoded") else body)
    except ValueError as error:
        raise BadRequestError('the body must be JSON like {"design": "..."}') from error
    design = asked.get("design") if isinstance(asked, dict) else None
    if not isinstance(design, str) or not design.strip():
        raise BadRequestError('"design" must be a text')
    if len(design) > LONGEST_DESIGN:
        raise BadRequestError(f'"design" has {len(design)} characters; up to {LONGEST_DESIGN} are taken')
    return design
