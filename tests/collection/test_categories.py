from sfumato.collection.categories import Evidence, chosen_categories


def chosen(folders, stated=None, kinds=None, *, captioned=False, tables=("t.csv",), unlabelled=()):
    nothing = [""] * len(folders)
    captions = [captioned] * len(folders)
    return chosen_categories(Evidence(folders, stated or nothing, kinds or nothing, captions, tables, unlabelled))


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
