"""What a directory's marker does not list is not written over, moved or removed, whatever ends the work."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfumato.directory import OwnDirectory
from sfumato.errors import SfumatoError
from sfumato.marker import MARKER, kind_of


@pytest.fixture
def works(tmp_path: Path) -> Iterator[OwnDirectory]:
    with OwnDirectory(tmp_path / "works", "works").at_work() as directory:
        yield directory


def files(path: Path) -> dict[str, str]:
    return {
        found.relative_to(path).as_posix(): found.read_text()
        for found in sorted(path.rglob("*"))
        if found.is_file() and found.name != MARKER
    }


def refusal(directory: OwnDirectory, *names: str, force: bool = False) -> str:
    with pytest.raises(SfumatoError) as caught:
        directory.check(names, force=force)
    return str(caught.value)


# ---- before any work


def test_nothing_and_an_empty_directory_are_free(tmp_path: Path) -> None:
    OwnDirectory(tmp_path / "new" / "run", "run").check(["model"])
    OwnDirectory(tmp_path, "run").check(["model"])
    assert not list(tmp_path.iterdir())


def test_a_directory_of_other_things_is_refused_unless_works_are_to_lie_beside_them(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("all my work")
    for kind in ("works", "run"):
        assert "is not empty" in refusal(OwnDirectory(tmp_path, kind))
    OwnDirectory(tmp_path, "works").check(["0000.png"], force=True)
    assert "(it holds thesis.txt)" in refusal(OwnDirectory(tmp_path, "run"), force=True)


def test_what_a_run_fetched_that_could_not_begin_is_in_nobodys_way(tmp_path: Path) -> None:
    with OwnDirectory(tmp_path / "run" / "collection" / "pictures", "pictures").at_work() as pictures:
        pictures.claim("1.jpg").write_text("fetched")
    OwnDirectory(tmp_path / "run", "run").check(["collection", "model"])
    (tmp_path / "run" / "collection" / "empty").mkdir()
    assert "(it holds collection)" in refusal(OwnDirectory(tmp_path / "run", "run"))
    (tmp_path / "run" / "collection" / "empty").rmdir()
    (tmp_path / "run" / "collection" / "mine.txt").write_text("mine")
    assert "was not made by sfumato" in refusal(OwnDirectory(tmp_path / "run", "run"), "collection")


@pytest.mark.parametrize("name", ["0000.png", "model", "model/config.json"])
def test_force_does_not_write_over_what_the_program_did_not_make(tmp_path: Path, name: str) -> None:
    directory = OwnDirectory(tmp_path / "works", "works")
    place = directory.path / (name if name != "model" else "model/of mine.txt")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("mine")
    assert "was not made by sfumato" in refusal(directory, name, force=True)
    with directory.at_work(), pytest.raises(SfumatoError, match="was not made by sfumato"):
        directory.claim(name)
    assert place.read_text() == "mine"


def test_a_directory_of_another_kind_is_named(tmp_path: Path) -> None:
    with OwnDirectory(tmp_path, "run").at_work() as run:
        run.claim("run.json").write_text("{}")
    assert "is a run of sfumato" in refusal(OwnDirectory(tmp_path, "works"))
    with pytest.raises(SfumatoError, match="is a run of sfumato"), OwnDirectory(tmp_path, "works").at_work():
        pass


def test_a_file_in_the_place_of_the_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    assert "is a file" in refusal(OwnDirectory(tmp_path / "file", "run"))
    assert "cannot be written" in refusal(OwnDirectory(tmp_path / "file" / "run", "run"))


@pytest.mark.parametrize("marker", ["", "\x00", "[]", '{"format": "another"}', '{"kind": "works"}', "x" * 5000])
def test_a_marker_that_is_none_makes_nothing_ours(tmp_path: Path, marker: str) -> None:
    (tmp_path / MARKER).write_text(marker)
    (tmp_path / "0000.png").write_text("mine")
    assert kind_of(tmp_path) is None
    assert "was not made by sfumato" in refusal(OwnDirectory(tmp_path, "works"), "0000.png", force=True)


# ---- at work


def test_what_was_claimed_is_listed_and_may_be_replaced_by_the_next_process(tmp_path: Path) -> None:
    directory = OwnDirectory(tmp_path / "works", "works")
    with directory.at_work():
        directory.claim("0000.png").write_text("first")
    again = OwnDirectory(tmp_path / "works", "works")
    assert again.own() == {"0000.png"}
    again.check(["0000.png"])
    with again.at_work():
        again.claim("0000.png").write_text("second")
    assert (directory.path / "0000.png").read_text() == "second"


def test_a_link_is_not_written_through(works: OwnDirectory, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "log").write_text("mine")
    works.claim("log").symlink_to(tmp_path / "mine" / "log")
    (works.path / "model").symlink_to(tmp_path / "mine")
    for name in ("log", "model/config.json", "model"):
        with pytest.raises(SfumatoError, match=r"link|not made by sfumato"):
            works.claim(name)


def test_something_else_in_the_place_of_a_file_of_ours_is_said_before_any_work(tmp_path: Path) -> None:
    with OwnDirectory(tmp_path / "run", "run").at_work() as run:
        run.claim("log.jsonl").mkdir()
        (run.path / "log.jsonl" / "photograph.jpg").write_text("mine")
    assert "is something else now" in refusal(OwnDirectory(run.path, "run"), force=True)
    with run.at_work(), pytest.raises(SfumatoError, match="is something else now"):
        run.claim("log.jsonl")
    assert files(run.path) == {"log.jsonl/photograph.jpg": "mine"}


def test_a_backup_of_hard_links_keeps_its_own_marker(tmp_path: Path) -> None:
    with OwnDirectory(tmp_path / "works", "works").at_work() as works:
        works.claim("0000.png").write_text("first")
    (tmp_path / "backup").mkdir()
    os.link(works.path / MARKER, tmp_path / "backup" / MARKER)
    before = (tmp_path / "backup" / MARKER).read_bytes()
    with works.at_work(), OwnDirectory(tmp_path / "backup", "works").at_work():
        works.claim("0001.png").touch()
    assert (tmp_path / "backup" / MARKER).read_bytes() == before
    assert OwnDirectory(works.path, "works").own() == {"0000.png", "0001.png"}


def test_the_marker_is_written_whole_or_not_at_all(works: OwnDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    write, room = os.write, 3

    def nearly_full(descriptor: int, data: bytes) -> int:
        nonlocal room
        if not room:
            raise OSError(28, "No space left on device")
        done, room = write(descriptor, data[:room]), 0
        return done

    works.claim("0000.png")
    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
        patch.setattr(os, "write", nearly_full)
        works.claim("0001.png")
    works.claim("0002.png")
    assert OwnDirectory(works.path, "works").own() == {"0000.png", "0002.png"}


def test_a_directory_without_a_file_of_its_own_goes_again(tmp_path: Path) -> None:
    with OwnDirectory(tmp_path / "a", "works").at_work():
        assert kind_of(tmp_path / "a") == "works"
    assert not (tmp_path / "a").exists()


def test_removing_takes_what_is_listed_and_leaves_the_rest(works: OwnDirectory) -> None:
    for name in ("0000.png", "a/b/0001.png", "a/0002.png"):
        works.claim(name)
        (works.path / name).parent.mkdir(parents=True, exist_ok=True)
        (works.path / name).write_text("ours")
    (works.path / "a" / "mine.png").write_text("mine")
    (works.path / "mine.png").write_text("mine")
    works.remove(["0000.png", "a/b/0001.png", "mine.png", "a/mine.png"])
    assert files(works.path) == {"a/0002.png": "ours", "a/mine.png": "mine", "mine.png": "mine"}
    assert not (works.path / "a" / "b").exists()
    works.clear()
    assert files(works.path) == {"a/mine.png": "mine", "mine.png": "mine"}
    assert works.own() == OwnDirectory(works.path, "works").own() == set()


def test_discarding_takes_directories_of_its_own_within_and_no_others(tmp_path: Path) -> None:
    run = OwnDirectory(tmp_path / "run", "run")
    with run.at_work():
        run.claim("run.json").write_text("{}")
        with OwnDirectory(run.path / "dataset", "dataset").at_work() as inner:
            inner.claim("dataset.json").write_text("{}")
        (run.path / "photos").mkdir()
        (run.path / "photos" / "a.jpg").write_text("mine")
        run.discard()
    assert files(tmp_path) == {"run/photos/a.jpg": "mine"}


@given(st.lists(st.text(min_size=1, max_size=12)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_a_marker_that_was_tampered_with_removes_nothing_outside(tmp_path: Path, names: list[str]) -> None:
    place = tmp_path / "outer" / "works"
    place.mkdir(parents=True, exist_ok=True)
    outside = tmp_path / "precious"
    outside.write_text("mine")
    lines = [{"format": "sfumato-directory-1", "kind": "works"}, "../../precious", str(outside), "a/../../../precious"]
    moves = {"stage": "../..", "moves": {"precious": "a"}}
    (place / MARKER).write_text("".join(json.dumps(line) + "\n" for line in (*lines, *names, moves, {"moves": 3})))
    with OwnDirectory(place, "works").at_work() as directory:
        directory.clear()
    assert outside.read_text() == "mine"


# ---- files that come all at once


def test_staged_files_take_their_places_and_other_things_stay(works: OwnDirectory) -> None:
    for content in ("first", "second"):
        with works.staged() as stage:
            (stage / "config").write_text(content)
            works.settle(stage, ["config"], into="model")
        (works.path / "model" / "mine.txt").write_text("mine")
    assert files(works.path) == {"model/config": "second", "model/mine.txt": "mine"}


def test_what_was_staged_and_did_not_settle_is_gone(works: OwnDirectory) -> None:
    with pytest.raises(KeyboardInterrupt), works.staged() as stage:
        (stage / "config").write_text("half")
        raise KeyboardInterrupt
    assert files(works.path) == {}


@pytest.mark.parametrize("moved", [0, 1, 2])
def test_a_process_that_dies_between_two_moves_has_them_made_by_the_next(tmp_path: Path, moved: int) -> None:
    program = f"""
import os
from pathlib import Path
from sfumato.directory import OwnDirectory
replace, left = Path.replace, {moved}
def dying(path, target):
    global left
    if left == 0:
        os._exit(9)
    left -= 1
    return replace(path, target)
with OwnDirectory({str(tmp_path / "run")!r}, "run").at_work() as run:
    for content in ("old", "new"):
        with run.staged() as stage:
            for name in ("weights", "config"):
                (stage / name).write_text(content)
            if content == "new":
                Path.replace = dying
            run.settle(stage, ["weights", "config"], into="model")
    os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", program]).returncode == 9
    with OwnDirectory(tmp_path / "run", "run").at_work() as run:
        assert files(run.path) == {"model/config": "new", "model/weights": "new"}
        assert [path.name for path in run.path.iterdir() if path.name != MARKER] == ["model"]


def test_what_a_killed_process_left_half_written_is_tidied_and_nothing_else(tmp_path: Path) -> None:
    with OwnDirectory(tmp_path / "run", "run").at_work() as run:
        run.claim("model/config").parent.mkdir()
        for folder in (run.path, run.path / "model"):
            (folder / f".{'ab' * 16}.tmp").write_text("half")
            (folder / ".photos.tmp").write_text("mine")
    with (run.path / MARKER).open("a") as marker:
        marker.write('"0000.p')  # the disk was full in the middle of a line
    with OwnDirectory(run.path, "run").at_work() as again:
        again.claim("0001.png")
    assert files(run.path) == {".photos.tmp": "mine", "model/.photos.tmp": "mine"}
    assert again.own() == {"model/config", "0001.png"}


# ---- two at once


def test_a_second_process_says_so_and_leaves_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    program = f"""
import sys
from sfumato.directory import OwnDirectory
with OwnDirectory({str(tmp_path / "works")!r}, "works").at_work() as works:
    works.claim("0000.png").touch()
    print("ready", flush=True)
    sys.stdin.read()
"""
    first = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert first.stdout is not None
    assert first.stdout.readline() == "ready\n"
    directory = OwnDirectory(tmp_path / "works", "works")
    with pytest.raises(SfumatoError, match="another sfumato is at work there"), directory.at_work():
        pass
    first.kill()
    first.communicate()
    with directory.at_work():
        directory.claim("0000.png")


def test_within_itself_work_goes_on_and_another_of_the_same_process_waits(works: OwnDirectory) -> None:
    with works.at_work():
        works.claim("a")
    works.claim("b")
    with pytest.raises(SfumatoError, match="at work there"), OwnDirectory(works.path, "works").at_work():
        pass
