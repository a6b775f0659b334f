"""What a person may ask to be varied, and how each mistake is said."""

import pytest

from sfumato.cli.grid_axes import MOST_CELLS, Axis, read_axes, read_axis
from sfumato.errors import SfumatoError


@pytest.mark.parametrize(
    ("text", "axis"),
    [
        ("guidance=1,2.5,4", Axis("guidance", (1.0, 2.5, 4.0))),
        (" steps = 8, 16 ", Axis("steps", (8, 16))),
        ("guidance-kind=autoguidance", Axis("guidance_kind", ("autoguidance",))),
        ("class=waves,birds:0.7", Axis("class", ("waves", "birds:0.7"))),
        ("class=birds, small;a=b,c:0.5", Axis("class", ("birds, small", "a=b,c:0.5"))),
        ("class=1,2", Axis("class", ("1", "2"))),
    ],
)
def test_values_are_read_as_what_the_setting_takes(text, axis):
    assert read_axis(text) == axis
    assert [type(value) for value in read_axis(text).values] == [type(value) for value in axis.values]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("class=red, blue,waves", ("red, blue", "waves")),
        ("class=waves,red, blue:0.5", ("waves", "red, blue:0.5")),
        ("class=waves;red, blue:0.5,waves:0.5", ("waves", "red, blue:0.5,waves:0.5")),
        ("negative=x;y", ("x;y",)),
        ('class="x;y","red, blue"', ('"x;y"', '"red, blue"')),
    ],
)
def test_marks_in_the_names_of_classes_part_nothing(text, values):
    assert read_axis(text, ("waves", "red, blue", "x;y")).values == values


def test_titles_say_setting_and_value():
    assert read_axis("guidance=1,2.50,1e3").titles == ["guidance 1", "guidance 2.5", "guidance 1000"]
    assert read_axis("guidance_kind=autoguidance").titles == ["guidance kind autoguidance"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("magic=1", "'magic' cannot be varied; choose one of seed, prompt, class, .*guidance_low.*precision"),
        ("guidance", "'' is not a number"),
        ("", "'' cannot be varied"),
        ("steps=8,many", "'many' is not a whole number; give values as steps=1,2"),
        ("steps=8.5", "'8.5' is not a whole number"),
        ("guidance=1,,2", "'' is not a number"),
        ("class=waves,", "a value is missing"),
        ("guidance=2,2.0", "2 is given twice"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(text, said):
    with pytest.raises(SfumatoError, match=said) as caught:
        read_axis(text)
    assert "\n" not in str(caught.value)


def test_rows_come_first_and_columns_last():
    assert [axis.name for axis in read_axes(["guidance=1", "steps=8"], {})] == ["guidance", "steps"]
    assert [axis.name for axis in read_axes(["steps=8"], {"seed": 3})] == ["steps"]


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        (["seed=1", "steps=1", "guidance=1"], "3 settings, and a sheet has rows and columns; vary one or two"),
        (["guidance=1", "guidance=2"], "guidance: is given twice"),
        (["seed=1", "guidance_kind=autoguidance"], "--guidance-kind says one value for all"),
        ([f"seed={','.join(map(str, range(MOST_CELLS + 1)))}"], "401 cells, and over 400"),
        ([f"seed={','.join(map(str, range(21)))}", f"steps={','.join(map(str, range(20)))}"], "420 cells"),
    ],
)
def test_what_cannot_be_varied_together_is_said(vary, said):
    with pytest.raises(SfumatoError, match=said):
        read_axes(vary, {"guidance_kind": "classifier_free"})


def test_as_many_cells_as_are_allowed():
    (axis,) = read_axes([f"seed={','.join(map(str, range(MOST_CELLS)))}"], {})
    assert len(axis.values) == MOST_CELLS


def test_a_class_is_one_value_however_its_accents_are_typed():
    assert read_axis("class=Gema\u0308lde,sea").values == ("Gem\u00e4lde", "sea")
    with pytest.raises(SfumatoError, match="is given twice"):
        read_axis("class=Gema\u0308lde,Gem\u00e4lde")
