"""The program as a process of its own: what it sets in Python, and how it ends when the language host interrupts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests.support.project import ROOT

INTERRUPTED = """
import gc, os, runpy, signal, sys, time
class Stop(Exception):
    pass
class Finder:
    def find_spec(self, name, *_):
        if name == "components":
            raise Stop
sys.meta_path.insert(0, Finder())
signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores it
try:
    runpy.run_path("__main__.py", run_name=sys.argv[1])
except Stop:
    pass
print(gc.get_threshold()[0], signal.getsignal(signal.SIGINT) is signal.SIG_DFL, flush=True)
os.kill(os.getpid(), signal.SIGINT)
time.sleep(60)  # Python looks at signals between two steps, and the last one has none after it
"""
"""As far as the program's own first words; then the host interrupts."""


@pytest.mark.parametrize(("name", "said", "silent"), [("__main__", "500000 True", True), ("other", "700 False", False)])
def test_an_interrupt_ends_the_program_without_a_traceback(name: str, said: str, silent: bool) -> None:
    command = [sys.executable, "-c", INTERRUPTED, name]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == said
    assert ("KeyboardInterrupt" not in done.stderr) is silent
    assert done.returncode == -signal.SIGINT
