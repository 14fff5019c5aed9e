"""Bringing the sandbox up: tools, servers, plugins, artifacts; and taking it down again."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from sandbox import registry
from sandbox.cluster import launcher as cluster
from sandbox.environment import environment
from sandbox.host import tools as host_tools
from sandbox.paths import ROOT, Identity, SandboxError, State
from sandbox.processes import Server
from sandbox.providers import kubernetes
from sandbox.providers.install import install, install_link
from sandbox.providers.kubernetes import launcher as kubernetes_provider
from sandbox.providers.kubernetes.older_states import bring_over_all
from sandbox.publishing import publish
from sandbox.servers import servers
from toolchain import kubectl, pulumi_cli
from toolchain.paths import cache
from toolchain.progress import Progress

AWS_VERSION = "7.51.1"
"""Of the aws plugin: that of the SDK in requirements.lock."""


@dataclass(frozen=True)
class Tools:
    """What the sandbox is made of: executables, and the folder that holds Pulumi's."""

    pulumi: Path
    cluster: Path
    registry: Path
    crane: Path
    provider: Path


def build(progress: Progress) -> Tools:
    """Build what isn't in the cache yet. Raises ``ToolchainError``: one line."""
    pulumi = pulumi_cli.ensure(cache(), progress)
    binary = cluster.ensure(cache(), progress)
    serving, crane = registry.ensure(cache(), progress)
    provider = kubernetes_provider.ensure(cache(), progress)
    host_tools.ensure(cache(), progress)
    return Tools(pulumi, binary, serving, crane, provider)


def up(state: State, progress: Progress, minute_seconds: float = 60.0, only: Collection[str] | None = None) -> Identity:
    """Set up what is missing and start what doesn't run. Raises ``SandboxError`` or ``ToolchainError``: one line.

    only: the servers to start, by name; all of them when left out. The account and the registry are always among them.
    """
    with _alone(state):
        tools = build(progress)
        identity = state.create(minute_seconds)
        _write_images(state)
        registry.lead(state.folder, identity.registry_port)
        _install(state, tools)
        for stack in bring_over_all(state.backend):
            progress.say(f"the state of {stack} is now one of Pulumi's own Kubernetes provider; nothing was touched")
        every = [
            each
            for each in servers(state, identity, tools.cluster, tools.registry)
            if only is None or each.name in {*only, "account", "registry"}
        ]
        for server in every:
            server.check_ports()
        started = [server for server in every if server.start()]
        for server in started:
            with progress.activity(f"starting the sandbox's {server.name}") as activity:
                server.wait(functools.partial(setattr, activity, "detail"))
        with progress.activity("publishing artifacts"):
            publish(environment(state))
    return identity


def down(state: State) -> list[str]:
    """Stop this state's servers, and no others; the names of those that ran."""
    if not state.identity_file.exists():
        return []
    with _alone(state):
        try:
            every = running(state)
        except SandboxError:
            # Of another version of the sandbox, or damaged: its servers are known by their pid files all the same.
            every = servers(state, Identity("", 0, 0, 0, 0, 0, 0, 0, 60.0), Path(os.devnull), Path(os.devnull))
        return [server.name for server in reversed(every) if server.stop()]


def running(state: State) -> list[Server]:
    """The servers of a state, running or not."""
    return servers(state, state.identity(), Path(os.devnull), Path(os.devnull))


@contextlib.contextmanager
def _alone(state: State) -> Iterator[None]:
    state.folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(state.folder / "lock", timeout=900):
            yield
    except Timeout:
        raise SandboxError("another command has been working on this sandbox for 15 minutes; end it first") from None


def _write_images(state: State) -> None:
    from apps.catalogue import image_catalogue

    text = json.dumps(image_catalogue(), indent=2, sort_keys=True)
    if not state.images.exists() or state.images.read_text() != text:
        temporary = state.images.with_suffix(".new")
        temporary.write_text(text)
        temporary.replace(state.images)


def _install(state: State, tools: Tools) -> None:
    """Plugins into the engine's home, commands into the folder that PATH begins with."""
    python = Path(sys.executable)
    install(state.pulumi_home, "aws", AWS_VERSION, "sandbox.providers.aws", python=python, root=ROOT)
    install_link(state.pulumi_home, "kubernetes", kubernetes.VERSION, tools.provider)
    no_engine_logs(state.pulumi_home)
    state.backend.mkdir(parents=True, exist_ok=True)
    state.bin.mkdir(parents=True, exist_ok=True)
    commands = {
        "kubectl": kubectl.path(),
        "sandbox-cluster": tools.cluster,
        "crane": tools.crane,
        "tools": tools.pulumi,
    }
    for name, target in commands.items():
        link = state.bin / name
        temporary = state.bin / f".{name}.new"
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(target)
        temporary.replace(link)


def no_engine_logs(pulumi_home: Path) -> None:
    """Keep the engine from writing down every command that it runs, encrypted, 1 MB a preview of prod.

    It has no setting for that, and works without where its folder can't be made. The logs took a fifth of the CPU time
    of that preview (5.0 s with them, 4.0 without, 2026-11-26). A folder that is there already stays.
    """
    logs = pulumi_home / "logs"
    if not logs.exists():
        pulumi_home.mkdir(parents=True, exist_ok=True)
        logs.write_text("A file in the place of a folder: the sandbox's engine keeps no logs of its commands.\n")
