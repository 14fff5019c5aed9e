"""The pack as a process: started as both language hosts start it, asked over gRPC, and gone when its host is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import psutil
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from policies.pack import RULES
from policies.server import LARGEST_MESSAGE
from tests.components.mocked import ROOT
from tests.policies.cases import make
from tests.policies.requests import request, stack_request

PACK = ROOT / "policies"
COMMAND = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(PACK)]
OPTIONS = [("grpc.max_send_message_length", LARGEST_MESSAGE)]
PATIENCE_SECONDS = 60.0


def surroundings(**config: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
    stack = {"PULUMI_PROJECT": "trial", "PULUMI_STACK": "dev", "PULUMI_DRY_RUN": "true"}
    return {**kept, **stack, "PULUMI_CONFIG": json.dumps(config)}


@contextmanager
def running(**config: str) -> Iterator[tuple[subprocess.Popen[str], analyzer_pb2_grpc.AnalyzerStub]]:
    process = subprocess.Popen(
        COMMAND, cwd=PACK, env=surroundings(**config), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}", OPTIONS) as channel:
            yield process, analyzer_pb2_grpc.AnalyzerStub(channel)
    finally:
        process.kill()
        process.wait()


def test_a_host_starts_it_asks_it_and_interrupts_it() -> None:
    with running(**{"policies:enforcement": '{"alarm-actions": "advisory"}'}) as (process, pack):
        pack.Handshake(analyzer_pb2.AnalyzerHandshakeRequest(engine_address="127.0.0.1:1"))
        pack.ConfigureStack(analyzer_pb2.AnalyzerStackConfigureRequest(stack="dev", tags={"a": "b"}))
        info = pack.GetAnalyzerInfo(empty_pb2.Empty())
        assert {policy.name for policy in info.policies} == {rule.name for rule in RULES}
        alarm = make("aws:cloudwatch/metricAlarm:MetricAlarm", "silent", {"name": "silent"})
        found = pack.Analyze(request(alarm)).diagnostics
        assert ("alarm-actions", analyzer_pb2.ADVISORY) in {(each.policyName, each.enforcementLevel) for each in found}
        assert not pack.Remediate(request(alarm)).remediations
        # More than gRPC's own bound of 4 MiB.
        large = stack_request([make("x:y:Z", "large", {"text": "x" * 5 * 2**20})])
        assert {each.policyName for each in pack.AnalyzeStack(large).diagnostics} == {"guard-present"}
        wrong = analyzer_pb2.ConfigureAnalyzerRequest()
        wrong.policyConfig["queue-redrive"].properties.update({"minReceives": 8, "maxReceives": 3})
        with pytest.raises(grpc.RpcError, match=r"--policy-pack-config: queue-redrive: .*above maxReceives"):
            pack.Configure(wrong)
        pack.Cancel(empty_pb2.Empty())
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert (output, errors) == ("", "")


def test_a_wrong_setting_is_one_line_instead_of_a_port() -> None:
    env = surroundings(**{"policies:enforcement": '{"alarm-action": "advisory"}'})
    done = subprocess.run(
        COMMAND, cwd=PACK, env=env, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    assert done.returncode != 0
    assert done.stdout == ""
    assert done.stderr.startswith(
        "error: stacks/Pulumi.dev.yaml: policies:enforcement: unknown policy 'alarm-action' (did you"
    )
    assert "Traceback" not in done.stderr


HOST = """
import subprocess, sys, time
pack = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
pack.stdout.readline()
print(pack.pid, flush=True)
time.sleep(600)
"""


def test_it_ends_with_a_host_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "host.py"
    script.write_text(HOST)
    command = [sys.executable, str(script), *COMMAND]
    host = subprocess.Popen(command, cwd=PACK, env=surroundings(), stdout=subprocess.PIPE, text=True)
    assert host.stdout is not None
    pack = psutil.Process(int(host.stdout.readline()))
    host.kill()
    host.communicate()
    end = time.monotonic() + PATIENCE_SECONDS
    while pack.is_running() and pack.status() != psutil.STATUS_ZOMBIE and time.monotonic() < end:
        time.sleep(0.1)
    assert not pack.is_running() or pack.status() == psutil.STATUS_ZOMBIE
