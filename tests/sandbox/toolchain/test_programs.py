"""Programs run by our language host under the real engine."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.sandbox.toolchain.trial_project import Project

pytestmark = pytest.mark.engine


def test_outputs_and_surroundings_of_a_program(project: Project) -> None:
    project.write("helper.py", "ANSWER = 42\n")
    project.program(
        """
        import os, sys
        import pulumi
        import helper

        print("said by the program")
        pulumi.export("answer", pulumi.Output.from_input(helper.ANSWER).apply(lambda n: n + 1))
        pulumi.export("stack", pulumi.get_stack())
        pulumi.export("project", pulumi.get_project())
        pulumi.export("folder", os.getcwd())
        pulumi.export("arguments", len(sys.argv))
        pulumi.export("input", sys.stdin.read())
        """
    )
    shown = project.pulumi("up", "--yes", "--skip-preview").stdout
    assert "said by the program" in shown
    assert project.outputs() == {
        "answer": 43,
        "stack": "dev",
        "project": "trial",
        "folder": str(project.folder),
        "arguments": 1,
        "input": "",
    }


def test_a_traceback_starts_at_the_users_code(project: Project) -> None:
    project.write("deeper.py", "def fall():\n    raise ValueError('fell here')\n")
    project.program("import deeper\n\ndeeper.fall()\n")
    result = project.pulumi("preview", check=False)
    assert result.returncode != 0
    assert "ValueError: fell here" in result.stdout
    assert "__main__.py" in result.stdout
    assert "deeper.py" in result.stdout
    for machinery in ("runpy", "asyncio", "run_in_stack", "child.py", "non-zero exit code"):
        assert machinery not in result.stdout


def test_a_traceback_of_an_apply_starts_at_the_users_code(project: Project) -> None:
    project.program(
        """
        import pulumi

        def compute(value: int) -> float:
            return value / 0

        pulumi.export("broken", pulumi.Output.from_input(1).apply(compute))
        """
    )
    result = project.pulumi("preview", check=False)
    assert result.returncode != 0
    assert "in compute" in result.stdout
    assert "ZeroDivisionError" in result.stdout
    assert "asyncio" not in result.stdout


def test_a_syntax_error_names_its_place_only(project: Project) -> None:
    project.program("import pulumi\n\ndef broken(:\n")
    result = project.pulumi("preview", check=False)
    assert result.returncode != 0
    assert "SyntaxError" in result.stdout
    assert "line 3" in result.stdout
    assert "runpy" not in result.stdout


def test_a_run_error_is_one_line(project: Project) -> None:
    project.program("import pulumi\n\nraise pulumi.RunError('release v9 does not exist')\n")
    result = project.pulumi("preview", check=False)
    assert result.returncode != 0
    errors = [line.strip() for line in result.stdout.splitlines() if "error" in line]
    assert "error: release v9 does not exist" in errors
    assert "Traceback" not in result.stdout + result.stderr
    assert "exit code" not in result.stdout + result.stderr


def test_a_secret_of_the_config_stays_one(project: Project) -> None:
    project.pulumi("config", "set", "--secret", "token", "hunter2-hidden")
    project.program(
        """
        import os
        import pulumi

        config = pulumi.Config()
        mine = open(f"/proc/{os.getpid()}/environ").read() if os.path.exists("/proc/self/environ") else ""
        pulumi.export("token", config.require_secret("token"))
        pulumi.export("in_environment", "hunter2-hidden" in mine)
        """
    )
    shown = project.pulumi("up", "--yes", "--skip-preview").stdout
    assert "hunter2-hidden" not in shown
    assert "hunter2-hidden" not in project.state()
    assert project.outputs()["in_environment"] is False
    assert project.pulumi("stack", "output", "token", "--show-secrets").stdout.strip() == "hunter2-hidden"


def test_what_comes_before_an_early_sys_exit_is_kept(project: Project) -> None:
    project.program(
        """
        import sys
        import pulumi

        class Part(pulumi.ComponentResource):
            def __init__(self, name: str) -> None:
                super().__init__("trial:index:Part", name)

        Part("kept")
        if pulumi.Config().get("early"):
            sys.exit()
        """
    )
    project.pulumi("up", "--yes", "--skip-preview")
    shown = project.pulumi("up", "--yes", "--skip-preview", "--config", "early=1").stdout
    assert "2 unchanged" in shown


@pytest.mark.parametrize(
    ("ending", "told"),
    [
        ("sys.exit(3)", "sys.exit(3)"),
        ("sys.exit('not today')", "not today"),
        ("os._exit(0)", "ended its own process (exit code 0)"),
        ("os.kill(os.getpid(), 9)", "stopped by SIGKILL"),
    ],
)
def test_a_program_that_ends_itself_fails_the_update(project: Project, ending: str, told: str) -> None:
    project.program(f"import os, sys\n\n{ending}\n")
    result = project.pulumi("preview", check=False)
    assert result.returncode != 0
    assert told in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr


def test_the_virtualenv_option_is_honoured(project: Project) -> None:
    project.runtime(virtualenv=sys.prefix)
    project.program("import sys, pulumi\n\npulumi.export('prefix', sys.prefix)\n")
    project.pulumi("up", "--yes", "--skip-preview", variables={"PULUMI_PYTHON_CMD": "/does/not/exist"})
    assert project.outputs() == {"prefix": sys.prefix}


def test_a_missing_virtualenv_is_one_clear_line(project: Project) -> None:
    project.runtime(virtualenv="nowhere")
    result = project.pulumi("preview", check=False)
    assert result.returncode != 0
    assert f"{project.folder / 'nowhere' / 'bin' / 'python'} does not exist" in result.stdout + result.stderr


def test_an_interpreter_without_the_sdk_is_one_clear_line(project: Project, tmp_path: Path) -> None:
    bare = tmp_path / "bare-python"
    bare.write_text(f'#!/bin/sh\nexec "{Path(sys.base_prefix) / "bin" / "python3"}" -I "$@"\n', encoding="utf-8")
    bare.chmod(0o755)
    result = project.pulumi("preview", check=False, variables={"PULUMI_PYTHON_CMD": str(bare)})
    assert result.returncode != 0
    assert f"the Pulumi SDK is not installed for {bare}" in result.stdout + result.stderr


def test_about_and_install_name_the_interpreter(project: Project) -> None:
    about = json.loads(project.pulumi("about", "--json").stdout)
    assert about["runtime"]["executable"] == sys.executable
    assert "pulumi_policy" in {item["name"] for item in about["dependencies"]}
    assert "grpcio" not in {item["name"] for item in about["dependencies"]}
    installed = project.pulumi("install", "--no-plugins")
    assert "installs nothing" in installed.stdout + installed.stderr
    assert sys.executable in installed.stdout + installed.stderr


def test_a_dynamic_provider_runs(project: Project) -> None:
    project.runtime(virtualenv=sys.prefix)
    project.program(
        """
        import pulumi
        from pulumi import dynamic

        class Provider(dynamic.ResourceProvider):
            def create(self, props):
                return dynamic.CreateResult("made", {"doubled": props["value"] * 2})

        class Doubled(dynamic.Resource):
            doubled: pulumi.Output[int]

            def __init__(self, name: str, value: int) -> None:
                super().__init__(Provider(), name, {"value": value, "doubled": None})

        pulumi.export("doubled", Doubled("it", 21).doubled)
        """
    )
    project.pulumi("up", "--yes", "--skip-preview")
    assert project.outputs() == {"doubled": 42}
