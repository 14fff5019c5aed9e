"""Conditional writes to S3 (PutObject with If-Match or If-None-Match) as S3 does them: the check and the write are one.

moto checks first and writes after, so of two requests at the same moment both could find the condition met. Two
compactions would then both believe that they wrote the newest snapshot.
"""

from __future__ import annotations

import threading
from typing import Any

from moto.s3.responses import S3Response

_put = S3Response.put_object
_one_at_a_time = threading.Lock()


def _put_object(self: Any) -> Any:
    if self.headers.get("If-Match") or self.headers.get("If-None-Match"):
        with _one_at_a_time:
            return _put(self)
    return _put(self)


S3Response.put_object = _put_object
