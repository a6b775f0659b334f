"""Works are read as they are, and whatever does not fit is one sentence."""

import os
from pathlib import Path

import pytest
import torch
from PIL import Image

from sfumato.collection.drawn import draw
from sfumato.errors import SfumatoError
from sfumato.evaluation.works import common_size, picture_files, read_folder
from sfumato.images.tensors import as_tensor
from sfumato.works import Recipe, Request, Work
from sfumato.works.recipe import Environment, ModelReference

WHITE = (255, 255, 255)


@pytest.fixture
def works(tmp_path: Path) -> Path:
    """Five pictures of 32, 45 x 32 and 64 pixels in two folders, one of them transparent, and files that are none."""
    for name, size in (
        ("flow/a.png", (32, 32)),
        ("flow/b.png", (45, 32)),
        ("glass/c.jpg", (64, 64)),
        ("d.png", (64, 64)),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        draw("flow", len(name), 64).resize(size).save(tmp_path / name)
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(tmp_path / "glass/e.png")
    (tmp_path / "notes.txt").write_text("none")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "x.png").write_bytes(b"x")
    return tmp_path


def test_pictures_are_found_below_the_folder_and_hidden_ones_are_not(works: Path) -> None:
    names = [path.relative_to(works).as_posix() for path in picture_files(works)]
    assert names == ["d.png", "flow/a.png", "flow/b.png", "glass/c.jpg", "glass/e.png"]


def test_they_are_read_at_the_common_size(works: Path) -> None:
    files = picture_files(works)
    assert common_size(files) == 32
    read = read_folder(works, files, 32, (255, 0, 0))
    assert read.images.shape == (5, 3, 32, 32) and read.facts["Works"] == "5 pictures of a folder"
    assert read.classes == [None, "flow", "flow", "glass", "glass"]
    with Image.open(works / "flow/a.png") as image:
        assert torch.equal(read.images[1], as_tensor(image, 32))  # pixel for pixel
    assert read.images[4].mean((1, 2)).tolist() == [1, -1, -1]  # what shows through


def test_a_works_class_is_that_of_its_recipe(tmp_path: Path) -> None:
    recipe = Recipe(
        model=ModelReference(name="m", digest="0" * 64),
        request=Request.of(label="glass", width=32, height=32),
        environment=Environment(sfumato_version="0", torch_version="0"),
    )
    Work(draw("glass", 0, 32), recipe).save(tmp_path / "flow" / "0000.png")
    assert read_folder(tmp_path, picture_files(tmp_path), 32, WHITE).classes == ["glass"]


def test_broken_files_are_counted(works: Path) -> None:
    (works / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 50)
    read = read_folder(works, picture_files(works), 32, WHITE)
    assert read.facts["Works"] == "5 pictures of a folder, 1 file left out"


def test_what_cannot_be_compared_is_said(works: Path, tmp_path: Path) -> None:
    files = picture_files(works)
    with pytest.raises(SfumatoError, match=r"a\.png: is 32 x 32 pixels, and 64 are compared"):
        read_folder(works, files, 64, WHITE)
    draw("flow", 0, 32).resize((31, 40)).save(works / "small.png")
    with pytest.raises(SfumatoError, match=r"small\.png: has a side of 31 pixels; an evaluation needs 32"):
        common_size(picture_files(works))
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(SfumatoError, match="holds neither a model nor pictures"):
        picture_files(empty)
    (empty / "broken.png").write_bytes(b"hello")
    with pytest.raises(SfumatoError, match="1 file, and none is a picture"):
        read_folder(empty, picture_files(empty), 32, WHITE)


def test_a_pipe_or_a_device_by_a_pictures_name_is_not_waited_for(tmp_path):
    Image.new("RGB", (32, 32)).save(tmp_path / "a.png")
    os.mkfifo(tmp_path / "b.png")
    (tmp_path / "c.png").symlink_to("/dev/zero")
    assert picture_files(tmp_path) == [tmp_path / "a.png"]
