"""A classifier in an ONNX file scores the whole picture as its options say, and no option is guessed."""

import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pydantic import ValidationError

from sfumato.errors import SfumatoError
from sfumato.policy.onnx import onnx

pytest.importorskip("onnxruntime")

Write = Callable[..., Path]
COLOURS = ((1.0, 0, 0), (0, 1.0, 0), (0, 0, 1.0))  # the three classes are the means of the three colours
PLAIN: dict[str, Any] = {"mean": 0, "std": 1}
ORANGE = Image.new("RGB", (20, 12), (255, 102, 0))


@pytest.mark.parametrize("shape", [("N", 3, 8, 8), ("N", 8, 8, 3), (1, 3, 4, 8), ("N", 3, "H", "W")])
@pytest.mark.parametrize(("output", "score"), [(0, 1.0), (1, 0.4), (2, 0.0)])
def test_it_scores_the_class_that_is_named_whatever_the_input_is_like(
    onnx_file: Write, shape: tuple[Any, ...], output: int, score: float
) -> None:
    side = {"side": 8} if "H" in shape else {}
    loaded = onnx(file=str(onnx_file(COLOURS, shape)), output=output, **PLAIN, **side)
    assert loaded.scores([ORANGE, ORANGE]) == pytest.approx([score, score], abs=1e-6)


def test_a_model_whose_input_may_be_anything_is_told_its_layout(onnx_file: Write) -> None:
    file = str(onnx_file(COLOURS, ("N", "A", "B", "C")))
    with pytest.raises(SfumatoError, match="read in two ways; say layout"):
        onnx(file=file, side=8, output=0, **PLAIN)


def test_colours_come_in_the_order_and_range_that_it_takes(onnx_file: Write) -> None:
    file = str(onnx_file(COLOURS))
    caffe = onnx(file=file, colours="BGR", white=255, mean=[1, 2, 205], std=(100, 200, 100), output=2)
    assert caffe.scores([ORANGE]) == pytest.approx([0.5], abs=1e-6)  # red, the last there
    caffe = onnx(file=file, colours="BGR", white=255, mean=[-1, 2, 205], std=(100, 200, 100), output=0)
    assert caffe.scores([ORANGE]) == pytest.approx([0.01], abs=1e-6)


def test_whole_numbers_are_given_as_they_are(onnx_file: Write) -> None:
    file = str(onnx_file([[1 / 255], [0], [0]], kind=2))
    assert onnx(file=file).scores([ORANGE]) == pytest.approx([1.0], abs=1e-6)
    with pytest.raises(SfumatoError, match="leave them out"):
        onnx(file=file, **PLAIN)


def test_no_part_of_a_long_picture_is_left_unseen(onnx_file: Write) -> None:
    panorama = Image.new("RGB", (400, 20))
    panorama.paste((255, 0, 0), (0, 0, 100, 20))
    assert onnx(file=str(onnx_file(COLOURS)), output=0, **PLAIN).scores([panorama]) == pytest.approx([0.25], abs=0.01)


def test_numbers_become_probabilities_as_asked(onnx_file: Write) -> None:
    file = str(onnx_file(((4.0, 0), (0, 0), (0, 0))))
    sigmoid = onnx(file=file, output=0, apply="sigmoid", **PLAIN).scores([ORANGE])
    softmax = onnx(file=file, output=0, apply="softmax", **PLAIN).scores([ORANGE])
    assert sigmoid == softmax == pytest.approx([1 / (1 + math.exp(-4))], abs=1e-6)
    with pytest.raises(SfumatoError, match="its answer 4 is no probability; with apply"):
        onnx(file=file, output=0, **PLAIN).scores([ORANGE])


def test_what_the_model_applies_itself_is_taken_as_it_is(onnx_file: Write) -> None:
    file = str(onnx_file(((4.0, 0), (0, 0), (0, 0)), softmax=True, outputs=("first", "second")))
    loaded = onnx(file=file, output=1, answer="second", **PLAIN)
    assert loaded.scores([ORANGE]) == pytest.approx([1 / (1 + math.exp(4))], abs=1e-6)


@pytest.mark.parametrize(
    ("model", "options", "said"),
    [
        ({}, {}, "say the mean and std"),
        ({}, {"mean": 0.5}, "say the mean and std"),
        ({}, {"mean": 0, "std": [1, 0, 1]}, "must be more than 0"),
        ({}, {**PLAIN, "side": 16}, "its input has 8; leave the side out"),
        ({}, {**PLAIN, "layout": "NHWC"}, "correct the layout"),
        ({}, {**PLAIN, "answer": "other"}, "it has the outputs classes; say which"),
        ({"outputs": ("a", "b")}, PLAIN, "it has the outputs a, b; say which"),
        ({"inputs": ("picture", "other")}, PLAIN, "it has 2 inputs"),
        ({"shape": ("N", 3, "H", "W")}, PLAIN, "say at which it learned, such as side = 224"),
        ({"shape": ("N", 3, 4096, 8)}, PLAIN, "the most; give another model"),
        ({"shape": (4, 3, 8, 8)}, PLAIN, "takes 4 pictures at once"),
        ({"rows": [[1.0]], "shape": ("N", 1, 8, 8)}, PLAIN, "no pictures in three colours; give another model"),
        ({"shape": ("N", 3, 8)}, PLAIN, "of shape .*, 3, 8"),
        ({"kind": 7}, PLAIN, "is tensor.int64. of shape"),
    ],
)
def test_what_the_options_leave_open_is_an_error_before_any_picture(
    onnx_file: Write, model: dict[str, Any], options: dict[str, Any], said: str
) -> None:
    file = onnx_file(**{"rows": COLOURS, **model})
    with pytest.raises(SfumatoError, match=said) as caught:
        onnx(file=str(file), **options)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [(PLAIN, "it gives 3 numbers for a picture; say which"), ({**PLAIN, "output": 3}, "output = 3, and it gives 3")],
)
def test_a_class_that_is_not_named_or_not_there_is_an_error(
    onnx_file: Write, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(SfumatoError, match=said):
        onnx(file=str(onnx_file(COLOURS)), **options).scores([ORANGE])


def test_wrong_options_are_named() -> None:
    with pytest.raises(ValidationError, match="colors"):
        onnx(file="/a.onnx", colors="RGB")
    with pytest.raises(ValidationError, match="side"):
        onnx(file="/a.onnx", side=0)


def test_a_file_that_is_no_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match="no such file"):
        onnx(file=str(tmp_path / "lost.onnx"), **PLAIN)
    with pytest.raises(SfumatoError, match="write the file's path in full"):
        onnx(file="classifier.onnx", **PLAIN)
    for name, data in (("empty.onnx", b""), ("noise.onnx", bytes(range(256)))):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(SfumatoError, match="cannot be read as an ONNX model"):
            onnx(file=str(tmp_path / name), **PLAIN)


def test_where_onnxruntime_is_missing_it_says_how_to_install_it(
    onnx_file: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(SfumatoError, match=r"pip install 'sfumato\[filters\]'"):
        onnx(file=str(onnx_file(COLOURS)), **PLAIN)
