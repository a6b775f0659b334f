import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.collection.classes import chosen_categories, placed, split_named
from sfumato.collection.columns import KIND


def places(*files: str, around: str = "") -> list[tuple[str, str]]:
    return placed(list(files), around=around)[0]


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train", "train"),
        ("Training_Set", "train"),
        ("training-set", "train"),
        ("val", "validation"),
        ("valid", "validation"),
        ("validation_set", "validation"),
        ("TEST", "test"),
        ("testing", "test"),
        ("train_images", "train"),
        ("images-test", "test"),
        ("testset", "test"),
        ("val2017", "validation"),
        ("dev", "validation"),
        ("train test", ""),
        ("images", ""),
        ("trains", ""),
        ("set", ""),
        ("", ""),
    ],
)
def test_what_people_call_the_sides_of_a_split(name, split):
    assert split_named(name) == split


def test_the_class_is_the_first_folder():
    assert places("sea/old/1.png", "hill/2.png", "3.png") == [("sea", ""), ("hill", ""), ("", "")]


def test_classes_below_a_split_wherever_that_lies():
    assert places("train/sea/1.png", "test/sea/x/2.png", "val/3.png") == [
        ("sea", "train"),
        ("sea", "test"),
        ("", "validation"),
    ]
    assert places("a/b/training_set/sea/1.png", "c/validation_set/hill/2.png") == [
        ("sea", "train"),
        ("hill", "validation"),
    ]
    assert placed(["a/training_set/sea/1.png"]) == ([("sea", "train")], ["training_set"])


def test_a_split_below_the_classes():
    assert places("sea/train/1.png", "sea/test/2.png", "hill/train/3.png") == [
        ("sea", "train"),
        ("sea", "test"),
        ("hill", "train"),
    ]


def test_a_split_without_classes():
    assert places("train/1.png", "test/2.png", "cover.png") == [("", "train"), ("", "test"), ("", "")]
    assert places("train/1.png", "train/2.png") == [("", "train"), ("", "train")]
    assert places("data/train/1.png", "data/train/2.png") == [("", "train"), ("", "train")]


def test_a_class_that_is_called_like_a_split_stays_a_class():
    assert places("train/1.png", "plane/2.png", "car/3.png") == [("train", ""), ("plane", ""), ("car", "")]
    assert places("train/old/1.png", "plane/old/2.png") == [("train", ""), ("plane", "")]
    assert places("sea/train/1.png", "hill/2.png") == [("sea", ""), ("hill", "")]


def test_folders_around_all_others_are_no_class():
    assert places("set/pictures/sea/1.png", "set/pictures/hill/2.png") == [("sea", ""), ("hill", "")]
    assert places("set/sea/1.png", "set/hill/2.png", "set/hill/3.png") == [("sea", ""), ("hill", ""), ("hill", "")]
    assert places("set/train/all/sea/1.png", "set/test/all/hill/2.png") == [("sea", "train"), ("hill", "test")]
    assert places("set/sea/1.png", "set/hill/2.png", "cover.png") == [("sea", ""), ("hill", ""), ("", "")]
    assert places("1.png") == [("", "")]


def test_a_single_folder_with_a_name_of_its_own_is_a_class():
    assert places("sea/1.png", "sea/2.png") == [("sea", ""), ("sea", "")]
    assert places("art/sea/1.png", "art/sea/2.png") == [("sea", ""), ("sea", "")]
    assert places("sea/1.png", "cover.png") == [("sea", ""), ("", "")]
    assert places("Images/1.png", "Images/2.png") == [("", ""), ("", "")]
    assert places("00000/1.png", "00000/2.png") == [("", ""), ("", "")]
    assert places("My Sea/1.png", around="my sea") == [("", "")]


@given(
    st.lists(
        st.lists(st.sampled_from(["train", "test", "sea", "x"]), max_size=4).map(lambda parts: "/".join([*parts, "a"]))
    ),
    st.sampled_from(["", "sea"]),
)
def test_every_file_has_one_place(files, around):
    found, splits = placed(files, around=around)
    assert len(found) == len(files)
    for file, (category, split) in zip(files, found, strict=True):
        assert category == "" or category in file.split("/")[:-1]
        assert split == "" or split in splits


def chosen(folders, stated=None, kinds=None, *, captioned=False, tables=("t.csv",), unlabelled=()):
    nothing = [""] * len(folders)
    said = zip(stated or nothing, kinds or nothing, strict=True)
    known = [{"category": category, KIND: kind, "caption": "x" * captioned} for category, kind in said]
    return chosen_categories(folders, known, tables, unlabelled)


def test_folders_are_classes_where_nothing_else_is_stated():
    assert chosen(["sea", "hill"]) == (["sea", "hill"], [])


def test_a_class_stated_for_every_picture_wins_and_that_is_said():
    categories, notes = chosen(["may", "june"], ["house", "tree"])
    assert (categories, notes) == (
        ["house", "tree"],
        ["t.csv: the classes are those stated there, not the folders (june, may)"],
    )


def test_classes_stated_for_some_give_way_to_folders_and_that_is_said():
    categories, notes = chosen(["sea", "sea", "hill"], ["house", "", ""])
    assert categories == ["sea", "sea", "hill"]
    assert notes == [
        "t.csv: gives classes for 1 of 3 pictures, which are not used, because the folders are the classes"
    ]


def test_folders_of_dates_and_running_numbers_give_way_to_whatever_is_stated():
    for folders in (
        ["2021-05", "2022-11"],
        ["20210501", "2021_06"],
        ["1920s", "1930s"],
        ["00000", "00001"],
        ["part 1", "Part_2"],
    ):
        assert chosen(folders, ["house", ""])[0] == ["house", ""]
        assert chosen(folders, None, ["pug", "pug"])[0] == ["pug", "pug"]
        assert chosen(folders)[0] == folders


def test_another_way_to_sort_pictures_gives_way_to_folders():
    categories, notes = chosen(["sea", "hill"], None, ["oil", "ink"])
    assert categories == ["sea", "hill"]
    assert notes == ["t.csv: gives classes, which are not used, because the folders are the classes"]
    assert chosen(["", ""], None, ["oil", "ink"]) == (["oil", "ink"], [])


def test_a_class_for_each_picture_is_none():
    titles = [f"number {index}" for index in range(50)]
    categories, notes = chosen(["sea", "hill"] * 25, titles)
    assert categories == ["sea", "hill"] * 25
    assert "gives 50 classes to 50 pictures, so these are not used" in notes[0]


def test_numbered_folders_are_no_classes_where_it_is_stated_that_there_are_none():
    categories, notes = chosen(["00000", "00001"], unlabelled=["dataset.json"])
    assert categories == ["", ""]
    assert notes == ["dataset.json: states that there are no labels, so the numbered folders are no classes"]
    assert chosen(["sea", "hill"], unlabelled=["dataset.json"])[0] == ["sea", "hill"]


def test_repeats_in_kohyas_folders_are_no_part_of_a_class():
    categories, notes = chosen(["10_sks_style", "1_reg"], captioned=True)
    assert categories == ["sks_style", "reg"]
    assert notes == [
        "10_sks_style, 1_reg: read as repeats and a name; repeats are not used, so every picture counts once"
    ]
    for folders in (["10_cat", "20_cat"], ["10_cat", "dog"], ["01_cat", "02_dog"], ["1900_prints"]):
        assert chosen(folders, captioned=True) == (folders, [])
    assert chosen(["1_cat", "2_dog"]) == (["1_cat", "2_dog"], [])
