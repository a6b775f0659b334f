import struct

from hypothesis import given
from hypothesis import strategies as st

from sfumato.provenance.iptc import iptc_said
from sfumato.provenance.statements import FAULT, IPTC, LICENCE, Statement


def data_set(number: int, value: bytes, record: int = 2) -> bytes:
    return struct.pack(">BBBH", 0x1C, record, number, len(value)) + value


def test_by_line_title_date_source_and_copyright_are_read_in_any_encoding() -> None:
    block = b"".join(
        [
            data_set(90, b"\x1b%G", record=1),
            data_set(80, "Béa".encode()),
            data_set(80, b"Ben"),
            data_set(5, "Meér".encode("cp1252")),
            data_set(55, b"18880501"),
            data_set(115, b"the attic"),
            data_set(116, b"\xa9 Ana"),
            data_set(25, b"noai"),
        ]
    )
    statements, words = iptc_said(block)
    assert {statement.about: statement.text for statement in statements} == {
        "creator": "Béa, Ben", "title": "Meér", "year": "18880501", "source": "the attic", "licence": "© Ana",
    }  # fmt: skip
    assert "noai" in words


def test_a_long_value_has_the_length_of_its_length() -> None:
    value = b"x" * 40_000
    block = struct.pack(">BBBH", 0x1C, 2, 116, 0x8004) + struct.pack(">I", len(value)) + value
    assert iptc_said(block)[0][0].text == "x" * 2000


def test_a_block_that_ends_early_is_broken_and_padding_ends_it() -> None:
    assert iptc_said(data_set(80, b"Ana")[:-1]) == ([Statement(FAULT, "its IPTC is broken", IPTC)], [])
    assert iptc_said(data_set(116, b"Ana") + b"\x00")[0] == [Statement(LICENCE, "Ana", IPTC)]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_broken(data: bytes) -> None:
    iptc_said(data)
    iptc_said(data_set(80, b"Ana") + data)
