"""Plug-ins that only the tests know, and the smallest classifiers in ONNX files."""

import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from sfumato.policy import filters

Install = Callable[..., Path]
Size = int | str


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    """Filters of one test are not there in the next."""
    filters._loaded.cache_clear()
    yield
    filters._loaded.cache_clear()


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put a package in Python's way as pip would: its plug-ins by name, and its modules' text by theirs."""

    def installed(package: str, plug_ins: dict[str, str], **modules: str) -> Path:
        place = tmp_path / "installed" / package
        described = place / f"{package}-1.0.dist-info"
        described.mkdir(parents=True)
        (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        lines = [f"{name} = {value}" for name, value in plug_ins.items()]
        (described / "entry_points.txt").write_text("\n".join(["[sfumato.filters]", *lines, ""]))
        for name, text in modules.items():
            (place / f"{name}.py").write_text(text)
        monkeypatch.syspath_prepend(place)
        return place

    return installed


@pytest.fixture
def onnx_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a model (see `onnx_model`)."""

    def written(*arguments: Any, **settings: Any) -> Path:
        path = tmp_path / "classifier.onnx"
        path.write_bytes(onnx_model(*arguments, **settings))
        return path

    return written


def onnx_model(
    rows: Sequence[Sequence[float]],
    shape: Sequence[Size] = ("N", 3, 8, 8),
    *,
    kind: int = 1,
    softmax: bool = False,
    inputs: Sequence[str] = ("picture",),
    outputs: Sequence[str] = ("classes",),
) -> bytes:
    """A model that multiplies the means of a picture's three colours by rows [3, K], in ONNX's own bytes.

    shape: with the colours at its second or last place; kind: ONNX's number of the input's type, 1 float, 2 uint8.
    """
    nodes, last = [_node("Cast", ["picture"], "float", _attribute("to", 1))], "float"
    if shape[-1] == 3:
        nodes.append(_node("Transpose", [last], "ordered", _attribute("perm", 0, 3, 1, 2)))
        last = "ordered"
    nodes += [_node("GlobalAveragePool", [last], "pooled"), _node("Flatten", ["pooled"], "means")]
    nodes.append(_node("MatMul", ["means", "rows"], "numbers" if softmax else outputs[0]))
    if softmax:
        nodes.append(_node("Softmax", ["numbers"], outputs[0]))
    nodes += [_node("Identity", [outputs[0]], name) for name in outputs[1:]]
    numbers = [number for row in rows for number in row]
    graph = [_part(1, node) for node in nodes]
    graph += [_part(2, b"graph"), _part(5, _tensor("rows", (len(rows), len(rows[0])), numbers))]
    graph += [_part(11, _value(name, kind, shape)) for name in inputs]
    graph += [_part(12, _value(name, 1, ("N", len(rows[0])))) for name in outputs]
    return _part(1, 8) + _part(7, b"".join(graph)) + _part(8, _part(1, b"") + _part(2, 13))


def _part(number: int, value: int | bytes) -> bytes:
    """A field of a protocol buffer: a number, or bytes with their length."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*data, value])


def _node(operator: str, inputs: Sequence[str], output: str, attribute: bytes = b"") -> bytes:
    data = b"".join(_part(1, name.encode()) for name in inputs) + _part(2, output.encode())
    return data + _part(4, operator.encode()) + (_part(5, attribute) if attribute else b"")


def _attribute(name: str, *numbers: int) -> bytes:
    """One number, or several."""
    said = _part(3, numbers[0]) if len(numbers) == 1 else b"".join(_part(8, number) for number in numbers)
    return _part(1, name.encode()) + said + _part(20, 2 if len(numbers) == 1 else 7)


def _tensor(name: str, shape: Sequence[int], numbers: Sequence[float]) -> bytes:
    data = b"".join(_part(1, size) for size in shape) + _part(2, 1) + _part(8, name.encode())
    return data + _part(9, struct.pack(f"<{len(numbers)}f", *numbers))


def _value(name: str, kind: int, shape: Sequence[Size]) -> bytes:
    sizes = (_part(1, size) if isinstance(size, int) else _part(2, size.encode()) for size in shape)
    dimensions = b"".join(_part(1, size) for size in sizes)
    return _part(1, name.encode()) + _part(2, _part(1, _part(1, kind) + _part(2, dimensions)))
