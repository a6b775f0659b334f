import subprocess
import sys

import pytest

from sfumato.studio.workers import owners
from sfumato.studio.workers.owners import is_alive, name_of, own_name


def test_a_process_is_alive_until_it_has_ended() -> None:
    assert is_alive(own_name())
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    name = name_of(process.pid)
    assert is_alive(name)
    process.kill()
    process.stdin.close()  # type: ignore[union-attr]
    while process.poll() is None:
        pass
    assert not is_alive(name)


def test_another_process_with_the_same_number_is_not_taken_for_it() -> None:
    host, pid, started = own_name().split(":")
    assert not is_alive(f"{host}:{pid}:{int(started) - 1}")


def test_of_other_computers_nobody_can_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_alive("another.example:1:1")
    name = own_name()
    monkeypatch.setattr(owners.socket, "gethostname", lambda: "moved.example")
    assert is_alive(name)
