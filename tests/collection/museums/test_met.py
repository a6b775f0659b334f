"""The Met's record of a work, as its API gives it."""

import pytest

from sfumato.collection.museums.met import read

RECORD = {
    "objectID": 436524,
    "isPublicDomain": True,
    "primaryImage": "https://images.metmuseum.org/CRDImages/ep/original/DP229743.jpg",
    "primaryImageSmall": "https://images.metmuseum.org/CRDImages/ep/web-large/DP229743.jpg",
    "constituents": [{"constituentID": 161947, "role": "Artist", "name": "Vincent van Gogh"}],
    "department": "European Paintings",
    "objectName": "Painting",
    "title": "Sunflowers",
    "culture": "",
    "artistPrefix": "",
    "artistDisplayName": "Vincent van Gogh",
    "artistSuffix": "",
    "objectDate": "1887",
    "medium": "Oil on canvas",
    "creditLine": "Rogers Fund, 1949",
    "classification": "Paintings",
    "objectURL": "https://www.metmuseum.org/art/collection/search/436524",
    "tags": [{"term": "Sunflowers", "AAT_URL": "http://vocab.getty.edu/page/aat/300132399"}],
}


def test_a_work_in_the_public_domain():
    work = read(RECORD, "436524")
    assert (work.licence, work.rights) == ("CC0-1.0", "in the public domain")
    assert work.image == RECORD["primaryImageSmall"]
    assert (work.creator, work.title, work.date) == ("Vincent van Gogh", "Sunflowers", "1887")
    assert work.page == "https://www.metmuseum.org/art/collection/search/436524"
    assert work.credit == "The Metropolitan Museum of Art, Rogers Fund, 1949"
    assert work.category == "Paintings"
    assert work.answers("van gogh sunflowers oil")


@pytest.mark.parametrize("stated", [False, None, "true", 1, "True"])
def test_nothing_but_true_opens_a_work(stated):
    assert read({**RECORD, "isPublicDomain": stated}, "1").licence == ""


@pytest.mark.parametrize(
    ("changed", "field", "value"),
    [
        ({"primaryImage": ""}, "image", ""),
        ({"primaryImageSmall": ""}, "image", RECORD["primaryImage"]),
        ({"artistPrefix": "Workshop of"}, "creator", "Workshop of Vincent van Gogh"),
        ({"artistPrefix": "Attributed to", "artistDisplayName": ""}, "creator", ""),
        ({"classification": "Ceramics-Pottery"}, "category", "Ceramics"),
        ({"classification": "Prints|Ephemera"}, "category", "Prints"),
        ({"classification": ""}, "category", "European Paintings"),
        ({"title": ""}, "title", "Painting"),
        ({"objectURL": ""}, "page", "https://www.metmuseum.org/art/collection/search/1"),
    ],
)
def test_what_is_missing_or_said_otherwise(changed, field, value):
    assert getattr(read({**RECORD, **changed}, "1"), field) == value
