"""Which release a version belongs to, and which way a move goes: by the code that is served, whatever is pinned."""

from __future__ import annotations

import pytest

from codedeploy.served import Share, goes_back, releases_of
from stacks.releases import window
from stacks.security_assistant import SecurityAssistantRelease

KNOWN = window("security-assistant")


def sha256(release: str, function: str) -> str:
    manifest = KNOWN[release]
    assert isinstance(manifest, SecurityAssistantRelease)
    return manifest.functions[function].sha256


def share(version: str, *releases: str, percent: float = 100.0) -> Share:
    return Share(version, percent, releases)


@pytest.mark.parametrize(
    ("function", "own", "releases"),
    [
        ("api", None, ("v1.3.0",)),
        ("api", "v1.2.2", ("v1.3.0",)),  # what a version is told is believed only where its code agrees
        ("pre_traffic", None, ("v1.2.1", "v1.2.2", "v1.2.3", "v1.3.0", "v1.4.0")),
        ("pre_traffic", "v1.2.3", ("v1.2.3",)),
        ("pre_traffic", "v9.9.9", ("v1.2.1", "v1.2.2", "v1.2.3", "v1.3.0", "v1.4.0")),
    ],
)
def test_a_version_belongs_to_the_releases_that_pin_its_code(
    function: str, own: str | None, releases: tuple[str, ...]
) -> None:
    assert releases_of(KNOWN, function, sha256("v1.3.0", function), own) == releases


def test_code_that_no_release_pins_belongs_to_none() -> None:
    assert releases_of(KNOWN, "api", "0" * 64, "v1.2.2") == ()
    assert releases_of(KNOWN, "nothing", sha256("v1.3.0", "api")) == ()


@pytest.mark.parametrize(
    ("served", "target", "release", "otherwise", "back"),
    [
        # Forward, to a version that is published for the first time, or that was by an earlier attempt.
        ([share("1", "v1.2.2")], "2", "v1.3.0", False, False),
        ([share("3", "v1.2.3")], "2", "v1.3.0", False, False),
        # Back: by order of the releases, not by the versions' numbers (a pruned version is published anew).
        ([share("2", "v1.3.0")], "1", "v1.2.2", False, True),
        ([share("2", "v1.3.0")], "7", "v1.2.2", False, True),
        # A failed canary left one function on the faulty release, and the deployed release is an earlier one still:
        # what leads away from it is a way back, whatever the outputs or a pin say.
        ([share("3", "v1.3.0")], "2", "v1.2.3", False, True),
        ([share("1", "v1.2.2", percent=90), share("2", "v1.3.0", percent=10)], "1", "v1.2.2", False, True),
        ([share("1", "v1.2.2", percent=90), share("2", "v1.3.0", percent=10)], "3", "v1.2.3", False, True),
        # An update that was interrupted goes on.
        ([share("1", "v1.2.2", percent=90), share("2", "v1.3.0", percent=10)], "2", "v1.3.0", True, False),
        # Within one release: an earlier configuration is returned to, a new one is a step like any other.
        ([share("5", "v1.2.3")], "4", "v1.2.3", False, True),
        ([share("4", "v1.2.3")], "5", "v1.2.3", True, False),
        # Code that several releases share says nothing against one of them.
        ([share("4", "v1.2.1", "v1.2.2")], "5", "v1.2.3", True, False),
        # Code of no release: what was deployed last decides.
        ([share("4")], "5", "v1.2.3", True, True),
        ([share("4")], "5", "v1.2.3", False, False),
    ],
)
def test_the_code_that_is_served_says_which_way_a_move_goes(
    served: list[Share], target: str, release: str, otherwise: bool, back: bool
) -> None:
    assert goes_back(tuple(served), target, release, otherwise) is back


@pytest.mark.parametrize(
    ("releases", "name"),
    [(("v1.2.1", "v1.2.2"), "v1.2.2"), (("v1.2.2", "v1.2.3"), "v1.2.3"), ((), "code of no release (version 4)")],
)
def test_a_share_is_called_by_the_release_that_is_wanted_where_it_can_be(releases: tuple[str, ...], name: str) -> None:
    assert share("4", *releases).name("v1.2.3" if "v1.2.3" in releases else "v1.4.0") == name
