"""An index is read as it was written, and nothing else is taken for one."""

import json

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from sfumato.errors import SfumatoError
from sfumato.likeness import Likeness
from sfumato.likeness.storing import MOST_BYTES

DIGEST = "ab" * 32
NO_CALIBRATION = {"threshold": 1, "families": 0, "alarms": 0, "rate": 1}


@pytest.fixture
def written(likeness, tmp_path):
    likeness.write(tmp_path / "index.safetensors", DIGEST)
    return tmp_path / "index.safetensors"


def test_it_finds_the_same_afterwards(likeness, written, learned):
    read = Likeness.read(written, DIGEST)
    assert read.judge(learned[:3]) == likeness.judge(learned[:3])
    assert (len(read), read.foreign) == (60, False)
    read.write(written.with_name("again"), DIGEST)
    assert written.with_name("again").read_bytes() == written.read_bytes()


def test_that_of_another_model_is_refused(written):
    with pytest.raises(SfumatoError, match="is the index of another model"):
        Likeness.read(written, "cd" * 32)
    assert len(Likeness.read(written)) == 60


def test_a_missing_one_and_a_file_of_weights_are_refused(tmp_path):
    with pytest.raises(SfumatoError, match="no such file"):
        Likeness.read(tmp_path / "nothing")
    save_file({"a": torch.zeros(1)}, tmp_path / "weights", {"format": "pt"})
    with pytest.raises(SfumatoError, match="is no index"):
        Likeness.read(tmp_path / "weights")


def changed(written, change, **metadata):
    tensors = load_file(written)
    change(tensors)
    said = {"format": 1, "model": DIGEST, "parts": 1, "foreign": False, **metadata}
    save_file(tensors, written, {"likeness": json.dumps(said)})
    with pytest.raises(SfumatoError, match=r"(is damaged|cannot be read as safetensors) .*; get the model again"):
        Likeness.read(written, DIGEST)


def names(**others):
    return torch.frombuffer(
        bytearray(json.dumps({"files": ["a"] * 60, "creators": [""] * 60, "calibration": {}} | others).encode()),
        dtype=torch.uint8,
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda tensors: tensors.pop("0.rows"),
        lambda tensors: tensors.update({"0.rows": torch.zeros(60, 0).char(), "0.directions": torch.zeros(896, 0)}),
        lambda tensors: tensors.update({"0.rows": tensors["0.rows"].float()}),
        lambda tensors: tensors.update({"0.groups": tensors["0.groups"][:5]}),
        lambda tensors: tensors.update({"0.digests": tensors["0.digests"][:, :5].contiguous()}),
        lambda tensors: tensors["0.mean"].fill_(torch.nan),
        lambda tensors: tensors.update({"0.directions": torch.zeros(3, 128)}),
        lambda tensors: tensors.update({"0.names": torch.zeros(4, dtype=torch.uint8)}),
        lambda tensors: tensors.update({"0.names": names(files=["a"])}),
        lambda tensors: tensors.update({"0.names": names(creators=[3] * 60)}),
        lambda tensors: tensors.update({"0.names": names()}),
        lambda tensors: tensors.update({"0.names": names(calibration={**NO_CALIBRATION, "threshold": 9})}),
    ],
)  # fmt: skip
def test_what_does_not_hang_together_is_refused(written, change):
    changed(written, change)


def test_one_that_no_memory_holds_is_refused_unread(written):
    with written.open("r+b") as file:
        file.truncate(MOST_BYTES + 1)  # with a hole, that takes no room
    with pytest.raises(SfumatoError, match=r"4,295 MB, and 4,295 at most belong there\); get the model again"):
        Likeness.read(written, DIGEST)


def test_an_older_index_is_read_and_its_names_can_be_written_anywhere(written):
    tensors = load_file(written)
    said = json.loads(tensors["0.names"].numpy().tobytes())
    del said["least_spread"]  # as older files are
    said["files"][0], said["creators"][0] = "\udce4.png", "\ud800 Berg"
    tensors["0.names"] = torch.frombuffer(bytearray(json.dumps(said).encode()), dtype=torch.uint8)
    save_file(tensors, written, {"likeness": json.dumps({"format": 1, "model": DIGEST, "parts": 1, "foreign": False})})
    (part,) = Likeness.read(written, DIGEST).parts
    assert (part.files[0], part.creators[0], part.least_spread) == ("ä.png", "\ufffd Berg", 0)


@pytest.mark.parametrize("parts", [2, -1, 10**9, "many", None])
def test_parts_that_are_not_there_are_refused(written, parts):
    changed(written, lambda tensors: None, parts=parts)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_damage_raises_anything_else(written, data):
    whole = written.read_bytes()
    place = written.with_name("damaged")
    end = data.draw(st.integers(0, 3000) | st.integers(0, len(whole)))
    head = bytearray(whole[:end])
    if head:
        head[data.draw(st.integers(0, min(len(head), 2000) - 1))] ^= data.draw(st.integers(1, 255))
    place.write_bytes(head + (b"" if data.draw(st.booleans()) else whole[end:]))
    try:
        Likeness.read(place)
    except SfumatoError as error:
        assert str(place) in str(error)
