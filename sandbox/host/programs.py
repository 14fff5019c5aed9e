"""The services of one host, and the commands and files that belong to the machine and not to a revision."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sandbox.host.layout import Layout, Ports
from sandbox.host.orphans import MARK
from sandbox.host.service import Service, ServiceError, listens
from sandbox.host.tools import Tools, pm2

INSTANCES = 2
"""Processes of the backend at full capacity; the runbook's `max` would be one for each processor."""

INHERITED = ("HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS")
"""Variables that are handed on to a host's scripts, with those of proxies and npm's settings. Others aren't: pm2 writes
the environment of what it starts to its dump file."""

NGINX_CONF = """\
# The machine's own configuration; sites come from sites-enabled.
{user}worker_processes 1;
pid "{root}/run/nginx.pid";
error_log "{root}/var/log/nginx/error.log" warn;

events {{
    worker_connections 512;
}}

http {{
    access_log off;
    # A connection to an application for each request, as was the default before 1.29.7. Later versions keep them and go
    # on asking on them: a process that was told to stop then isn't done before pm2 kills it, and a request ends in 502.
    proxy_http_version 1.0;
    client_body_temp_path "{root}/var/lib/nginx/body";
    proxy_temp_path "{root}/var/lib/nginx/proxy";
    fastcgi_temp_path "{root}/var/lib/nginx/fastcgi";
    uwsgi_temp_path "{root}/var/lib/nginx/uwsgi";
    scgi_temp_path "{root}/var/lib/nginx/scgi";
    include sites-enabled/*;
}}
"""

CLIENT = Path(__file__).with_name("systemctl_client.py")
DUMP = "dump.pm2"


def environment(layout: Layout, cache: Path) -> dict[str, str]:
    """Return the variables that a host's programs and scripts have."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in INHERITED or name.lower().endswith("_proxy") or name.lower().startswith("npm_config_")
    }
    path = [str(layout.commands), *os.environ.get("PATH", os.defpath).split(os.pathsep)]
    return {
        **kept,
        MARK: str(layout.root),
        "PATH": os.pathsep.join(dict.fromkeys(path)),
        "PM2_HOME": str(layout.pm2_home),
        "PM2_DAEMON_RPC_PORT": str(layout.socket("rpc.sock")),
        "PM2_DAEMON_PUB_PORT": str(layout.socket("pub.sock")),
        "PM2_DISABLE_VERSION_CHECK": "true",
        # pm2's own --no-pmx: else each process measures its event loop all the time, for a monitor that isn't here.
        "pmx": "false",
        "npm_config_cache": str(pm2.npm_cache(cache)),
        "npm_config_update_notifier": "false",
        "NO_COLOR": "1",
    }


def write(layout: Layout, ports: Ports, tools: Tools, variables: Mapping[str, str], control_port: int) -> None:
    """Write what the machine has before anything is deployed to it."""
    layout.make()
    account = "user root root;\n" if os.geteuid() == 0 else ""
    (layout.nginx / "nginx.conf").write_text(NGINX_CONF.format(user=account, root=layout.root))
    settings = {
        "LISTEN": f"127.0.0.1:{ports.public}",
        "PUBLIC_URL": address(ports),
        "BACKEND_PORT": ports.backend,
        "MONGODB_URI": f"mongodb://127.0.0.1:{ports.database}/cryptique",
        "INSTANCES": INSTANCES,
    }
    layout.host_env.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    client = [sys.executable, "-I", "-S", str(CLIENT), str(control_port), layout.stack]
    commands = {
        "node": [str(tools.node.executable)],
        "npm": list(tools.node.npm),
        "pm2": [str(tools.node.executable), str(tools.pm2 / "bin" / "pm2")],
        "nginx": nginx_command(layout, tools),
        "systemctl": client,
    }
    own = {
        name: value for name, value in variables.items() if name.startswith(("PM2_", "npm_config_cache", "pmx", MARK))
    }
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in own.items())
    for name, command in commands.items():
        _write_command(layout.commands / name, f'#!/bin/sh\n{exports}exec {shlex.join(command)} "$@"\n')


def _write_command(file: Path, text: str) -> None:
    temporary = file.with_name(f".{file.name}.new")
    temporary.write_text(text)
    temporary.chmod(0o755)
    temporary.replace(file)


def address(ports: Ports) -> str:
    """Return where a host answers its users."""
    return f"http://127.0.0.1:{ports.public}"


def nginx_command(layout: Layout, tools: Tools) -> list[str]:
    """Return the command that starts, tests or signals the host's nginx."""
    errors = layout.logs / "nginx" / "error.log"
    return [str(tools.nginx), "-p", f"{layout.root}/", "-c", str(layout.nginx / "nginx.conf"), "-e", str(errors)]


def services(layout: Layout, ports: Ports, tools: Tools, variables: Mapping[str, str]) -> list[Service]:
    """Return the host's services in the order in which they start."""
    data = layout.data(tools.database.kind)
    data.mkdir(parents=True, exist_ok=True)
    mongod = Service(
        "mongod",
        tools.database.command(ports.database, data),
        variables,
        listens(ports.database),
        layout.logs / "mongod.log",
        ports.database,
    )
    up = [layout.socket("rpc.sock"), layout.socket("pub.sock"), layout.pm2_home / "pm2.pid"]
    manager = Service(
        "pm2",
        [str(tools.node.executable), str(tools.pm2 / "lib" / "Daemon.js")],
        variables,
        lambda: all(mark.exists() for mark in up),
        layout.logs / "pm2.log",
        ports.backend,
        marks=[*up, layout.pm2_home / "reload.lock"],
        after_start=lambda: resurrect(layout, variables),
    )
    pid_file = layout.run / "nginx.pid"
    web = Service(
        "nginx",
        [*nginx_command(layout, tools), "-g", "daemon off;"],
        variables,
        pid_file.exists,
        layout.logs / "nginx" / "nginx.log",
        ports.public,
        stop_signal=signal.SIGQUIT,
        marks=[pid_file],
    )
    return [mongod, manager, web]


def resurrect(layout: Layout, variables: Mapping[str, str]) -> None:
    """Start the applications that `pm2 save` wrote down, as `pm2 startup` does on a machine of its own."""
    if not (layout.pm2_home / DUMP).exists():
        return
    command = [str(layout.commands / "pm2"), "resurrect"]
    done = subprocess.run(
        command, env=dict(variables), cwd="/", capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode:
        raise ServiceError(f"pm2 can't start what it had saved: {(done.stderr or done.stdout).strip()[-300:]}")
