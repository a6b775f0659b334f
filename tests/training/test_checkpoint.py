import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from sfumato.errors import SfumatoError
from sfumato.training import checkpoint as module
from sfumato.training.checkpoint import Checkpoint, load_checkpoint, point_at, save_checkpoint


def made(step: int) -> Checkpoint:
    generator = torch.Generator().manual_seed(step)
    weights = {"a": torch.randn(3, 4, generator=generator), "b": torch.randn(2, 3, 2, 2, generator=generator)}
    weights["b"] = weights["b"].to(memory_format=torch.channels_last)
    return Checkpoint(step, {"weights": weights, "early": {}}, {"rate_factor": 0.1 + step, "noted": "é"})


def assert_is(loaded: Checkpoint | None, step: int) -> None:
    wanted = made(step)
    assert loaded is not None
    assert (loaded.step, loaded.state) == (step, wanted.state)
    assert loaded.tensors.keys() == wanted.tensors.keys()
    assert all(
        torch.equal(tensor, loaded.tensors["weights"][name]) for name, tensor in wanted.tensors["weights"].items()
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_saved_comes_back_to_the_bit(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path / "new") is None
    save_checkpoint(tmp_path / "new", made(5))
    assert_is(load_checkpoint(tmp_path / "new"), 5)


def test_the_latest_and_the_one_before_are_kept(tmp_path: Path) -> None:
    for step in (1, 2, 3, 4):
        save_checkpoint(tmp_path, made(step))
    assert names(tmp_path) == ["00000003", "00000004", "latest"]


def test_a_checkpoint_of_another_time_line_is_removed(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, made(10))
    shutil.copytree(tmp_path / "00000010", tmp_path / "00000030")  # killed before it was named the latest
    save_checkpoint(tmp_path, made(20))
    assert names(tmp_path) == ["00000010", "00000020", "latest"]


def test_the_same_step_again_leaves_the_latest_alone_until_the_new_one_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_checkpoint(tmp_path, made(3))

    def killed(pointer: Path, text: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(module, "point_at", killed)
        save_checkpoint(tmp_path, made(3))
    assert_is(load_checkpoint(tmp_path), 3)
    for _ in range(3):
        save_checkpoint(tmp_path, made(3))
        assert_is(load_checkpoint(tmp_path), 3)
    assert names(tmp_path) == ["00000003", "00000003-again", "latest"]
    save_checkpoint(tmp_path, made(4))
    save_checkpoint(tmp_path, made(5))
    assert names(tmp_path) == ["00000004", "00000005", "latest"]


class FullDisk:
    """Lets so many operations pass and fails at the next."""

    def __init__(self, passes: int, number: int = errno.ENOSPC) -> None:
        self.left, self.number = passes, number

    def around(self, function: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            if self.left == 0:
                raise OSError(self.number, os.strerror(self.number))
            self.left -= 1
            return function(*arguments, **options)

        return call


def failing(patch: pytest.MonkeyPatch, disk: FullDisk) -> None:
    patch.setattr(os, "fsync", disk.around(os.fsync))
    patch.setattr(Path, "mkdir", disk.around(Path.mkdir))
    patch.setattr(Path, "rename", disk.around(Path.rename))
    patch.setattr(Path, "replace", disk.around(Path.replace))


def test_a_full_disk_at_any_write_loses_nothing_and_names_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_checkpoint(tmp_path, made(1))
    failures = 0
    while True:
        try:
            with monkeypatch.context() as patch:
                failing(patch, FullDisk(failures))
                save_checkpoint(tmp_path, made(2))
            break
        except SfumatoError as error:
            failures += 1
            assert "the disk is full" in str(error)
            assert "make room and go on with --resume" in str(error)
            assert "the one before it is whole" in str(error)
        loaded = load_checkpoint(tmp_path)
        assert loaded is not None
        assert_is(loaded, loaded.step)
        assert not list(tmp_path.glob(".*"))
    assert failures >= 7  # directory, parts, digests, pointer
    assert_is(load_checkpoint(tmp_path), 2)


def test_a_first_checkpoint_that_fails_leaves_a_run_that_can_begin_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(SfumatoError, match="Read-only") as caught:
        failing(patch, FullDisk(3, errno.EROFS))
        save_checkpoint(tmp_path, made(1))
    assert "before" not in str(caught.value)
    assert load_checkpoint(tmp_path) is None
    save_checkpoint(tmp_path, made(1))
    assert_is(load_checkpoint(tmp_path), 1)


@pytest.mark.parametrize("part", ["weights.safetensors", "early.safetensors", "state.json", "digests.json"])
def test_a_missing_part_is_named_with_the_way_back(tmp_path: Path, part: str) -> None:
    save_checkpoint(tmp_path, made(1))
    save_checkpoint(tmp_path, made(2))
    (tmp_path / "00000002" / part).unlink()
    with pytest.raises(SfumatoError, match=f"00000002/{part}: is missing.*write '00000001' into .*latest"):
        load_checkpoint(tmp_path)
    point_at(tmp_path / "latest", "00000001")
    assert_is(load_checkpoint(tmp_path), 1)


@pytest.mark.parametrize("part", ["weights.safetensors", "state.json"])
def test_a_part_that_changed_is_named(tmp_path: Path, part: str) -> None:
    path = save_checkpoint(tmp_path, made(1)) / part
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(data)
    with pytest.raises(SfumatoError, match=f"{part}: has changed.*there is no older one; begin a new run"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("text", ["{}", "[1]", '"x"', "{", "null", json.dumps({"weights.safetensors": "0"})])
def test_a_list_of_digests_that_is_none_is_an_error_for_people(tmp_path: Path, text: str) -> None:
    (save_checkpoint(tmp_path, made(1)) / "digests.json").write_text(text)
    with pytest.raises(SfumatoError, match="this checkpoint cannot be used"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("pointer", [b"00000009", b"", b"\xff\xfe"])
def test_a_pointer_to_nothing_is_an_error_for_people(tmp_path: Path, pointer: bytes) -> None:
    save_checkpoint(tmp_path, made(1))
    (tmp_path / "latest").write_bytes(pointer)
    with pytest.raises(SfumatoError, match="write '00000001' into"):
        load_checkpoint(tmp_path)
