"""Processes that are bound by the permissions of files, whoever runs the tests."""

from __future__ import annotations

import ctypes

_DROP_FROM_BOUNDING_SET = 24
_DAC_OVERRIDE, _DAC_READ_SEARCH = 1, 2


def keep_to_permissions() -> None:
    """For ``preexec_fn``: root writes and reads everything by two capabilities, which what it starts won't have.

    Source: prctl(2), PR_CAPBSET_DROP; capabilities(7). Does nothing for another user, who has none to drop.
    """
    system = ctypes.CDLL(None)
    for capability in (_DAC_OVERRIDE, _DAC_READ_SEARCH):
        system.prctl(_DROP_FROM_BOUNDING_SET, capability, 0, 0, 0)
