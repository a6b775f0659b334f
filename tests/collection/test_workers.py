import subprocess
import sys
import textwrap
import time

import pytest
from PIL import Image

from sfumato.collection import Limits, workers
from sfumato.collection.workers import Workers
from sfumato.images import unusable

WHITE = (255, 255, 255)


@pytest.fixture(autouse=True)
def _as_the_program_starts_them(monkeypatch):
    monkeypatch.setattr(workers, "subprocess", subprocess)


@pytest.fixture
def folder(tmp_path, paint):
    for index in range(20):
        paint(index, (32, 32)).save(tmp_path / f"{index:02}.png")
    return tmp_path


@pytest.fixture
def with_giant(folder):
    """In the middle of 20 small pictures one that takes a while and a gigabyte to decode."""
    big = Image.new("P", (9000, 9000))
    big.putpalette([10, 20, 30, 200, 100, 50])
    big.save(folder / "09-big.png", bits=1, transparency=0, compress_level=1)
    return folder


def answers(pool: Workers, folder) -> dict:
    with pool:
        requests = [{"file": path.name} for path in sorted(folder.iterdir())]
        return {answer.request["file"]: answer for answer in pool.answers(requests)}


def left_out(found: dict) -> dict:
    return {file: answer.left_out[0] for file, answer in found.items() if answer.left_out}


@pytest.mark.parametrize("count", [1, 3])
def test_every_request_is_answered_once(folder, count):
    found = answers(Workers(folder, WHITE, count), folder)
    assert len(found) == 20
    assert left_out(found) == {}


def test_a_decoder_that_dies_takes_one_picture_along(with_giant, monkeypatch):
    started, real_receive = [], workers.receive

    class Remembered(subprocess.Popen):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            started.append(self)

    received = []

    def receive(stream):
        # 'ready' and nine answers have come, so the process is decoding the tenth file, which takes it a while.
        if len(received) == 10:
            started[-1].kill()
        received.append(None)
        return real_receive(stream)

    monkeypatch.setattr(workers.subprocess, "Popen", Remembered)
    monkeypatch.setattr(workers, "receive", receive)
    found = answers(Workers(with_giant, WHITE, 1), with_giant)
    dead = left_out(found)
    assert len(found) == 21
    assert len(started) == 2
    assert list(dead.values()) == [unusable.DIED]
    assert "signal 9" in found[next(iter(dead))].left_out[1] or sys.platform == "win32"


def test_a_decoder_that_hangs_is_ended_and_takes_one_picture_along(with_giant):
    found = answers(Workers(with_giant, WHITE, 1, Limits(seconds=0.4)), with_giant)
    assert len(found) == 21
    assert left_out(found).get("09-big.png") == unusable.TOO_SLOW
    assert found["09-big.png"].left_out[1] == "decoding it took longer than 0.4 s"


@pytest.mark.skipif(sys.platform != "linux", reason="only there a process can be given so much memory and no more")
def test_a_picture_that_needs_too_much_memory_is_left_out(with_giant):
    found = answers(Workers(with_giant, WHITE, 1, Limits(memory_bytes=800 * 1024**2)), with_giant)
    assert left_out(found) == {"09-big.png": unusable.NO_MEMORY}


def test_closing_ends_the_processes_at_once(folder):
    pool = Workers(folder, WHITE, 2)
    with pool:
        next(pool.answers([{"file": path.name} for path in sorted(folder.iterdir())] * 20))
        processes = [feeder.process for feeder in pool._feeders]
        started = time.monotonic()
    assert time.monotonic() - started < 20
    assert all(process is None or process.poll() is not None for process in processes)


def test_a_file_that_goes_meanwhile_is_unreadable(folder):
    pool = Workers(folder, WHITE, 1)
    with pool:
        (answer,) = pool.answers([{"file": "gone.png"}])
    assert answer.left_out[0] == unusable.UNREADABLE


def test_a_process_that_does_not_start_says_why(folder, monkeypatch):
    monkeypatch.setattr(workers, "_START", "raise SystemExit('no numpy here')")
    pool = Workers(folder, WHITE, 1)
    with pool, pytest.raises(RuntimeError, match="no numpy here"):
        list(pool.answers([{"file": "00.png"}]))


def test_the_worker_starts_without_torch():
    command = "import sys, sfumato.collection.worker; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", command], check=False).returncode == 0


def test_a_script_without_a_guard_can_collect(art, tmp_path):
    # multiprocessing would run such a script again in every worker.
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(f"""
        from sfumato.collection import collect
        events = list(collect({str(art)!r}, {str(tmp_path / "c")!r}, workers=2))
        print(events[-1].summary.pictures)
        """)
    )
    # Modules in the folder where the user is must not be taken for the worker's own.
    (tmp_path / "PIL.py").write_text("raise SystemExit('the wrong PIL')")
    script = script.rename(tmp_path / "art" / "script.py")
    result = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.stdout.strip() == "6", result.stderr
