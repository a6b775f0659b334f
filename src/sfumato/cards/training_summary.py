"""A summary of training content in the shape of the European Commission's template for Art. 53(1)(d) of the AI Act.

Template of 24 July 2025, its sections 1 to 3 and their numbers:
https://digital-strategy.ec.europa.eu/en/library/explanatory-notice-and-template-public-summary-training-content-general-purpose-ai-models
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sfumato.cards.holding_words import licences_listed, terms_sentences, years_in_words
from sfumato.cards.markdown import NOT_KNOWN, bullets, listed, plain, sized, table
from sfumato.cards.subject import Known, Subject
from sfumato.collection.holdings import DataSet, Holdings
from sfumato.models.record import FIRST_WEIGHTS
from sfumato.provenance.terms import CAVEAT
from sfumato.text import class_name, counted

NOTE: Final = (
    "Art. 53(1)(d) of the EU's AI Act asks this summary of providers of general-purpose AI models. A model that one "
    "person trains on a collection of art is hardly ever one: for most who use this form it is voluntary. It was "
    "filled in by a program from its records, is no legal advice, and what is not known stands in it as not known. Who "
    "publishes it adds what only they know, and answers for the whole."
)
_RANGES: Final = ((10**6, "Less than 1 million images"), (10**9, "1 million to 1 billion images"))
_LARGEST: Final = "More than 1 billion images"
_MOST_NAMED: Final = 50
_MOST_DOMAINS: Final = 1000
_OPT_OUTS: Final = (
    "Before training these marks are read with each picture, and obeyed: C2PA's cawg.training-mining and "
    "c2pa.training-mining (constrained counts as not allowed), IPTC's plus:DataMining, tdm:reservation, the words noai "
    "and noimageai in metadata, columns of tables that say so, and tdmrep.json, robots.txt and ai.txt beside the "
    "pictures. A reservation that stands elsewhere, as on the page that a picture once came from, is not seen."
)


def training_summary(subject: Subject) -> str:
    """The summary in Markdown: of a model, or of a collection that one may learn from."""
    title = "Public summary of training content" if subject.is_model else "Content for a summary of training content"
    parts = [f"# {title}", NOTE, *_general(subject), *_sources(subject), *_processing(subject)]
    return "\n\n".join(parts) + "\n"


def _general(subject: Subject) -> Iterator[str]:
    config = subject.config
    yield "## 1. General information"
    yield "### 1.1. Provider identification"
    yield table({"Provider's name and contact details": NOT_KNOWN, "Authorised representative": NOT_KNOWN})
    yield "### 1.2. Model identification"
    yield table(
        {
            "Versioned model name": "none: this is a collection"
            if config is None
            else f"{plain(config.name)}, weights {subject.weights or NOT_KNOWN}",
            "Model dependencies": _dependencies(subject),
            "Date of placement on the Union market": NOT_KNOWN,
        }
    )
    yield "### 1.3. Modalities, overall training data size and other characteristics"
    yield table(
        {
            "Modality": "image",
            "Training data size": _size(subject),
            "Types of content": _content(subject),
            "Latest date of data acquisition": NOT_KNOWN,
            "Years in which the works were made": _years(subject),
            "Linguistic characteristics": f"it is told what to make in words; in which languages is {NOT_KNOWN}"
            if config is not None and config.takes_prompts
            else "none: the model takes no text",
        }
    )


def _dependencies(subject: Subject) -> str:
    """Other models, by their digests, and those that others published by name, with their licences."""
    config, record = subject.config, subject.record
    depends = ", ".join(map(plain, config.descends_from)) if config is not None else ""
    began = f"it began with the weights of {depends}" if depends else ""
    began += f" ({plain(record.base_model)})" if record.base_model else ""
    bases = [f"the pre-trained model {plain(base.name)}, licence: {plain(base.named)}" for base in subject.bases]
    return "; ".join(filter(None, (began.strip(), *bases))) or "none"


def _size(subject: Subject) -> str:
    """The template's range, and the numbers behind it."""
    counts = [_pictures(known) for known in subject.collections]
    if not counts or None in counts:
        return NOT_KNOWN
    total = sum(filter(None, counts))
    said = next((words for most, words in _RANGES if total < most), _LARGEST)
    record = subject.record
    trained = (
        f"; {record.trained:,} of them are learned from, {record.held_out or 0:,} held out" if record.trained else ""
    )
    several = f" in {len(counts):,} collections, in which one may be twice" if len(counts) > 1 else ""
    return f"{said}: {counted(total, 'picture')}{several}{trained if len(counts) == 1 else ''}"


def _pictures(known: Known) -> int | None:
    if known.holdings is not None:
        return known.holdings.pictures
    return None if known.licences is None else sum(known.licences.values())


def _content(subject: Subject) -> str:
    held = subject.own
    if held is None:
        return f"art; more is {NOT_KNOWN}"
    classes = {class_name(name): count for name, count in held.classes.counts.items()}
    kinds = listed(classes, _MOST_NAMED, held.classes.beyond) if held.classes.names else "of no classes"
    return f"visual art: {kinds}; {sized(held.bytes)}"


def _years(subject: Subject) -> str:
    held = subject.own
    return NOT_KNOWN if held is None else years_in_words(held.years, held.pictures)


def _sources(subject: Subject) -> Iterator[str]:
    held = [known.holdings for known in subject.collections if known.holdings is not None]
    missing = len(subject.collections) - len(held) or int(not subject.collections)
    lacking = f"Of {counted(missing, 'collection')} this is {NOT_KNOWN}." if missing else ""

    def answer(said: str) -> str:
        return "\n\n".join(filter(None, (said if held else "", lacking)))

    public = [_public(each.origin, each) for each in held if each.origin is not None]
    folders = [each for each in held if each.origin is None]
    yield "## 2. List of data sources"
    yield "### 2.1. Publicly available datasets"
    yield answer(bullets(public) if public else "None is recorded.")
    yield "### 2.2. Private non-publicly available datasets obtained from third parties"
    yield f"Whether rights were licensed from anybody, beyond the licences below, is {NOT_KNOWN}."
    yield "### 2.3. Data crawled and scraped from online sources"
    yield "None by the program: it fetches data sets and museums' open collections by name (2.1), and follows no links."
    yield answer(_domains(held))
    yield "### 2.4. User data"
    yield "None is recorded: the program takes nothing from the use of a model to learn from."
    yield "### 2.5. Synthetic data"
    generated = sum(each.generated for each in held)
    say = "says" if generated == 1 else "say"
    made = f"{counted(generated, 'picture')} {say} in the file that a model made it; by which one is {NOT_KNOWN}."
    yield answer(made if generated else "No picture says in its file that a model made it.")
    if first := subject.record.facts.get(FIRST_WEIGHTS):
        yield f"The first weights: {plain(first)}."
    yield "### 2.6. Other sources of data"
    yield answer(bullets(map(_folder, folders)) if folders else "None is recorded.")


def _public(origin: DataSet, held: Holdings) -> str:
    stated = f"; its card states {plain(origin.licence)}" if origin.licence else ""
    if origin.is_of_museum:
        day, works = plain(origin.version) or NOT_KNOWN, counted(held.pictures, "picture")
        asked = f"{plain(origin.reference)}, by the museum's public interface, last on {day}"
        return f"{asked}: {works}, each under the licence that the museum's record of the work states"
    name = f"{plain(origin.reference)}, version {plain(origin.version) or NOT_KNOWN}"
    return f"{name}: {counted(held.pictures, 'picture')}{stated}"


def _domains(held: list[Holdings]) -> str:
    """The sources that are stated of pictures: domains, and others in their words."""
    counts: dict[str, int] = {}
    for each in held:
        for name, count in each.hosts.named.items():
            counts[name] = counts.get(name, 0) + count
    if not counts:
        return "No address is stated from which pictures come."
    ranked = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
    return f"Where pictures are stated to come from, whoever fetched them: {listed(ranked, _MOST_DOMAINS)}."


def _folder(held: Holdings) -> str:
    own = f", of which {plain(held.owner)} states that they are their own unless stated otherwise" if held.owner else ""
    creators = f"{counted(held.creators.names, 'creator')} named, {NOT_KNOWN} of {held.creators.unknown:,}"
    return f"a folder of {counted(held.pictures, 'picture')}{own}; {creators}"


def _processing(subject: Subject) -> Iterator[str]:
    held = [known.holdings for known in subject.collections if known.holdings is not None]
    yield "## 3. Data processing aspects"
    yield "### 3.1. Respect of reservation of rights from text and data mining exception or limitation"
    yield f"Signatory to the Code of Practice: {NOT_KNOWN}."
    yield _OPT_OUTS
    opted = sum(each.opted_out for each in held)
    lifted = sum(each.lifted for each in held)
    yield table(
        {
            "Pictures left out for a mark against learning": f"{opted:,}" if held else NOT_KNOWN,
            "Marks lifted by who states to have made the pictures": f"{lifted:,}" if held else NOT_KNOWN,
            **({"Gone from the collection since": listed(subject.gone)} if subject.gone else {}),
        }
    )
    yield "### 3.2. Removal of illegal content"
    yield "None is recorded: the program does not look for illegal content in pictures."
    yield "### 3.3. Other information"
    rows = {"Licences": licences_listed(subject.licences or None)}
    for number, each in enumerate(held, 1):
        of = f" of collection {number}" if len(held) > 1 else ""
        left = ", ".join(f"{plain(kind)} ({count:,})" for kind, count in each.left_out.items())
        rows[f"Left out{of}"] = left or "nothing"
        if each.policy.sentences:
            rows[f"Policy{of}"] = plain("; ".join(each.policy.sentences))
    yield table(rows)
    yield bullets(map(plain, terms_sentences(subject)))
    yield CAVEAT
