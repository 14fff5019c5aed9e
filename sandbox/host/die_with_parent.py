"""Turns into another program that the kernel ends together with the process that started it (Linux only).

    python -I -S die_with_parent.py SIGNAL PARENT PROGRAM [ARGUMENT ...]

A `preexec_fn` would do the same, but may deadlock in a process with threads (Python, subprocess module). The kernel
looks at the thread that starts a program, so that thread has to live as long as the program is wanted.
Source: prctl(2), PR_SET_PDEATHSIG.
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    number, parent, program = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        sys.exit("the process that started this is gone")
    os.execv(program[0], program)  # noqa: S606 - the whole point
