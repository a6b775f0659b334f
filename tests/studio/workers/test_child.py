import signal
import subprocess
import sys
from typing import Any

import pytest

from sfumato.studio.workers.orders import Orders


def begun(orders: Orders) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "sfumato.studio.workers"], stdin=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(orders.to_line())
    process.stdin.flush()
    return process


def test_orders_are_a_line() -> None:
    orders = Orders("train", "/a place", "postgresql+psycopg://me:secret@host/db", ("/root one", "/two"), 7)
    assert orders.to_line().count(b"\n") == 1
    assert Orders.read(orders.to_line()) == orders


@pytest.mark.parametrize("how", ["the pipe is closed", "SIGTERM"])
def test_an_idle_worker_ends_with_the_server(studio: Any, how: str) -> None:
    process = begun(Orders("files", str(studio.place.path)))
    assert process.stdin is not None
    if how == "SIGTERM":
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(2)
        process.send_signal(signal.SIGTERM)
    else:
        process.stdin.close()
    try:
        process.wait(30)
        assert process.stderr is not None
        assert (process.returncode, process.stderr.read()) in [(0, b""), (-signal.SIGTERM, b"")]
    finally:
        process.kill()
        process.wait()
        for pipe in filter(None, (process.stdin, process.stderr)):
            pipe.close()


def test_a_database_that_cannot_be_opened_is_said(tmp_path: Any) -> None:
    (tmp_path / "studio.sqlite3").write_text("no database, " * 1000)
    process = begun(Orders("files", str(tmp_path)))
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"studio.sqlite3" in said
    assert b"Traceback" not in said
