"""The scripts of cryptique's revisions: configuration, backups, installation."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps import archives, catalogue
from sandbox.host.tools import nginx
from tests.apps.cryptique_app import GOOD, Machine, add, found, install
from tests.support.versions import newest_always
from toolchain.paths import cache
from toolchain.progress import Progress

pytestmark = pytest.mark.sandbox

NGINX = "events {{}}\nhttp {{ {paths} include {site}; }}\n"


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("modules")
    assert install(folder).returncode == 0
    return folder / "node_modules"


@pytest.fixture
def machine(tmp_path: Path, modules: Path) -> Iterator[Machine]:
    made = Machine(tmp_path, modules)
    yield made
    if made.process and made.process.poll() is None:
        made.stop_database()


@pytest.mark.long
def test_a_second_installation_asks_no_registry(modules: Path, tmp_path: Path) -> None:
    away = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"), "http://127.0.0.1:9")
    done = install(tmp_path, **away, NO_PROXY="", no_proxy="", npm_config_fetch_retries="0")
    assert done.returncode == 0, done.stderr
    installed, again = (
        {path.relative_to(folder) for path in folder.rglob("*")} for folder in (modules, tmp_path / "node_modules")
    )
    assert installed == again


@pytest.mark.parametrize("version", [*newest_always(GOOD), "2.0.0"])
def test_each_version_fills_in_an_env_file_that_meets_its_own_schema(version: str, machine: Machine) -> None:
    release = machine.release(version)
    schema = str(release / "config" / "env.schema.json")
    done = machine.script(release, "check-env.js", str(release / ".env.production"), schema)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_env_file_with_mistakes_is_refused_without_showing_a_value(machine: Machine) -> None:
    release = machine.release("1.2.0")
    bad = machine.folder / "env"
    bad.write_text("# a comment\nPORT=3001\nTOP_K=many secrets\nCHUNK_WORDS=120\nWORD_WEIGT=0.5\n")
    done = machine.script(release, "check-env.js", str(bad), str(release / "config" / "env.schema.json"))
    assert done.returncode == 1
    assert [line.removeprefix("env file: ").split(" of ")[0] for line in done.stderr.splitlines()] == [
        *("MONGODB_URI is missing", "TOP_K isn't", "WORD_WEIGHT is missing", "WORD_WEIGT is no setting"),
    ]
    assert "secrets" not in done.stderr


def test_a_template_that_asks_for_what_the_machine_lacks_is_refused(machine: Machine) -> None:
    release = machine.release("1.2.0")
    (release / "config" / "asking").write_text("A=${NOT_THERE} ${LISTEN} $uri\n")
    done = machine.render(release, "asking")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("doesn't have: NOT_THERE\n")


@pytest.mark.parametrize("version", [*newest_always(GOOD), "2.0.0"])
def test_nginx_takes_every_configuration_but_the_faulty_ones(version: str, machine: Machine) -> None:
    release = machine.release(version)
    (machine.root / "var/log/nginx").mkdir(parents=True)
    site = machine.folder / "site.conf"
    site.write_text(machine.render(release, "nginx.conf.template").stdout)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = " ".join(f'{kind}_temp_path "{machine.folder}/{kind}";' for kind in kinds)
    whole = machine.folder / "nginx.conf"
    whole.write_text(f'pid "{machine.folder}/pid";\n' + NGINX.format(paths=paths, site=site))
    program = str(nginx.ensure(cache(), Progress(quiet=True)))
    done = subprocess.run(
        [program, "-t", "-p", str(machine.folder), "-c", str(whole), "-e", str(machine.folder / "errors")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) == (catalogue.revision("cryptique", version).fault is None), done.stderr


@pytest.mark.long
def test_the_vector_store_comes_back_from_its_backup(machine: Machine) -> None:
    machine.start_database()
    release = machine.release("1.2.0")
    with machine.running("1.2.0") as address:
        identity = add(address, "Herons stand in the reeds.")
        done = machine.script(release, "backup.sh", "vectors")
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert told["folder"].startswith(f"{machine.root}/var/backups/cryptique/vectors/vectors_2")
        assert told["version"] == "1.2.0"
        assert {name: each["documents"] for name, each in told["collections"].items()} == {
            **{"vector_documents": 1, "embedding_jobs": 1, "embedding_stats": 1},
        }
        other = add(address, "Written after the backup.")
        machine.evaluate(
            "1.2.0", f"await db.collection('vector_documents').deleteMany({{ document_id: '{identity}' }});"
        )
        assert found(address, "herons") == []
    done = machine.script(release, "restore-vectors.js", told["folder"])
    assert json.loads(done.stdout) == {"vector_documents": 1, "embedding_jobs": 1, "embedding_stats": 1}
    with machine.running("1.2.0", worker=False) as address:
        assert found(address, "herons") == [identity]
        assert other not in found(address, "written after")
    kinds = "const job = await db.collection('embedding_jobs').findOne(); console.log(job.created instanceof Date);"
    assert machine.evaluate("1.2.0", kinds) == "true\n", "a date stays a date"


@pytest.mark.long
def test_the_whole_database_comes_back_and_any_version_restores_it(machine: Machine) -> None:
    machine.start_database()
    with machine.running("1.3.0") as address:
        identity = add(address, "Kestrels hover.", title="Birds")
        folder = json.loads(machine.script(machine.release("1.3.0"), "backup.sh", "mongodb").stdout)["folder"]
        add(address, "Written after the backup.")
    held = machine.script(machine.release("1.3.0"), "backup.js", "check", folder)
    assert json.loads(held.stdout) == {
        **{"documents": 1, "vector_documents": 1, "embedding_jobs": 1, "embedding_stats": 1},
    }
    done = machine.script(machine.release("1.0.0"), "restore-database.js", folder)
    assert json.loads(done.stdout)["documents"] == 1
    with machine.running("1.0.0", worker=False) as address:
        assert found(address, "kestrels written", 50) == [identity]


@pytest.mark.long
def test_a_damaged_backup_is_refused_before_anything_is_deleted(machine: Machine) -> None:
    machine.start_database()
    release = machine.release("1.2.0")
    with machine.running("1.2.0") as address:
        identity = add(address, "Wrens sing loudly.")
        folder = Path(json.loads(machine.script(release, "backup.sh", "vectors").stdout)["folder"])
        file = folder / "embedding_stats.jsonl"
        file.write_text(file.read_text().replace('"vectors"', '"vektors"'))
        done = machine.script(release, "restore-vectors.js", str(folder))
        assert done.returncode == 1
        assert done.stderr == (
            "restore-vectors.js: embedding_stats.jsonl isn't what its manifest says: choose another backup\n"
        )
        assert machine.script(release, "restore-database.js", str(folder)).stderr.endswith("holds no documents\n")
        assert found(address, "wrens") == [identity]
    again = machine.script(release, "backup.js", "vectors", str(folder))
    assert (again.returncode, "never overwritten" in again.stderr) == (1, True)


def test_two_installations_never_overlap_and_one_that_was_killed_is_done_anew(tmp_path: Path) -> None:
    revision = archives.write_tree(catalogue.revision("cryptique", "1.2.0").files, tmp_path / "revision")
    application = tmp_path / "root" / "opt" / "cryptique"
    shutil.copytree(revision, application / "incoming")
    (application / "releases" / ".partial" / "half").mkdir(parents=True)
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(f"#!/bin/sh\necho begin >> {tmp_path}/log\nsleep 0.5\necho end >> {tmp_path}/log\n")
    npm.chmod(0o755)
    environment = {"PATH": f"{npm.parent}:{os.environ['PATH']}", "HOST_ROOT": str(tmp_path / "root")}
    command = ["bash", str(revision / "hooks" / "install.sh")]
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = sorted(process.communicate(timeout=60)[0].split(" ")[0] for process in both)
    (release,) = (path for path in (application / "releases").iterdir() if path.name != ".partial")
    assert said == [release.name, "installed"], "the second one finds what the first one has made"
    assert (tmp_path / "log").read_text() == "begin\nend\n"
    assert not (release / "half").exists()
    assert release.name.startswith("1.2.0-")


def test_every_shell_script_can_be_parsed(tmp_path: Path) -> None:
    folder = archives.write_tree(catalogue.revision("cryptique", "1.3.0").files, tmp_path)
    scripts = sorted(folder.rglob("*.sh"))
    assert len(scripts) == 12
    for script in scripts:
        subprocess.run(["bash", "-n", str(script)], check=True)
