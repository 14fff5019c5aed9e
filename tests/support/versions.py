"""Which of several versions every run tries."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from _pytest.mark import ParameterSet


def newest_always(versions: Sequence[str]) -> list[ParameterSet]:
    """Parameters, oldest first: the newest for every run, the earlier ones for the long suite.

    What was published can't change any more (``core.release_lock`` and the shelf of artifacts see to that), so neither
    can what such a version does.
    """
    *earlier, newest = versions
    return [*(pytest.param(each, marks=pytest.mark.long) for each in earlier), pytest.param(newest)]
