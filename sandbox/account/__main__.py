"""`python -m sandbox.account`: run the local AWS account in the foreground."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import threading
from pathlib import Path

from sandbox.account import settings
from sandbox.shutdown import ShutdownSignal

log = logging.getLogger("sandbox.account")


def arguments(argv: list[str] | None = None) -> settings.Settings:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.account", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="port of the AWS API on 127.0.0.1")
    parser.add_argument("--websocket-port", type=int, required=True, help="port of WebSocket APIs on 127.0.0.1")
    parser.add_argument("--state-dir", type=Path, required=True, help="folder the account is kept in")
    parser.add_argument("--account-id", default="123456789012", help="twelve digits")
    parser.add_argument("--minute-seconds", type=float, default=60.0, help="real seconds of one emulated minute")
    parser.add_argument("--postgres-port", type=int, help="port of `python -m sandbox.postgres`, for RDS")
    parser.add_argument("--postgres-password-file", type=Path, help="its superuser's password")
    given = parser.parse_args(argv)
    if not (len(given.account_id) == 12 and given.account_id.isdigit()):
        parser.error(f"--account-id takes twelve digits, not {given.account_id!r}")
    return settings.Settings(**vars(given))


def prepare(chosen: settings.Settings) -> None:
    """Tell moto whose account this is, before any of its modules reads it."""
    settings.use(chosen)
    os.environ["MOTO_ACCOUNT_ID"] = chosen.account_id
    os.environ["MOTO_PORT"] = str(chosen.port)
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    # moto itself uses a boto3 session (for region names); the user's profile must not reach it.
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL"):
        os.environ.pop(name, None)
    import moto.core
    import moto.core.models

    moto.core.DEFAULT_ACCOUNT_ID = chosen.account_id
    moto.core.models.DEFAULT_ACCOUNT_ID = chosen.account_id


def install() -> None:
    """Import every extension; each registers itself."""
    from sandbox.account import (
        alarms,
        codedeploy,
        conditional_writes,
        event_sources,
        export,
        gateway,
        log_metrics,
        queue_metrics,
    )
    from sandbox.account.functions import install as functions

    loaded = [alarms, codedeploy, conditional_writes, event_sources, export, functions, gateway]
    loaded += [log_metrics, queue_metrics]
    log.debug("extensions: %s", loaded)


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code."""
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    chosen = arguments(argv)
    prepare(chosen)
    from sandbox.account import background, server, state

    try:
        server.check_free(chosen.port)
        server.check_free(chosen.websocket_port)
        install()
        state.load(chosen.state_dir)
        reopen_databases()
        from sandbox.account.gateway import websocket

        web = server.make(chosen.port)
        sockets = websocket.make(chosen.websocket_port)
    except server.PortTakenError as error:
        print(error, file=sys.stderr)
        return 3
    except state.OtherVersionError as error:
        print(error, file=sys.stderr)
        return 4
    shutdown = ShutdownSignal()
    threading.Thread(target=web.serve_forever, name="http", daemon=True).start()
    threading.Thread(target=sockets.serve_forever, name="websocket", daemon=True).start()
    threading.Thread(target=state.keep_saving, args=(chosen.state_dir,), name="saver", daemon=True).start()
    background.start()
    shutdown.wait()
    background.stop()
    state.save(chosen.state_dir)
    close()
    # Requests that are still waiting for a function must not keep the process alive.
    os._exit(0)


def reopen_databases() -> None:
    """Give the databases of a loaded account their ports back; an account without any doesn't import what they need."""
    from sandbox.account import state

    if state.kept("databases", dict):
        from sandbox.account.databases import api

        api.reopen()


def close() -> None:
    """End the workers of functions."""
    from sandbox.account.functions import workers

    workers.end_all()


if __name__ == "__main__":
    sys.exit(main())
