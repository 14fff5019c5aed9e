#!/usr/bin/env python
"""Runs one Pulumi program in the interpreter of its project, as an installed Pulumi's script of the same name does.

The language host starts it as a file away from its own modules: Python puts the folder of the file it runs on the path
of the program. It sets the SDK up through its public functions and changes nothing in it.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor

TOLD = 32
"""Exit code of a program whose error the engine has been told; the host doesn't add another."""
CALLS_A_RESOURCE = 4
"""Threads for each resource that the engine works on at a time."""

try:
    import pulumi
    import pulumi.runtime
except ImportError:
    traceback.print_exc()
    print(
        f"\nThe Pulumi SDK is not installed for {sys.executable}: install the project's dependencies", file=sys.stderr
    )
    sys.exit(1)


def main() -> None:
    """Run the program of the command line and end the process with its exit code."""
    given = arguments()
    pulumi.runtime.set_all_config(pulumi.runtime.get_config_env(), pulumi.runtime.get_config_secret_keys_env())
    settings = pulumi.runtime.Settings(
        monitor=given.monitor,
        engine=given.engine,
        project=given.project,
        stack=given.stack,
        parallel=int(given.parallel),
        dry_run=given.dry_run == "true",
        organization=given.organization,
        root_directory=given.root_directory,
    )
    pulumi.runtime.configure(settings)
    sys.argv = [given.program, *given.arguments]
    if given.pwd is not None:
        os.chdir(given.pwd)
    sys.exit(run(given.program, int(given.parallel)))


def arguments() -> argparse.Namespace:
    """What the host hands on of the engine's request."""
    parser = argparse.ArgumentParser(description="Run a Pulumi program")
    for name in ("project", "root_directory", "stack", "parallel", "dry_run", "pwd", "monitor", "engine", "tracing"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--organization")
    parser.add_argument("program")
    parser.add_argument("arguments", nargs="*")
    return parser.parse_args()


def run(program: str, parallel: int) -> int:
    """Run a file or folder as `__main__` in the stack; the exit code. `sys.exit` and interrupts go through."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(max_workers=max(parallel, 1) * CALLS_A_RESOURCE)
    loop.set_default_executor(executor)
    # The SDK leaves unfinished futures behind when a program fails; asyncio would complain about each.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    place = os.path.abspath(program)
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: execute(program, place)))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return 1
    except Exception as error:
        pulumi.log.error(f"Program failed with an unhandled exception:\n{users_part(error, place)}")
        return TOLD
    finally:
        executor.shutdown(wait=True)
        loop.close()
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def execute(program: str, place: str) -> None:
    """Run the program, or say that there is none."""
    try:
        runpy.run_path(program, run_name="__main__")
    except ImportError as error:
        passed = {frame.filename for frame in traceback.extract_tb(error.__traceback__)}
        if passed - {__file__, runpy.__file__, "<frozen runpy>"}:
            raise  # the program's own
        pulumi.log.error(f"unable to find main python program `__main__.py` in `{place}`")
        sys.exit(TOLD)


def users_part(error: BaseException, place: str) -> str:
    """The traceback from the first frame of the program's own file on; the whole one where there is no such frame."""
    frames = traceback.extract_tb(error.__traceback__)
    program = module(place)
    for number, frame in enumerate(frames):
        if module(frame.filename) == program:
            return "".join(traceback.format_exception(error, limit=number - len(frames)))
    return "".join(traceback.format_exception(error))


def module(path: str) -> str:
    """The place of a module without the ending of its file; a folder stands for its `__main__`."""
    name, ending = os.path.splitext(path)
    return os.path.abspath(name if ending else os.path.join(name, "__main__"))


if __name__ == "__main__":
    main()
