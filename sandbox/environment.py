"""The environment that leads AWS, Kubernetes and Pulumi tools to the sandbox.

Only variables that every such tool honours: the product reads none of its own.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from sandbox import registry
from sandbox.paths import ROOT, State

LEADS_ELSEWHERE = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "PULUMI_ACCESS_TOKEN", "PULUMI_STACK")
"""Variables of the user's own that would lead a tool away from the sandbox."""


def environment(state: State) -> dict[str, str]:
    """Variables and their values; PATH is the whole one. Raises ``SandboxError`` where nothing was set up yet."""
    identity = state.identity()
    folders = [state.bin, state.bin / "tools", ROOT / "scripts" / "bin", Path(sys.executable).parent]
    inherited = [part for part in os.environ.get("PATH", "").split(os.pathsep) if part not in map(str, folders)]
    return {
        "PATH": os.pathsep.join([*map(str, folders), *inherited]),
        "PULUMI_HOME": str(state.pulumi_home),
        # No attributes beside the files: an engine killed while it writes them leaves what nothing can read.
        "PULUMI_BACKEND_URL": f"file://{state.backend}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{identity.account_port}",
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "KUBECONFIG": str(state.kubeconfig),
        **registry.variables(state.folder),
        "NO_PROXY": ",".join(filter(None, [os.environ.get("NO_PROXY"), "127.0.0.1,localhost"])),
    }


GUARDED = {"PULUMI_OPTION_POLICY_PACK": str(ROOT / "policies")}
"""What a person's shell has besides, so that a bare `pulumi up` is judged as `rollback` is."""


def shell_text(state: State) -> str:
    """The environment as lines for ``eval``."""
    lines = [f"unset {' '.join(LEADS_ELSEWHERE)}"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in {**environment(state), **GUARDED}.items()]
    return "\n".join(lines)
