import pytest

from sfumato.collection.hub_columns import Columns, choose_columns

datasets = pytest.importorskip("datasets")

TEXT, NUMBER, PICTURE = datasets.Value("string"), datasets.Value("int64"), datasets.Image()
STYLES = datasets.ClassLabel(names=["Cubism", "Fauvism"])


def chosen(distinct: int = 3, rows: int = 100, **features: object) -> Columns:
    columns = choose_columns(features, lambda name: distinct, rows)
    assert columns is not None
    return columns


def test_a_table_without_pictures_has_no_columns():
    assert choose_columns({"text": TEXT, "label": STYLES}, lambda name: 1, 10) is None


@pytest.mark.parametrize(
    "kind", [PICTURE, {"bytes": datasets.Value("binary"), "path": TEXT}], ids=["of the client", "of others"]
)
def test_pictures_are_found_by_their_kind_and_chosen_by_their_name(kind):
    assert chosen(x=TEXT, y=kind).picture == "y"
    assert chosen(mask=kind, Image=kind).picture == "Image"


def test_the_class_is_the_column_with_the_first_of_its_names():
    assert chosen(image=PICTURE, genre=STYLES, Style=STYLES, label=TEXT).category == "label"
    assert chosen(image=PICTURE, genre=STYLES, Style=STYLES).category == "Style"
    assert chosen(image=PICTURE, artist=STYLES).category == ""
    assert chosen(image=PICTURE, medium=STYLES).category == "medium"  # the only column that is one of classes
    assert chosen(image=PICTURE, medium=STYLES, period=STYLES).category == ""


def test_a_text_of_its_own_for_every_picture_is_no_class():
    assert chosen(distinct=90, image=PICTURE, label=TEXT).category == ""
    assert chosen(distinct=2000, rows=10_000, image=PICTURE, label=TEXT).category == ""
    assert chosen(distinct=90, image=PICTURE, label=STYLES).category == "label"
    assert chosen(image=PICTURE, label=datasets.List(TEXT)).category == ""


def test_rows_are_read_by_the_names_of_their_classes():
    columns = chosen(
        image=PICTURE,
        style=STYLES,
        artist=datasets.ClassLabel(names=["Ana"]),
        text=datasets.List(TEXT),
        prompt=TEXT,
        date=NUMBER,
        score=datasets.Value("float32"),
    )
    row = {"image": None, "style": 1, "artist": 0, "text": [], "prompt": "a\n sea", "date": 1901}
    assert columns.used == ["image", "style", "text", "prompt", "artist", "date"]
    assert columns.unused == ["score"]
    assert columns.category_of(row) == "Fauvism"
    assert columns.texts_of(row) == {"caption": "a sea", "creator": "Ana", "year": "1901"}
    assert columns.texts_of(row | {"text": ["first", "second"]})["caption"] == "first"
    assert columns.category_of(row | {"style": -1}) == columns.category_of(row | {"style": None}) == ""
    assert "not used: 'score'" in columns.describe()


def test_columns_of_yes_and_no_say_what_may_be_learned_from():
    columns = chosen(image=PICTURE, Trainable=datasets.Value("bool"), noai=TEXT, is_public_domain=NUMBER)
    assert columns.rights == ["Trainable", "noai", "is_public_domain"]
    assert columns.unused == []
    assert columns.rights_of({"Trainable": False, "noai": None, "is_public_domain": 1}) == ["False", "", "1"]
    assert "rights from 'Trainable', 'noai', 'is_public_domain'" in columns.describe()


def test_a_second_licence_is_not_lost():
    columns = chosen(image=PICTURE, license=TEXT, rights=TEXT)
    assert (columns.texts["licence"], columns.rights) == (["license"], ["rights"])
