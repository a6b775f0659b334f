from sfumato.collection.captions import Captioned, suffix_of


def captioned(files: list[str]) -> Captioned:
    return Captioned({file: file for file in files})


def test_the_names_that_texts_beside_a_picture_have():
    found = captioned(["a/0.jpg", "a/1.png", "0.jpg", "noext"])
    assert found.pictures_of("a/0.txt") == found.pictures_of("a/0.jpg.caption") == ["a/0.jpg"]
    assert found.pictures_of("noext.txt") == ["noext"]
    assert found.pictures_of("a/0.webp.txt") == found.pictures_of("b/0.txt") == []


def test_the_same_name_wins_over_one_in_other_case():
    assert captioned(["IMG_1.JPG", "img_1.jpg"]).pictures_of("img_1.txt") == ["img_1.jpg"]
    assert captioned(["IMG_1.JPG"]).pictures_of("img_1.jpg.txt") == ["IMG_1.JPG"]


def test_accents_may_be_written_in_any_way():
    assert captioned(["Gema\u0308lde.png"]).pictures_of("Gem\udce4lde.txt") == ["Gema\u0308lde.png"]


def test_kinds_of_texts():
    assert [suffix_of(name) for name in ("a.TXT", "a.caption", "a.b.json", "a.tags", "txt")] == [
        ".txt", ".caption", ".json", ".tags", "",
    ]  # fmt: skip


def test_a_text_beside_a_zip_is_about_what_lies_in_it():
    assert Captioned({"a/b.zip/0.png": "a/0.png"}).pictures_of("a/0.txt") == ["a/b.zip/0.png"]
