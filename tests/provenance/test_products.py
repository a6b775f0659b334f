"""Directories that the program made are known by what it put there, and other programs' by nothing of it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.collection import storing
from sfumato.dataset import dataset
from sfumato.marker import KINDS, MARKER
from sfumato.provenance import products
from sfumato.provenance.products import SIGNS, Product, product_of
from sfumato.training import run

Files = dict[str, bytes]


def product(files: Files) -> Product | None:
    return product_of(files.__contains__, lambda name, limit: files[name][:limit])


def marker(kind: str, *names: str) -> bytes:
    lines = [{"format": "sfumato-directory-1", "kind": kind}, *names]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


RUN = b'{\n  "format": "sfumato-run-1",\n  "settings": {}\n}\n'
COLLECTION = {"collection.json": b'{\n  "format": 1,\n  "source": "/art"', "pictures.jsonl": b"", "rejected.jsonl": b""}
DATASET = {"dataset.json": b'{"format": 1, "settings": {}}', "index.npz": b"", "pixels.bin": b""}


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({"run.json": RUN}, "run"),
        ({"run.json": RUN.replace(b"-1", b"-2")}, "run"),
        (COLLECTION, "collection"),
        (DATASET, "dataset"),
        ({"config.json": b'{"format": "sfumato-model-1", "name": "a"}', "model.safetensors": b""}, "model"),
        *(({MARKER: marker(kind)}, kind) for kind in ("works", "run", "evaluation", "pictures", "drawn", "demo")),
        ({MARKER: marker("works"), "run.json": RUN}, "works"),
    ],
)
def test_a_directory_of_ours_is_known(files: Files, kind: str) -> None:
    found = product(files)
    assert found is not None
    assert found.kind == kind
    assert found.holds_art == (kind in ("pictures", "drawn", "demo"))
    assert all(found.owns(name) for name in files if name in SIGNS - {MARKER, "run.json"})


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"run.json": b'{"format": "other"}'},
        {"run.json": b"no json at all"},
        {"config.json": b'{"architectures": ["BertModel"], "model_type": "bert"}'},
        {"dataset.json": b'{"labels": [["0.png", 0], ["1.png", 1]]}'},
        {"dataset.json": b'{"format": 1, "labels": null}'},
        {"collection.json": b'{"format": 1, "name": "a museum"}'},
        {"collection.json": b'{"museum": 1}', "pictures.jsonl": b"", "rejected.jsonl": b""},
        {MARKER: b""},
        {MARKER: b"\n"},
        {MARKER: b'{"format": "another-1", "kind": "run"}\n'},
        {MARKER: b"[" * 100_000},
        {MARKER: b"\xff\xfe\n"},
    ],
)
def test_what_others_put_there_says_nothing(files: Files) -> None:
    assert product(files) is None


def test_a_marker_says_what_is_ours_and_a_half_written_line_does_no_harm() -> None:
    found = product({MARKER: marker("works", "0000.png", "sub/0001.png") + b'{"moves": {}}\n"0002.p'})
    assert found is not None
    assert [found.owns(name) for name in ("0000.png", "sub/0001.png", "mine.png", "sub/mine.png", "0002.p")] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_without_a_marker_the_names_that_the_program_gives_are_ours() -> None:
    found = product({"run.json": RUN})
    assert found is not None
    assert found.owns("snapshots/00000001.png")
    assert not found.owns("art/snapshots/mine.png")
    assert not found.owns("mine.png")


def test_a_kind_of_a_later_version_has_a_noun_too() -> None:
    found = product({MARKER: marker("atlas")})
    assert found is not None
    assert (found.noun, found.holds_art) == ("a directory of sfumato", False)
    assert all(Product(kind, frozenset()).noun.endswith(" of sfumato") for kind in KINDS)


def test_what_cannot_be_read_is_not_ours() -> None:
    def read(name: str, limit: int) -> bytes:
        raise PermissionError

    assert product_of(lambda name: True, read) is None


@given(st.binary(max_size=300))
def test_no_bytes_raise(data: bytes) -> None:
    for name in SIGNS:
        product({name: data})
    product({MARKER: marker("run") + data})


def test_what_a_directory_without_a_marker_may_hold_is_what_the_program_puts_there() -> None:
    assert PARTS["run"] == set(run._PARTS)
    assert PARTS["collection"] == set(storing.PARTS)
    assert PARTS["dataset"] == {dataset.DESCRIPTION, dataset.INDEX, dataset.PIXELS}
    assert PARTS["model"] == {*run.MODEL_FILES}


PARTS = {kind: set(description.names) for kind, description in products._DESCRIPTIONS.items()}
