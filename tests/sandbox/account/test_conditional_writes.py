"""PutObject with conditions: of requests at the same moment one writes."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.account import conditional_writes

WRITERS = 8


def test_of_writers_with_the_same_condition_exactly_one_wins_each_round(account: Any) -> None:
    s3 = account.client("s3")
    s3.create_bucket(Bucket="conditions")

    def write(writer: int, condition: dict[str, str]) -> int:
        try:
            s3.put_object(Bucket="conditions", Key="pointer", Body=f"{writer} after {condition}".encode(), **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise
            return 0
        return 1

    condition = {"IfNoneMatch": "*"}
    with ThreadPoolExecutor(WRITERS) as pool:
        for _ in range(20):
            assert sum(pool.map(write, range(WRITERS), [condition] * WRITERS)) == 1
            condition = {"IfMatch": s3.head_object(Bucket="conditions", Key="pointer")["ETag"]}


@pytest.mark.parametrize(
    ("headers", "side_by_side"), [({"If-Match": "x"}, 1), ({"If-None-Match": "*"}, 1), ({}, WRITERS)]
)
def test_only_conditional_writes_wait_for_each_other(
    headers: dict[str, str], side_by_side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, most, counting = 0, 0, threading.Lock()

    def slow(_: Any) -> None:
        nonlocal running, most
        with counting:
            running += 1
            most = max(most, running)
        time.sleep(0.05)
        with counting:
            running -= 1

    monkeypatch.setattr(conditional_writes, "_put", slow)
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(conditional_writes._put_object, [SimpleNamespace(headers=headers)] * WRITERS))
    assert most == side_by_side
