"""Debug messages are sent where the engine's command line, or a variable, says that somebody may read them."""

from __future__ import annotations

import os

import pytest

from sandbox.toolchain.language_host import listening
from tests.sandbox.toolchain.trial_project import Project


@pytest.mark.parametrize(
    ("words", "heard"),
    [
        (["up", "--yes", "--stack", "dev"], False),
        (["preview", "-s", "dev", "--diff", "--config", "a:debug=1"], False),
        (["up", "--debug"], True),
        (["up", "-d"], True),
        (["up", "-yd"], True),
        (["up", "-v=9", "--logtostderr"], True),
        (["up", "-v9"], True),
        (["up", "--verbose", "3"], True),
        (["up", "--event-log", "file"], True),
    ],
)
def test_the_command_line_tells(words: list[str], heard: bool) -> None:
    assert listening.for_debug(["pulumi", *words], {}) is heard


def test_a_variable_tells_too_and_so_does_a_system_that_shows_no_command_lines() -> None:
    assert listening.for_debug(["pulumi", "up"], {"PULUMI_OPTION_DEBUG": "true"})
    assert listening.for_debug(None, {})


def test_a_command_line_is_read() -> None:
    own = listening.command_of(os.getpid())
    assert own is not None
    assert len(own) > 1
    assert listening.command_of(2**31 - 1) is None


@pytest.mark.engine
def test_a_programs_debug_messages_are_shown_with_debug_and_not_without(project: Project) -> None:
    project.program("import pulumi\n\npulumi.log.debug('a remark on the side')\n")
    assert "a remark on the side" in project.pulumi("preview", "--debug").stdout
    assert "a remark on the side" not in project.pulumi("preview").stdout
