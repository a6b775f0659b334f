"""Cleveland's record of a work, as its API gives it."""

import pytest

from sfumato.collection.museums.cleveland import read

RECORD = {
    "id": 130707,
    "accession_number": "1953.424",
    "share_license_status": "CC0",
    "title": "Head of Saint John the Baptist",
    "creation_date": "c. 1550–1650",
    "culture": ["Spain or Northern Italy, mid 16th - mid 17th century"],
    "technique": "oil on canvas",
    "department": "European Painting and Sculpture",
    "type": "Painting",
    "url": "https://clevelandart.org/art/1953.424",
    "images": {
        "web": {"url": "https://openaccess-cdn.clevelandart.org/1953.424/1953.424_web.jpg", "width": "1263"},
        "print": {"url": "https://openaccess-cdn.clevelandart.org/1953.424/1953.424_print.jpg", "width": "3400"},
        "full": {"url": "https://openaccess-cdn.clevelandart.org/1953.424/1953.424_full.tif", "width": "6060"},
    },
    "creditline": "Mr. and Mrs. William H. Marlatt Fund",
    "creators": [],
}
MONET = {"description": "Claude Monet (French, 1840–1926)", "role": "artist", "qualifier": None}


def test_a_work_that_is_given_away():
    work = read({"data": RECORD}, "130707")
    assert (work.licence, work.rights, work.creator) == ("CC0-1.0", "CC0", "")
    assert work.image.endswith("/1953.424_web.jpg")
    assert (work.date, work.category) == ("c. 1550–1650", "Painting")
    assert work.credit == "The Cleveland Museum of Art, Mr. and Mrs. William H. Marlatt Fund"
    assert work.answers("saint john spain")


@pytest.mark.parametrize(
    ("changed", "field", "value"),
    [
        ({"share_license_status": "Copyrighted"}, "licence", ""),
        ({"share_license_status": "Copyrighted"}, "rights", "Copyrighted"),
        ({"share_license_status": "cc0"}, "licence", ""),
        ({"share_license_status": None}, "rights", "not stated"),
        ({"images": None}, "image", ""),
        ({"images": {"web": None, "print": RECORD["images"]["print"]}}, "image", RECORD["images"]["print"]["url"]),
        ({"creators": [MONET]}, "creator", "Claude Monet"),
        ({"creators": [{**MONET, "qualifier": "after"}]}, "creator", "after Claude Monet"),
        ({"creators": [{"description": "A. Printer", "role": "printer"}, MONET]}, "creator", "Claude Monet"),
        ({"creators": [{"description": "A. Printer", "role": "printer"}]}, "creator", "A. Printer"),
        ({"type": None}, "category", "European Painting and Sculpture"),
        ({"url": None}, "page", "https://www.clevelandart.org/art/1953.424"),
    ],
)
def test_what_is_missing_or_said_otherwise(changed, field, value):
    assert getattr(read({"data": {**RECORD, **changed}}, "1"), field) == value
