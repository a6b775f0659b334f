"""A model's card says what is known, and no name in it can become Markdown, HTML or a program."""

import re
import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.models import ModelConfig, card
from sfumato.networks import ArticleConfig, GeneratorConfig, UNetConfig

NETWORK = UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1)


def config(**changes):
    return ModelConfig.model_validate({"name": "mine", "size": 32, "network": NETWORK.model_dump()} | changes)


def model_card(config, facts, description="A diffusion model for pictures", tag="diffusion"):
    return card.model_card(config, facts, description=description, tag=tag)


def rows(card):
    """The table's rows, each as its unescaped cells."""
    table = [line for line in card.splitlines() if line.startswith("| ")]
    return [re.split(r"(?<!\\)(?:\\\\)*\|", row)[1:-1] for row in table]


def test_a_card_says_what_is_known():
    card = model_card(
        config(classes=["a", "b"], class_shares=[0.75, 0.25], descends_from=["f" * 64], sfumato_version="0.1.0"),
        {"Training": "1,250 steps", "Licences": "CC0-1.0 (12)"},
    )
    assert card.startswith("---\nlibrary_name: sfumato\npipeline_tag: unconditional-image-generation\n")
    for known in ("32 x 32 pixels", "a (75%), b (25%)", "1,250 steps", "CC0-1.0 (12)", "f" * 64, "sfumato 0.1.0"):
        assert known in card
    assert 'sfumato.Model.from_pretrained("mine")' in card
    assert "sfumato generate mine -n 16" in card


def test_a_card_of_a_model_with_no_classes_says_so():
    assert ["Classes", "none"] in [[cell.strip() for cell in row] for row in rows(model_card(config(), {}))]


def test_a_name_cannot_break_out_of_the_table_or_the_examples():
    bad = "x | y\n\n# Title\n<script>alert(1)</script> ![p](http://e.com/p.png) `code` **b**"
    card = model_card(
        config(name='my "best"; rm -rf ~', classes=[bad], class_shares=[1.0]), {bad: bad, "Licences": bad}
    )
    assert all(len(row) == 2 for row in rows(card))
    assert "\n# Title" not in card
    assert not re.search(r"(?<!\\)<script", card)
    assert not re.search(r"(?<!\\)!\[", card)
    assert 'from_pretrained("my \\"best\\"; rm -rf ~")' in card
    command = next(line for line in card.splitlines() if line.startswith("sfumato generate"))
    assert shlex.split(command)[2] == 'my "best"; rm -rf ~'


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30), st.text(max_size=30))
def test_any_name_fills_one_cell(label, fact):
    card = model_card(config(name=label, classes=[label], class_shares=[1.0]), {"Fact": fact})
    assert len(rows(card)) == len(rows(model_card(config(), {"Fact": ""})))
    assert all(len(row) == 2 for row in rows(card))


@pytest.mark.parametrize(
    ("changes", "tag", "said"),
    [
        (
            {"begins_with": "picture", "network": ArticleConfig(), "answer": "sample", "preconditioning": "direct"},
            "autoencoder",
            ("pipeline_tag: image-to-image", "sfumato reimagine name picture.jpg", "- autoencoder"),
        ),
        (
            {"network": GeneratorConfig(), "answer": "sample", "preconditioning": "direct"},
            "gan",
            ("pipeline_tag: unconditional-image-generation", "sfumato generate name", "- gan"),
        ),
        (
            {"begins_with": "reference", "factor": 4},
            "super-resolution",
            ("pipeline_tag: image-to-image", "4 times as large", "sfumato upscale name picture.png"),
        ),
    ],
)
def test_a_card_says_what_kind_of_model_it_is_and_how_it_is_used(
    changes: dict[str, object], tag: str, said: tuple[str, ...]
) -> None:
    card = model_card(config(name="name", **changes), {}, "Something that makes pictures", tag)
    assert all(text in card for text in (*said, "Something that makes pictures, trained from scratch"))
    assert "A diffusion model" not in card


def test_pictures_of_no_class_have_a_name_in_the_card():
    card = model_card(config(classes=["", "a"], class_shares=[0.31, 0.69]), {})
    assert ["Classes", "(unlabelled) (31%), a (69%)"] in [[cell.strip() for cell in row] for row in rows(card)]
