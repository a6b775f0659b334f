"""A model's card says what is known, and no name in it can become Markdown, HTML or a program."""

import re
import shlex
import time
from dataclasses import replace

import pytest
from huggingface_hub import DatasetCard, ModelCard
from hypothesis import given, settings
from hypothesis import strategies as st

from sfumato.cards.hub import dataset_card
from sfumato.cards.hub import model_card as card_of
from sfumato.cards.subject import Known, Subject
from sfumato.collection.holdings import DataSet, Holdings, Tally
from sfumato.models import ModelConfig
from sfumato.models.record import ModelRecord
from sfumato.networks import ArticleConfig, GeneratorConfig, UNetConfig
from sfumato.provenance.bases import TRAINING_UNKNOWN, USES, BaseTerms
from sfumato.provenance.sources import LearnedFrom

NETWORK = UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1)


def config(**changes: object) -> ModelConfig:
    return ModelConfig.model_validate({"name": "mine", "size": 32, "network": NETWORK.model_dump()} | changes)


def model_card(config, facts, description="A diffusion model for pictures", tag="diffusion"):
    return card_of(Subject.of_model(config, ModelRecord(description=description, tag=tag, facts=facts)))


def rows(card):
    """The table's rows, each as its unescaped cells."""
    table = [line for line in card.splitlines() if line.startswith("| ")]
    return [re.split(r"(?<!\\)(?:\\\\)*\|", row)[1:-1] for row in table]


def test_a_card_says_what_is_known():
    card = model_card(
        config(classes=["a", "b"], class_shares=[0.75, 0.25], descends_from=["f" * 64], sfumato_version="0.1.0"),
        {"Training": "1,250 steps", "Licences": "CC0-1.0 (12)"},
    )
    assert card.startswith(
        "---\nlibrary_name: sfumato\nlicense: unknown\npipeline_tag: unconditional-image-generation\n"
    )
    for known in ("32 x 32 pixels", "a (75%), b (25%)", "1,250 steps", "CC0-1.0 (12)", "f" * 64, "sfumato 0.1.0"):
        assert known in card
    assert 'sfumato.Model.from_pretrained("mine")' in card
    assert "sfumato generate mine -n 16" in card


def test_a_card_says_both_stages():
    upscaler = config(factor=4, begins_with="reference")
    card = model_card(config(upscalers=(upscaler, config(factor=2, begins_with="reference"))), {})
    assert "pictures of 256 x 256 pixels, made at 32 x 32 and enlarged 4 times, then 2 times" in card
    assert "to enlarge unet, unet" in card


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


@settings(max_examples=15, deadline=None)
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


def test_a_collections_card_and_a_models_say_what_it_holds(model: Subject, collection: Subject) -> None:
    for card in (card_of(model), dataset_card(collection)):
        for known in (
            "| Pictures | 30 (12.3 MB); 2 near duplicates of others |",
            "| Classes | waves (22), glass (6), (unlabelled) (2) |",
            "| Creators | 2 creators: Ana Bo (19), Cy Moe (4); not known of 7 pictures |",
            "| Years | 500 BC to 1901; not known of 6 pictures |",
            "| Licences | unknown (9), PDM-1.0 (7), CC-BY-SA-4.0 (5), CC-BY-NC-SA-3.0 (4), own (3), LicenseRef-",
            "| Policy | licences allowed: CC0-1.0, PDM-1.0; pictures whose licence is not known are taken all the same",
            "| Left out | exact duplicate (5), made by a model (6), not to be learned from (8), taken out (11) |",
            "- Attribution is asked for, which names the creator: 9 pictures, CC-BY-SA-4.0 (5), CC-BY-NC-SA-3.0 (4).",
            "- Of no known licence, so that what may be done is not known: 9 pictures.",
            "Share-alike licences exclude one another here",
            "- Ana Bo, 5 pictures: “Sea”, “Sky” and 3 more; CC-BY-SA-4.0; <https://museum.org/1>",
            "- A creator who is not known, 4 pictures; CC-BY-NC-SA-3.0",
            "no legal advice",
        ):
            assert known in card, known


def test_a_card_without_records_says_that_nothing_is_known() -> None:
    card = card_of(Subject.of_model(config(), None))
    assert "What it learned from is not known: it was made before that was recorded." in card
    assert "The licences of 1 collection are not known." in card
    assert "| Pictures learned from | not known |" in card


def test_what_has_left_the_collection_since_is_said(model: Subject) -> None:
    card = card_of(replace(model, gone={"taken out on request": 2, "not there any more": 1}))
    assert "**Since it was trained, 3 pictures that it may have learned from left its collection: taken out" in card
    assert "Since it was trained" not in card_of(model)


def test_hostile_names_are_no_markup(hostile: tuple[Subject, Subject]) -> None:
    for card, kind in ((card_of(hostile[0]), ModelCard), (dataset_card(hostile[1]), DatasetCard)):
        read = kind(card)
        assert read.data.to_dict()["license"] in ("unknown", "cc-by-4.0")
        body = re.sub(r"```.*?```", "", read.text, flags=re.DOTALL)
        assert all(len(row) == 2 for row in rows(body))
        assert not re.search(r"(?<!\\)<(?!https://)", body)
        assert not re.search(r"(?<![\\])[!\[](?=\[|p\]|a\])", body)
        assert not re.search(r"^license:", body, re.MULTILINE)
        assert "\x1b" not in card and "\u202e" not in card
        assert [line for line in body.splitlines() if re.match("# ", line)] == body.splitlines()[1:2]


def test_a_hundred_thousand_creators_make_a_card_soon_and_in_bounds(crowd: Holdings) -> None:
    began = time.process_time()
    card = dataset_card(Subject("many", collections=(Known(crowd.collection, crowd.licences, crowd),)))
    assert time.process_time() - began < 2
    assert len(card) < 60_000
    assert "100,000 creators: Creator 0 (1)" in card and "and 99,950 more" in card
    assert "and 99,800 pictures more, see `pictures.jsonl`" in card


def test_whom_to_credit_of_collections_of_which_only_the_licences_are_known_is_not_known(model: Subject) -> None:
    earlier = Known("e" * 64, {"CC-BY-4.0": 12, "unknown": 3})
    card = card_of(replace(model, collections=(*model.collections, earlier)))
    assert "- and 12 pictures of collections of which no more is known" in card
    assert "| All else | not known |" in card
    assert "which names the creator: 21 pictures, CC-BY-4.0 (12)" in card


def test_works_of_a_museum_come_with_how_it_is_to_be_named(collection: Subject, model: Subject) -> None:
    assert "## Owners" not in dataset_card(collection)
    origin = DataSet(reference="met:sea", version="2026-11-29", licence="CC0-1.0")
    owners = Tally.of(["The Met, Rogers Fund", "The Met, Gift of A", "The Met, Rogers Fund"])
    known = collection.collections[0]
    held = known.holdings.model_copy(update={"origin": origin, "owners": owners})
    for card in (
        dataset_card(replace(collection, collections=(replace(known, holdings=held),))),
        card_of(replace(model, collections=(replace(known, holdings=held),))),
    ):
        asked = "| From a museum | met:sea, asked last on 2026-11-29; the licence of each picture is what the museum's"
        assert asked in card
        assert "- The Met, Rogers Fund (2 pictures)\n- The Met, Gift of A (1 picture)" in card


def test_a_card_says_on_which_pre_trained_model_it_stands():
    base = BaseTerms(name="a|b/c", licence="LicenseRef-FLUX", title="FLUX *License*", use="non-commercial")
    learned = [LearnedFrom(collection="a" * 64, licences={"CC0-1.0": 3}), LearnedFrom(base=base)]
    card = card_of(Subject.of_model(config(learned_from=learned), ModelRecord()))
    assert "### A pre-trained model" in card
    assert r"| Model | a\|b/c |" in card
    assert r"| Its licence | FLUX \*License\* |" in card
    assert USES["non-commercial"] in card
    assert f"| Learned from | {TRAINING_UNKNOWN} |" in card
    assert r"- The licence of the base model a\|b/c is FLUX \*License\*; what it was trained on is not known." in card
    assert "It knows what its base learned from too" in card
    assert "licences of 1 collection are" not in card
    assert "pre-trained" not in card_of(Subject.of_model(config(learned_from=learned[:1]), ModelRecord()))
