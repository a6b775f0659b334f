"""The Art Institute's record of a work, as its API gives it."""

import pytest

from sfumato.collection.museums.artic import read

RECORD = {
    "id": 14586,
    "title": "Poppy Field (Giverny)",
    "is_public_domain": True,
    "image_id": "3c27b499-af56-f0d5-93b5-a7f2f1ad5813",
    "thumbnail": {"width": 11085, "height": 7180},
    "artist_title": "Claude Monet",
    "artist_display": "Claude Monet (French, 1840–1926)",
    "date_display": "1890–91",
    "place_of_origin": "France",
    "artwork_type_title": "Painting",
    "department_title": "Painting and Sculpture of Europe",
    "credit_line": "Mr. and Mrs. W. W. Kimball Collection",
    "style_titles": ["Impressionism"],
    "term_titles": ["landscapes", "flowers"],
}


def answer(**changed: object) -> dict[str, object]:
    return {"data": {**RECORD, **changed}, "config": {"iiif_url": "https://www.artic.edu/iiif/2"}}


def test_a_work_in_the_public_domain():
    work = read(answer(), "14586")
    assert work.licence == "CC0-1.0"
    assert work.image == f"https://www.artic.edu/iiif/2/{RECORD['image_id']}/full/843,/0/default.jpg"
    assert (work.creator, work.date, work.category) == ("Claude Monet", "1890–91", "Painting")
    assert work.page == "https://www.artic.edu/artworks/14586"
    assert work.credit == "The Art Institute of Chicago, Mr. and Mrs. W. W. Kimball Collection"
    assert work.answers("impressionism flowers")


@pytest.mark.parametrize(
    ("changed", "field", "value"),
    [
        ({"is_public_domain": False}, "licence", ""),
        ({"is_public_domain": None}, "licence", ""),
        ({"image_id": None}, "image", ""),
        ({"artist_title": None}, "creator", ""),
        ({"artist_display": "Follower of Claude Monet (French, 1840)\nParis"}, "creator", "Follower of Claude Monet"),
        ({"artist_display": "Made by Ana (Dutch, 1) for Claude Monet"}, "creator", "Claude Monet"),
        ({"artist_display": None}, "creator", "Claude Monet"),
        ({"artwork_type_title": None}, "category", "Painting and Sculpture of Europe"),
    ],
)
def test_what_is_missing_or_said_otherwise(changed, field, value):
    assert getattr(read(answer(**changed), "1"), field) == value


def test_a_small_picture_is_not_asked_for_larger_than_it_is():
    assert "/full/640,/" in read(answer(thumbnail={"width": 640}), "1").image
    assert "/full/843,/" in read(answer(thumbnail=None), "1").image
