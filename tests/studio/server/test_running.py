"""One server alone works in a studio's directory, which is the program's own."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sfumato.errors import SfumatoError
from sfumato.marker import kind_of
from sfumato.studio.place import Place
from sfumato.studio.server.running import held, make, running_at


def test_a_directory_is_held_by_one_and_says_where_that_one_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path / "studio")
    assert running_at(place) is None
    with held(place) as holding:
        holding.answers_at("http://127.0.0.1:8411")
        with pytest.raises(SfumatoError, match="another sfumato is at work there"), held(place):
            pass
        assert running_at(place) == "http://127.0.0.1:8411"
        with monkeypatch.context() as patched:
            patched.setattr("socket.gethostname", lambda: "on-the-road")
            assert running_at(place) == "http://127.0.0.1:8411"
        assert stat.S_IMODE(place.path.stat().st_mode) == 0o700
    assert running_at(place) is None
    with held(place):
        pass


def test_a_server_that_was_killed_answers_nowhere(tmp_path: Path) -> None:
    place = Place(tmp_path / "studio")
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from sfumato.studio.place import Place\n"
        "from sfumato.studio.server.running import held\n"
        "with held(Place(Path(sys.argv[1]))) as holding:\n"
        "    holding.answers_at('http://127.0.0.1:8411')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(place.path)], check=False)
    note = place.path / "running.json"
    assert "8411" in note.read_text()
    assert running_at(place) is None
    # Nor does one that says nothing of its process, or names another's.
    for said in (
        '{"url": "http://127.0.0.1:8411", "pid": 1}',
        f'{{"url": "x", "pid": {os.getpid()}, "process": "a:1:"}}',
    ):
        note.write_text(said)
        assert running_at(place) is None
    with held(place):
        pass
    assert not note.exists()


def test_a_directory_of_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "studio.sqlite3").write_text("mine")
    with pytest.raises(SfumatoError, match="was not made by sfumato"), held(Place(tmp_path)):
        pass
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(SfumatoError, match="not empty"):
        make(Place(tmp_path / "mine"))
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["mine", "notes.txt", "studio.sqlite3"]


def test_a_directory_is_made_and_can_be_made_again_while_it_is_held(tmp_path: Path) -> None:
    place = Place(tmp_path / "studio")
    make(place)
    assert kind_of(place.path) == "studio"
    with held(place):
        make(place)
