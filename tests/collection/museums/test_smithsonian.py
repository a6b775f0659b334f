"""The Smithsonian's record of a work, as its API gives it; and its key, which nobody is shown."""

import copy

import pytest

from sfumato.collection.museums.smithsonian import KEY, Smithsonian, read
from sfumato.errors import SfumatoError

ADDRESS = "https://ids.si.edu/ids/deliveryService?id=SAAM-1956.11.37_1"
RECORD = {
    "status": 200,
    "response": {
        "id": "edanmdm-saam_1956.11.37",
        "title": "Small Landscape",
        "content": {
            "descriptiveNonRepeating": {
                "title": {"label": "Title", "content": "Small Landscape"},
                "guid": "http://n2t.net/ark:/65665/vk796c355a9",
                "data_source": "Smithsonian American Art Museum",
                "record_link": "https://americanart.si.edu/collections/search/artwork/?id=18097",
                "metadata_usage": {"access": "CC0"},
                "online_media": {
                    "mediaCount": 2,
                    "media": [
                        {"type": "3d_voyager", "usage": {"access": "CC0"}, "content": "https://3d-api.si.edu/x"},
                        {"type": "Images", "usage": {"access": "CC0"}, "content": ADDRESS},
                    ],
                },
            },
            "freetext": {
                "name": [
                    {"label": "Sitter", "content": "Ana Bo"},
                    {"label": "Artist", "content": "J. Francis Murphy, born 1853"},
                ],
                "date": [{"label": "Date", "content": "ca. 1880-1890"}],
                "creditLine": [
                    {"label": "Credit Line", "content": "Smithsonian American Art Museum, Gift of John Gellatly"}
                ],
            },
            "indexedStructured": {"object_type": ["Paintings"], "topic": ["Landscapes", "Trees"]},
        },
    },
}


def changed(*path: str | int, value: object) -> dict[str, object]:
    record = copy.deepcopy(RECORD)
    inner = record["response"]["content"]
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return record


TOLD = "descriptiveNonRepeating"
MEDIA = (TOLD, "online_media", "media")


def test_a_work_that_is_given_away():
    work = read(RECORD, "edanmdm:saam_1956.11.37")
    assert (work.licence, work.image) == ("CC0-1.0", f"{ADDRESS}&max=1200")
    assert (work.creator, work.title, work.date) == ("J. Francis Murphy", "Small Landscape", "ca. 1880-1890")
    assert work.credit == "Smithsonian American Art Museum, Gift of John Gellatly"
    assert (work.category, work.page[:30]) == ("Paintings", "https://americanart.si.edu/col")
    assert work.answers("trees murphy")


@pytest.mark.parametrize(
    ("record", "rights"),
    [
        (changed(TOLD, "metadata_usage", "access", value="Not determined"), "Not determined"),
        (changed(TOLD, "metadata_usage", value=None), "not stated"),
        (changed(*MEDIA, 1, "usage", "access", value="Usage conditions apply"), "Usage conditions apply"),
        (changed(*MEDIA, 1, "usage", value={}), "not stated"),
    ],
)
def test_both_the_record_and_the_picture_have_to_be_open(record, rights):
    work = read(record, "1")
    assert (work.licence, work.rights) == ("", rights)


def test_what_is_missing_or_said_otherwise():
    assert (read(changed(*MEDIA, value=[]), "1").licence, read(changed(*MEDIA, value=[]), "1").image) == ("CC0-1.0", "")
    closed = {"type": "Images", "usage": {"access": "No"}, "content": "a"}
    two = [closed, {"type": "Images", "usage": {"access": "CC0"}, "content": ADDRESS}]
    assert read(changed(*MEDIA, value=two), "1").image == f"{ADDRESS}&max=1200"
    ark = "https://ids.si.edu/ids/deliveryService/id/ark:/65665/m3b6a"
    assert read(changed(*MEDIA, 1, "content", value=ark), "1").image == ark
    assert read(changed(TOLD, "record_link", value=None), "1").page == "http://n2t.net/ark:/65665/vk796c355a9"
    names = [{"label": "Artist", "content": "Katsushika Hokusai 葛飾北斎 (1760 - 1849)"}]
    assert read(changed("freetext", "name", value=names), "1").creator == "Katsushika Hokusai 葛飾北斎"
    names = [{"label": "Maker", "content": "Tiffany and Company, New York"}]
    assert read(changed("freetext", "name", value=names), "1").creator == "Tiffany and Company, New York"
    assert (
        read(changed("indexedStructured", "object_type", value=[]), "1").category == "Smithsonian American Art Museum"
    )


def test_the_key_comes_from_the_environment_and_is_shown_to_nobody(monkeypatch):
    assert any("DEMO_KEY" in note and KEY in note for note in Smithsonian().notes)
    assert Smithsonian().hosts[0].rate.most < 30
    monkeypatch.setenv(KEY, " s3cret\n")
    museum = Smithsonian()
    assert museum.notes == ()
    assert museum.hosts[0].headers == {"X-Api-Key": "s3cret"}
    assert museum.hosts[1].headers == {}
    assert museum.hosts[0].rate.most < 1000
    assert "s3cret" not in repr(museum) + repr(museum.hosts) + repr(Smithsonian(key="s3cret"))


def test_a_key_that_is_not_accepted_is_said_without_it(visit, records, monkeypatch):
    monkeypatch.setenv(KEY, "s3cret")
    visitor = visit("smithsonian", records.works(2, flawed=0))
    visitor.standing.locked = True
    with pytest.raises(SfumatoError) as caught:
        visitor.fetch()
    assert "does not accept the key in SMITHSONIAN_API_KEY (status 403)" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert all("s3cret" not in path for _, path, _ in visitor.standing.asked)
