import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.collection.code_pages import code_page_of

WESTERN = [
    "Gemälde",
    "GEMÄLDE",
    "Müller/Größe",
    "Über Straße",
    "Château",
    "créée/Scène",
    "Élégance",
    "España/niño",
    "São João",
    "Coração",
    "Øl/Blåbær",
    "Ålesund",
]
OTHERS = [
    ("Картины", "cp866"),
    ("Картины", "cp1251"),
    ("Пейзажи и портреты", "cp866"),
    ("Пейзажи и портреты", "cp1251"),
    ("浮世絵の版画", "cp932"),
    ("カタカナ", "cp932"),
    ("えのぐ/日本画", "cp932"),
    ("油画/国画", "gbk"),
]


@pytest.mark.parametrize("from_unix", [False, True])
@pytest.mark.parametrize(
    ("text", "encoding"), [(text, page) for text in WESTERN for page in ("cp850", "cp1252")] + OTHERS
)
def test_names_are_read_as_they_were_meant(text, encoding, from_unix):
    names = [f"{part}/0.png".encode(encoding) for part in text.split("/") if not part.isascii()]
    found = code_page_of(names, from_unix=from_unix)
    assert [name.decode(found) for name in names] == [name.decode(encoding) for name in names]


def test_utf_8_is_certain():
    assert code_page_of(["Gema\u0308lde/1.png".encode(), "絵/2.png".encode()], from_unix=False) == "utf-8"


@given(st.lists(st.binary(min_size=1, max_size=20), max_size=4), st.booleans())
def test_every_name_can_be_read_in_what_is_chosen(names, from_unix):
    encoding = code_page_of(names, from_unix=from_unix)
    for name in names:
        name.decode(encoding)
