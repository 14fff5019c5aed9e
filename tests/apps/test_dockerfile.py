"""What of a Dockerfile is followed, and what is refused because it would give another image elsewhere."""

from __future__ import annotations

import pytest

from apps import dockerfile
from apps.errors import ArtifactError

FILES = {"app.py": b"app", "words.py": b"words", "data/one.json": b"1", "data/deep/two.json": b"2", "run.sh": b"run"}
DIGEST = f"sha256:{'0' * 64}"


def read(*lines: str) -> dockerfile.Recipe:
    return dockerfile.read("\n".join(lines), FILES, "images/x/Dockerfile")


def test_what_it_says_is_what_the_image_has() -> None:
    recipe = read(
        f"FROM ghcr.io/o/base@{DIGEST}",
        "# a comment",
        "WORKDIR /srv",
        "COPY *.py run.sh ./",
        "COPY data /data",
        'ENV A=1 B="two words"',
        "ENV A=3",
        "LABEL org.example/owner=us",
        "USER 65534",
        "EXPOSE 8000 53/udp",
        'ENTRYPOINT ["python", \\',
        '  "-u"]',
        'CMD ["app.py"]',
    )
    assert recipe.base == f"ghcr.io/o/base@{DIGEST}"
    assert recipe.files == {
        "srv/app.py": b"app",
        "srv/words.py": b"words",
        "srv/run.sh": b"run",
        "data/one.json": b"1",
        "data/deep/two.json": b"2",
    }
    assert recipe.env == {"A": "3", "B": "two words"}
    assert (recipe.user, recipe.workdir, recipe.ports) == ("65534", "/srv", ["8000/tcp", "53/udp"])
    assert (recipe.entrypoint, recipe.command) == (["python", "-u"], ["app.py"])
    assert recipe.labels == {"org.example/owner": "us"}


@pytest.mark.parametrize(
    ("line", "files"),
    [
        ("COPY app.py /bin/start", {"bin/start"}),
        ("COPY app.py /bin/", {"bin/app.py"}),
        ("COPY app.py .", {"srv/app.py"}),
        ("COPY . .", {f"srv/{name}" for name in FILES}),
        ("COPY data/*.json ./", {"srv/one.json"}),
    ],
)
def test_copies(line: str, files: set[str]) -> None:
    assert set(read("FROM scratch", "WORKDIR /srv", line).files) == files


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["FROM python:3.11-slim"], "Dockerfile:1: FROM python:3.11-slim can be another image tomorrow"),
        (["FROM python@sha256:12"], "can be another image tomorrow"),
        (["WORKDIR /x"], "the first instruction has to be FROM"),
        (["# nothing"], "has no FROM"),
        (["FROM scratch", "", "RUN pip install x"], "Dockerfile:3: RUN isn't followed here"),
        (["FROM scratch", "ADD http://x /x"], "ADD isn't followed"),
        (["FROM scratch", "FROM scratch"], "a second FROM"),
        (["FROM scratch", "COPY --from=build /x /x"], "without options"),
        (["FROM scratch", "COPY nothing.py ./"], "COPY nothing.py finds no file"),
        (["FROM scratch", "COPY app.py"], "needs a source and a target"),
        (["FROM scratch", "CMD [python]"], "write the words as JSON"),
        (["FROM scratch", "CMD [1]"], "have to be texts"),
        (["FROM scratch", "ENV A"], "write NAME=value"),
        (["FROM scratch", 'ENV A="open'], "No closing quotation"),
    ],
)
def test_what_depends_on_the_machine_is_refused_with_its_line(lines: list[str], said: str) -> None:
    with pytest.raises(ArtifactError) as caught:
        read(*lines)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_shell_command_is_run_by_the_image_s_shell() -> None:
    assert read("FROM scratch", "CMD python app.py").command == ["/bin/sh", "-c", "python app.py"]
