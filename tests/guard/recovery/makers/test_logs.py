from __future__ import annotations

import gzip
import json
import time
from pathlib import Path

import pytest

from core.errors import DamagedError, ServiceError
from guard.recovery import work
from guard.recovery.makers import json_lines
from tests.guard.recovery.conftest import Place, store

GROUP = "/aws/lambda/worker"


def write(place: Place, group: str, events: int) -> None:
    logs, now = place.client("logs"), int(time.time() * 1000)
    logs.create_log_group(logGroupName=group)
    for stream in ("one", "two"):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        lines = [{"timestamp": now - 9000 + number, "message": f"{stream} {number}"} for number in range(events)]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=lines)


def test_a_log_group_is_copied_read_back_and_downloaded(place: Place, tmp_path: Path) -> None:
    write(place, GROUP, 30)
    point = place.make("logs", GROUP)
    assert work.count(point.store) == point.items == 60
    assert work.measure(point.store) == point.content
    assert point.where == f"s3://recovery-of-tests/logs/aws/lambda/worker/{point.id}.ndjson.gz"
    place.client("logs").delete_log_group(logGroupName=GROUP)
    file = tmp_path / "events.ndjson"
    assert work.restore(point, str(file)) == 60
    found = [json.loads(line) for line in file.read_text().splitlines()]
    wanted = {(stream, f"{stream} {number}") for stream in ("one", "two") for number in range(30)}
    assert {(each["logStreamName"], each["message"]) for each in found} == wanted
    with pytest.raises(ServiceError, match="exists: events are restored to a new file"):
        work.restore(point, str(file))
    with pytest.raises(ServiceError, match=r"logs /aws/lambda/worker: .*ResourceNotFound"):
        work.count(point.store)


def test_a_damaged_copy_is_found(place: Place, tmp_path: Path) -> None:
    write(place, "/damaged", 5)
    point = place.make("logs", "/damaged")
    s3, (bucket, key) = place.client("s3"), json_lines.place(point.where)
    whole = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    text = gzip.decompress(whole)
    for body in (whole[:-20], b"not zipped", gzip.compress(text.replace(b"one 3", b"one 9")), gzip.compress(b"[1]\n")):
        s3.put_object(Bucket=bucket, Key=key, Body=body)
        with pytest.raises(DamagedError):
            work.verify(point, place.catalogue)
    with pytest.raises(DamagedError):
        work.restore(point, str(tmp_path / "events.ndjson"))
    assert not (tmp_path / "events.ndjson").exists()


def test_a_group_that_is_not_there_is_an_error(place: Place) -> None:
    with pytest.raises(ServiceError, match=r"logs /absent: .*ResourceNotFound"):
        place.make("logs", "/absent")
    assert list(place.catalogue.of(store("logs", "/absent"))) == []
