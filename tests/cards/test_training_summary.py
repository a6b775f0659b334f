"""The summary of training content has the template's sections, and says not known where nothing is recorded."""

import re
from collections.abc import Callable

from sfumato.cards.markdown import NOT_KNOWN
from sfumato.cards.subject import Known, Subject
from sfumato.cards.training_summary import NOTE, training_summary
from sfumato.collection.holdings import Holdings
from sfumato.models import ModelConfig
from sfumato.models.configuration import PretrainedNetwork
from sfumato.models.record import ModelRecord
from sfumato.provenance.bases import BaseTerms
from sfumato.provenance.sources import LearnedFrom

SECTIONS = [
    "# Public summary of training content",
    "## 1. General information",
    "### 1.1. Provider identification",
    "### 1.2. Model identification",
    "### 1.3. Modalities, overall training data size and other characteristics",
    "## 2. List of data sources",
    "### 2.1. Publicly available datasets",
    "### 2.2. Private non-publicly available datasets obtained from third parties",
    "### 2.3. Data crawled and scraped from online sources",
    "### 2.4. User data",
    "### 2.5. Synthetic data",
    "### 2.6. Other sources of data",
    "## 3. Data processing aspects",
    "### 3.1. Respect of reservation of rights from text and data mining exception or limitation",
    "### 3.2. Removal of illegal content",
    "### 3.3. Other information",
]


def headings(text: str) -> list[str]:
    return [line for line in text.splitlines() if re.match("#+ ", line)]


def row(text: str, name: str) -> str:
    return next(line.split(" | ")[1].rstrip(" |") for line in text.splitlines() if line.startswith(f"| {name} |"))


def test_the_sections_are_those_of_the_template_and_it_is_said_to_be_voluntary(model: Subject) -> None:
    text = training_summary(model)
    assert headings(text) == SECTIONS
    assert NOTE in text
    assert "voluntary" in NOTE and "no legal advice" in NOTE


def test_what_is_recorded_is_said_with_its_numbers(model: Subject) -> None:
    text = training_summary(model)
    size = row(text, "Training data size")
    assert size == "Less than 1 million images: 30 pictures; 27 of them are learned from, 3 held out"
    assert row(text, "Versioned model name") == f"mine, weights {'b' * 64}"
    assert row(text, "Years in which the works were made") == "500 BC to 1901; not known of 6 pictures"
    assert "- hf:ana/art/small\\@main, version abc123: 30 pictures; its card states cc-by-4.0" in text
    assert "whoever fetched them: museum.org (17)." in text
    assert "1 picture says in the file that a model made it" in text
    assert row(text, "Pictures left out for a mark against learning") == "8"
    assert row(text, "Marks lifted by who states to have made the pictures") == "2"
    assert row(text, "Left out").endswith("taken out (11)")


def test_what_nobody_recorded_is_not_known(config: Callable[..., ModelConfig]) -> None:
    text = training_summary(Subject.of_model(config(learned_from=()), None))
    assert headings(text) == SECTIONS
    for name in (
        "Provider's name and contact details",
        "Date of placement on the Union market",
        "Training data size",
        "Latest date of data acquisition",
        "Licences",
        "Pictures left out for a mark against learning",
    ):
        assert row(text, name) == NOT_KNOWN
    assert "Of 1 collection this is not known." in text


def test_the_collections_of_ancestors_count_too(
    config: Callable[..., ModelConfig], holdings: Callable[..., Holdings]
) -> None:
    earlier = LearnedFrom(collection="e" * 64, licences={"CC0-1.0": 2_000_000})
    made = config(
        learned_from=[LearnedFrom(collection="a" * 64, licences=holdings().licences), earlier],
        descends_from=["f" * 64],
    )
    record = ModelRecord(holdings=(holdings(),), trained=27, held_out=3, base_model="ana/first")
    text = training_summary(Subject.of_model(made, record))
    assert row(text, "Training data size").startswith(
        "1 million to 1 billion images: 2,000,030 pictures in 2 collections"
    )
    assert row(text, "Model dependencies") == f"it began with the weights of {'f' * 64} (ana/first)"
    assert "CC0-1.0 (2,000,000)" in row(text, "Licences")
    assert "Of 1 collection this is not known." in text
    unknown = config(learned_from=[LearnedFrom(collection="a" * 64, licences=holdings().licences), LearnedFrom()])
    assert row(training_summary(Subject.of_model(unknown, record)), "Training data size") == NOT_KNOWN


def test_a_collection_has_a_summary_of_its_own(collection: Subject) -> None:
    text = training_summary(collection)
    assert headings(text)[1:] == SECTIONS[1:]
    assert row(text, "Versioned model name") == "none: this is a collection"


def test_hostile_names_open_no_section_and_no_row(hostile: tuple[Subject, Subject], model: Subject) -> None:
    for subject in hostile:
        text = training_summary(subject)
        assert headings(text)[1:] == SECTIONS[1:]
        for line in text.splitlines():
            if line.startswith("| "):
                assert len(re.findall(r"(?<!\\)\|", line)) == 3, line
        assert not re.search(r"(?<!\\)<(?!https://)", text)
        assert "---\nlicense: mit" not in text


def test_thousands_of_domains_are_counted_and_not_all_listed(crowd: Holdings) -> None:
    text = training_summary(Subject("many", collections=(Known(crowd.collection, crowd.licences, crowd),)))
    assert "and 29,000 more" in text
    assert len(text) < 60_000


def test_a_pre_trained_model_beneath_is_a_dependency_with_its_licence() -> None:
    base = LearnedFrom(base=BaseTerms(name="ana/painter", licence="MIT", title="MIT", use="any"))
    network = PretrainedNetwork(family="sd15", parameters=1, multiple=8)
    config = ModelConfig(name="mine", size=64, network=network, learned_from=(base,))
    text = training_summary(Subject.of_model(config, None))
    assert row(text, "Model dependencies") == "the pre-trained model ana/painter, licence: MIT"
    assert row(text, "Training data size") == NOT_KNOWN
    assert (
        row(text, "Linguistic characteristics") == "it is told what to make in words; in which languages is not known"
    )
    assert "The licence of the base model ana/painter is MIT; what it was trained on is not known." in text
