"""sfumato studio starts, opens its page by a link that counts once, and ends within seconds."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from sfumato.cli.app import main
from sfumato.studio.place import Place
from sfumato.studio.server.tokens import Tokens

# Nobody does the jobs: the workers have tests of their own.
PROGRAM = (
    "import contextlib, sys, sfumato.studio.workers.supervisor as module\n"
    "module.Supervisor = lambda *_, **__: contextlib.nullcontext()\n"
    "from sfumato.cli.app import main\n"
    "sys.argv[0] = 'sfumato'\n"
    "main()\n"
)
Studio = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def studio() -> Iterator[Studio]:
    """studio("--port", 0, ...): the command, which is ended after the test."""
    begun = []

    def start(*words: object) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", PROGRAM, "studio", *map(str, words)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   env=os.environ | {"COLUMNS": "500"})  # fmt: skip
        begun.append(process)
        return process

    yield start
    for process in begun:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def link_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://127\.0\.0\.1:\d+/enter\?key=\S+", line)
    assert found is not None, line
    return found[0]


def test_the_page_is_opened_once_and_programs_come_in_while_it_runs(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("--port", 0, "--no-browser", "--data", tmp_path / "data")
    first = studio(*words)
    link = link_of(first)
    address = link.partition("/enter")[0]
    with httpx.Client(follow_redirects=True) as browser:
        assert browser.get(link).status_code == 200
        assert httpx.get(link).status_code == 401
        # A proxy is not asked: it would read the owner's token.
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        second = studio(*words)
        assert "running there already" in second.communicate()[0] and second.returncode == 0
        monkeypatch.delenv("http_proxy")
        third = studio("--new-token", "open-webui", "--data", tmp_path / "data")
        token = third.communicate()[0].strip()
        answer = httpx.get(f"{address}/api/jobs", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()) == (200, [])
        # Streams that are open keep nobody waiting.
        with browser.stream("GET", f"{address}/api/events") as events:
            assert events.status_code == 200
            began = time.monotonic()
            first.send_signal(signal.SIGTERM)
            assert first.wait(10) == 0
            assert time.monotonic() - began < 5
    last = studio(*words)
    assert link_of(last) != link
    last.send_signal(signal.SIGINT)
    assert last.wait(10) == 0


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[object, str]]:
    """said("--check", ...): the exit code and the words of a command that does not begin to serve."""

    def run(*words: object) -> tuple[object, str]:
        monkeypatch.setenv("COLUMNS", "500")
        monkeypatch.setattr(sys, "argv", ["sfumato", "studio", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        found = capsys.readouterr()
        return end.value.code, found.out + found.err

    return run


Said = Callable[..., tuple[object, str]]


def test_a_directory_that_holds_other_things_is_left_alone(said: Said, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    for words in ((), ("--check",), ("--new-token", "webui")):
        code, answer = said("--no-browser", "--data", tmp_path, *words)
        assert code == 2 and "mine.txt" in answer
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_what_is_exposed_is_said(said: Said, tmp_path: Path) -> None:
    code, answer = said("--check", "--data", tmp_path / "data")
    assert code == 0 and "Risk" not in answer
    for part in ("programs of this machine alone", "no program has one", "No folder of this machine", str(tmp_path)):
        assert part in answer
    assert Tokens.open(Place(tmp_path / "data")).owner not in answer
    code, answer = said("--check", "--data", tmp_path / "data", "--host", "0.0.0.0", "--allow-host", "studio.example",
                        "--root", Path.home(), "--database", "postgresql+psycopg://me:secret@db/studio")  # fmt: skip
    assert code == 1 and answer.count("Risk: ") == 2
    assert "studio.example" in answer and "without HTTPS" in answer and "secret" not in answer


@pytest.mark.parametrize(
    ("words", "expected"),
    [(("--host", "0.0.0.0"), "--allow-host"), (("--root", "none"), "no such folder"), (("--port", "70000"), "--port"),
     (("--database", "mysql://x/y"), "postgresql"), (("--new-token", "A B"), "--new-token"),
     (("--model-alias", "gpt-image-1"), "NAME=MODEL")],
)  # fmt: skip
def test_a_mistake_is_one_sentence(said: Said, tmp_path: Path, words: tuple[str, ...], expected: str) -> None:
    code, answer = said("--no-browser", "--data", tmp_path / "data", *words)
    assert code == 2 and expected in answer and answer.count("\n") == 1, answer


def test_another_who_has_the_port_is_said(said: Said, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, answer = said("--no-browser", "--data", tmp_path / "data", "--port", port)
    assert code == 2 and f"port {port}" in answer and "--port 0" in answer
