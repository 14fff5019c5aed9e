"""Runs a program's script, and ends with the mesh however the mesh ends.

Started as a script, with the standard library only, as the image's own interpreter would have it. The first argument is
the read end of a pipe whose other end the mesh alone holds; the rest is the script and its arguments.
"""

from __future__ import annotations

import os
import runpy
import signal
import socketserver
import sys
import threading

QUEUE = 128
"""Connections that may wait to be accepted, where a program leaves it to Python's default of 5. The gateway makes one
for each request, all of a program's pods share its queue, and one that is full costs a request a whole second."""


def _end_with(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Become the script."""
    threading.Thread(target=_end_with, args=(int(sys.argv[1]),), daemon=True).start()
    socketserver.TCPServer.request_queue_size = QUEUE
    del sys.argv[:2]
    sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[0])))
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
