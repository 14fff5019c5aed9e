"""A system joins a published release by an addition, which is looked at, and published, as a release is."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.release import publishing
from cli.release.checking import check, draft
from cli.release.places import Bucket, Standing
from cli.release.publishing import publish
from core.model import ConfigurationError
from core.release_lock import read_lock, write_lock
from stacks.releases import load
from tests.cli.release.conftest import TODAY


def test_an_addition_to_a_published_release_is_read_before_it_is_published(releases: Path) -> None:
    lock = read_lock(releases)
    del lock["v1.2.3/compaction"]
    write_lock(releases, lock)
    with pytest.raises(ConfigurationError, match=r"compaction\.yaml isn't published"):
        load("v1.2.3", releases)
    assert "compaction" in draft("v1.2.3", releases).systems.named()
    found = check("v1.2.3", TODAY, lambda items: dict.fromkeys(items, Standing.THERE), releases)
    assert [each for each in found if not each.passed] == []
    manifest = releases / "v1.2.3.yaml"
    manifest.write_text(manifest.read_text().replace("Better", "Worse"))
    with pytest.raises(ConfigurationError, match=r"v1\.2\.3"):
        draft("v1.2.3", releases)


def test_an_addition_to_a_published_release_is_locked(
    bucket: Bucket, built: Path, releases: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = read_lock(releases)
    removed = {name: lock.pop(name) for name in ("v1.2.2/compaction", "v1.2.3/compaction")}
    write_lock(releases, lock)
    monkeypatch.setattr(publishing, "bring", lambda *_: ((), 0))
    done = publish("v1.2.3", TODAY, bucket, built, releases)
    assert done.files == ("v1.2.3.d/compaction.yaml",)
    assert read_lock(releases) == {**lock, "v1.2.3/compaction": removed["v1.2.3/compaction"]}
    assert publish("v1.2.3", TODAY, bucket, built, releases).files == ()
