"""How the sandbox at rest is measured."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil

from tests.bench import __main__ as bench
from tests.bench import rest

BURN = "import time\nend = time.process_time() + {}\nwhile time.process_time() < end: pass\n"


def test_what_children_used_counts_while_they_live_and_after() -> None:
    child = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BURN.format(0.2)!r}])\n"
    code = f"{child}print(1, flush=True)\ninput()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert rest.cpu_seconds([psutil.Process(process.pid)]) >= 0.2
        process.communicate(b"\n")
    assert rest.cpu_seconds([psutil.Process(os.getpid())]) >= 0.2


def test_the_bound_is_two_hundredths_of_a_core() -> None:
    assert bench.rest_row([(1.1, 60.0), (1.2, 60.0), (9.0, 60.0)]).holds is True
    assert bench.rest_row([(1.1, 60.0), (1.3, 60.0), (9.0, 60.0)]).holds is False
