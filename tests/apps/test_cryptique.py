"""cryptique's revisions: what each version answers, and that any of them can read what any other has written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps import catalogue
from tests.apps.cryptique_app import GOOD, Machine, add, call, found, install, query
from tests.sandbox.account.conftest import wait_for

pytestmark = pytest.mark.sandbox

DOCUMENTS = {
    "backup": "A snapshot of the database is made each night and kept for a month.",
    "restore": "To restore the service, choose the newest snapshot and read it back before anything is deleted.",
    "reload": "The process manager starts a new process before it ends the old one, so no request is lost.",
    "proxy": "The proxy passes requests on to the backend; its configuration is tested before it is used.",
    "worker": "A worker turns documents into vectors, a few at a time, and tries again where that fails.",
    "birds": "Photographs of birds: a heron, two kestrels and a wren.",
}
QUESTIONS = {
    "database snapshots": "backup",
    "how are vectors made from a document": "worker",
    "choose among snapshots to restore": "restore",
    "what tests the configurations of the proxy": "proxy",
    "lost requests": "reload",
    "photograph of a kestrel": "birds",
}


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("modules")
    done = install(folder)
    assert done.returncode == 0, done.stderr
    return folder / "node_modules"


@pytest.fixture
def machine(tmp_path: Path, modules: Path) -> Iterator[Machine]:
    made = Machine(tmp_path, modules)
    made.start_database()
    yield made
    if made.process and made.process.poll() is None:
        made.stop_database()


def first_places(address: str, ids: dict[str, str]) -> list[str]:
    """The questions whose best answer is the right document."""
    return [text for text, name in QUESTIONS.items() if found(address, text, 1) == [ids[name]]]


@pytest.mark.long
def test_every_version_stores_and_finds_and_later_ones_rank_better(machine: Machine) -> None:
    right: dict[str, int] = {}
    scores: dict[str, list[float]] = {}
    with machine.running("1.0.0") as address:
        ids = {name: add(address, text) for name, text in DOCUMENTS.items()}
        right["1.0.0"] = len(first_places(address, ids))
    for version in GOOD[1:]:
        with machine.running(version, worker=False) as address:
            assert call(f"{address}/health") == (200, {"status": "ok", "version": version})
            right[version] = len(first_places(address, ids))
            scores[version] = [hit["score"] for text in QUESTIONS for hit in query(address, text, 50)]
    assert right["1.0.0"] < right["1.1.0"] <= right["1.2.0"] <= right["1.3.0"] == len(QUESTIONS)
    assert min(scores["1.2.0"]) < 0.1 <= min(scores["1.3.0"]), "the newest leaves out what hardly fits"


@pytest.mark.long
def test_any_version_reads_what_any_other_has_written_and_writes_the_same_vectors(machine: Machine) -> None:
    ids = []
    for version in GOOD:
        with machine.running(version) as address:
            ids.append(add(address, "The lighthouse keeper counts ships."))
    for version in GOOD:
        with machine.running(version, worker=False) as address:
            assert sorted(found(address, "lighthouse", 50)) == sorted(ids), version
            status, answer = call(f"{address}/api/status")
            assert (status, answer["documents"], answer["vectors"]) == (200, len(ids), len(ids))
            assert answer["jobs"] == {"pending": 0, "failed": 0}
    vectors = machine.evaluate(
        "1.0.0",
        """
        const found = await db.collection('vector_documents').find().toArray();
        console.log(new Set(found.map(({ vector }) => JSON.stringify(vector))).size);
        """,
    )
    assert int(vectors) == 1


@pytest.mark.long
def test_what_each_version_brings(machine: Machine) -> None:
    text = "Owls hunt at night. " + "Filler words stand here. " * 10 + "An owl sleeps by day."
    with machine.running("1.1.0") as address:
        add(address, text)
        assert "highlights" not in query(address, "owls")[0]
    with machine.running("1.2.0", worker=False) as address:
        (hit,) = query(address, "owls")
        assert hit["highlights"] == [
            "*Owls* hunt at night. Filler words stand",
            "here. Filler words stand here. An *owl* sleeps by day.",
        ]
        # A word that the text doesn't have shares its place in the vector with one that it has.
        assert query(address, "nothing like it")[0]["highlights"] == []
        assert call(f"{address}/api/documents/{hit['document_id']}")[0] == 404
    with machine.running("1.3.0") as address:
        identity = add(address, "Bats, too.", title="Animals of the night")
        status, answer = call(f"{address}/api/documents/{identity}")
        assert (status, answer["title"], answer["status"]) == (200, "Animals of the night", "done")
        assert call(f"{address}/api/documents/unknown")[0] == 404


def test_long_documents_are_found_by_their_parts(machine: Machine) -> None:
    with machine.running("1.2.0") as address:
        text = " ".join(["filler"] * 300 + ["needle"] + ["filler"] * 100)
        status, answer = call(f"{address}/api/documents", {"text": text})
        assert status == 202
        wait_for(lambda: call(f"{address}/api/status")[1]["vectors"] == 4, 30, "four chunks")
        assert [(hit["document_id"], hit["chunk"]) for hit in query(address, "needle")] == [(answer["document_id"], 2)]


@pytest.mark.parametrize(
    ("path", "body", "status", "reason"),
    [
        ("/api/documents", b"{", 400, "JSON"),
        ("/api/documents", {"text": " "}, 400, '"text" must be a text that isn\'t empty'),
        ("/api/documents", ["a"], 400, '"text" must be a text'),
        ("/api/documents", {"text": "a" * 200_001}, 400, "more than 200000 characters"),
        ("/api/documents", b'{"text":"' + b"a" * 1_100_000 + b'"}', 413, "too large"),
        ("/api/query", {"query": 1}, 400, '"query" must be a text'),
        ("/api/query", {"query": "a", "top_k": 0}, 400, "from 1 to 50"),
        ("/api/query", {"query": "a", "top_k": "5"}, 400, "from 1 to 50"),
        ("/api/nothing", None, 404, "there is no GET /api/nothing"),
    ],
)
def test_bad_requests_are_told_why(path: str, body: Any, status: int, reason: str, backend: str) -> None:
    code, answer = call(backend + path, body)
    assert code == status
    assert reason in answer["error"]


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory, modules: Path) -> Iterator[str]:
    made = Machine(tmp_path_factory.mktemp("backend"), modules)
    made.start_database()
    with made.running("1.3.0", worker=False) as address:
        yield address
    made.stop_database()


def test_without_its_database_it_says_so_and_finds_it_again(machine: Machine) -> None:
    with machine.running("1.3.0", worker=False) as address:
        machine.stop_database()
        status, answer = call(f"{address}/api/status")
        assert (status, answer["status"], answer["database"]) == (503, "unavailable", "unreachable")
        assert call(f"{address}/health")[0] == 200
        machine.start_database()
        wait_for(lambda: call(f"{address}/api/status")[0] == 200, 30, "the database is found again")


@pytest.mark.long
def test_jobs_that_a_killed_worker_left_are_done_and_hopeless_ones_given_up(machine: Machine) -> None:
    jobs = """
    const old = new Date(Date.now() - 60000);
    await db.collection('documents').insertOne({ _id: 'd', text: 'An abandoned document.' });
    await db.collection('embedding_jobs').insertMany([
      { _id: 'a', document_id: 'd', status: 'in_progress', taken: old, attempts: 1, created: old },
      { _id: 'b', document_id: 'gone', status: 'pending', attempts: 0, created: old },
    ]);
    """
    machine.evaluate("1.2.0", jobs)
    with machine.running("1.2.0") as address:
        wait_for(lambda: found(address, "abandoned") == ["d"], 30, "the document can be found")
        wait_for(lambda: call(f"{address}/api/status")[1]["jobs"] == {"pending": 0, "failed": 1}, 30, "one failure")
    stats = json.loads(
        machine.evaluate("1.2.0", "console.log(JSON.stringify(await db.collection('embedding_stats').findOne()));")
    )
    assert (stats["_id"], stats["vectors"], stats["done"], stats["failed"]) == ("hash-256", 1, 1, 1)


def test_every_revision_is_complete_and_the_faulty_one_says_so() -> None:
    known = {found.version: found for found in catalogue.revisions() if found.system == "cryptique"}
    assert {version: bool(found.fault) for version, found in known.items()} == {
        **dict.fromkeys(GOOD, False),
        "2.0.0": True,
    }
    good, faulty = known["1.3.0"].files, known["2.0.0"].files
    assert {name for name in faulty if faulty[name] != good.get(name)} == {
        "config/nginx.conf.template",
        "src/version.js",
    }
    for found_version, revision in known.items():
        assert f"module.exports = '{found_version}';".encode() in revision.files["src/version.js"]
        assert b'"resolved"' not in revision.files["package-lock.json"], "a lock file names no registry"
