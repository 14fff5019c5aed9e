"""Programs run by our language host under the real engine."""

from __future__ import annotations

import json
import sys

import pytest

from tests.toolchain.trial_project import Project

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
    for machinery in ("runpy", "asyncio", "run_in_stack", "pulumi-language-python-exec", "non-zero exit code"):
        assert machinery not in result.stdout


def test_a_run_error_is_told_and_so_is_the_exit_code(project: Project) -> None:
    project.program("import pulumi\n\nraise pulumi.RunError('release v9 does not exist')\n")
    result = project.pulumi("preview", check=False)
    assert result.returncode != 0
    errors = [line.strip() for line in result.stdout.splitlines() if line.strip().startswith("error:")]
    assert errors == [
        "error: release v9 does not exist",
        "error: an unhandled error occurred: program exited with non-zero exit code: 1",
    ]
    assert "Traceback" not in result.stdout + result.stderr


def test_a_secret_of_the_config_stays_one(project: Project) -> None:
    project.pulumi("config", "set", "--secret", "token", "hunter2-hidden")
    project.program(
        """
        import pulumi

        pulumi.export("token", pulumi.Config().require_secret("token"))
        """
    )
    shown = project.pulumi("up", "--yes", "--skip-preview").stdout
    assert "hunter2-hidden" not in shown
    assert "hunter2-hidden" not in project.state()
    assert project.pulumi("stack", "output", "token", "--show-secrets").stdout.strip() == "hunter2-hidden"


def test_the_virtualenv_option_is_honoured(project: Project) -> None:
    project.runtime(virtualenv=sys.prefix)
    project.program("import sys, pulumi\n\npulumi.export('prefix', sys.prefix)\n")
    project.pulumi("up", "--yes", "--skip-preview", variables={"PULUMI_PYTHON_CMD": "/does/not/exist"})
    assert project.outputs() == {"prefix": sys.prefix}


def test_about_names_the_interpreter(project: Project) -> None:
    about = json.loads(project.pulumi("about", "--json").stdout)
    assert about["runtime"]["executable"] == sys.executable
    assert "pulumi-policy" in {item["name"] for item in about["dependencies"]}
    assert "grpcio" not in {item["name"] for item in about["dependencies"]}


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
