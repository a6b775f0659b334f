"""What collections hold, what their licences ask for and whom to credit: the sections that cards share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from sfumato.cards.markdown import NOT_KNOWN, address, bullets, listed, plain, sized, table
from sfumato.cards.subject import Known, Subject
from sfumato.collection.holdings import Credit, Holdings, Years
from sfumato.provenance.bases import TRAINING_UNKNOWN, USES
from sfumato.provenance.licences import short_name
from sfumato.provenance.sources import OTHERS
from sfumato.provenance.terms import CAVEAT, Terms, terms_of
from sfumato.text import class_name, counted

MOST_NAMES: Final = 50
MOST_CREDITS: Final = 200
MOST_TITLES: Final = 3
MOST_COLLECTIONS: Final = 20


def holdings_rows(holdings: Holdings) -> dict[str, str]:
    """What a collection holds, as rows in Markdown."""
    smallest, median, largest = holdings.sides
    near = f"; {counted(holdings.near_duplicates, 'near duplicate')} of others" if holdings.near_duplicates else ""
    classes = {class_name(name): count for name, count in holdings.classes.counts.items()}
    one_class = holdings.classes.names == 0
    return {
        "Pictures": f"{holdings.pictures:,} ({sized(holdings.bytes)}){near}",
        "Shorter sides": f"{smallest:,} pixels"
        if smallest == largest
        else f"{smallest:,} to {largest:,} pixels, the median {median:,}",
        "Classes": "none" if one_class else listed(classes, MOST_NAMES, holdings.classes.beyond),
        "Captions": f"{holdings.captions:,}",
        "Creators": _tally(holdings.creators.named, holdings.creators.names, holdings.creators.unknown, "creator"),
        "Years": years_in_words(holdings.years, holdings.pictures),
        "Licences": licences_listed(holdings.licences),
        "Stated sources": _tally(holdings.hosts.named, holdings.hosts.names, holdings.hosts.unknown, "source"),
        **_origin(holdings),
        "Made by a model": f"{holdings.generated:,} say so in their files" if holdings.generated else "none says so",
        **({"Sources that disagree": counted(holdings.conflicts, "picture")} if holdings.conflicts else {}),
        **_owner(holdings),
        "Left out": _left_out(holdings),
        "Policy": plain("; ".join(holdings.policy.sentences)) or "only marks against learning leave pictures out",
        "Collection": holdings.collection,
    }


def _tally(named: Mapping[str, int], names: int, unknown: int, noun: str) -> str:
    """'3 creators: Ana (2), Bo (1) and 1 more; not known of 4 pictures'."""
    missing = f"{NOT_KNOWN} of {counted(unknown, 'picture')}" if unknown else ""
    if not names:
        return missing or NOT_KNOWN
    said = f"{counted(names, noun)}: {listed(named, MOST_NAMES, names - len(named))}"
    return f"{said}; {missing}" if missing else said


def years_in_words(years: Years | None, pictures: int) -> str:
    if years is None:
        return NOT_KNOWN
    earliest, latest = (f"{-year} BC" if year < 0 else str(year) for year in (years.earliest, years.latest))
    missing = pictures - years.known
    return f"{earliest} to {latest}" + (f"; {NOT_KNOWN} of {counted(missing, 'picture')}" if missing else "")


def licences_listed(licences: Mapping[str, int] | None) -> str:
    if licences is None:
        return NOT_KNOWN
    shown = {"others" if name == OTHERS else short_name(name): count for name, count in licences.items()}
    return listed(shown, MOST_NAMES) or "none"


def _origin(holdings: Holdings) -> dict[str, str]:
    origin = holdings.origin
    if origin is None:
        return {}
    stated = (
        f"its card states {plain(origin.licence)}" if origin.licence else "its card states no licence that is known"
    )
    version = plain(origin.version) or NOT_KNOWN
    if origin.is_of_museum:
        licences = "the licence of each picture is what the museum's record of the work says"
        return {"From a museum": f"{plain(origin.reference)}, asked last on {version}; {licences}"}
    return {"Data set": f"{plain(origin.reference)}, version {version}; {stated}, which is no fact about its pictures"}


def _owner(holdings: Holdings) -> dict[str, str]:
    lifted = f"; of {counted(holdings.lifted, 'picture')} a mark against learning was lifted" if holdings.lifted else ""
    return {"Own pictures": f"as {plain(holdings.owner)} states{lifted}"} if holdings.owner else {}


def _left_out(holdings: Holdings) -> str:
    return ", ".join(f"{plain(kind)} ({count:,})" for kind, count in holdings.left_out.items()) or "nothing"


def collection_sections(subject: Subject) -> Iterator[str]:
    """Each collection that a model learned from, as a table; what is not known is said to be."""
    if not subject.collections:
        yield f"What it learned from is {NOT_KNOWN}: it was made before that was recorded."
    for number, known in enumerate(subject.collections[:MOST_COLLECTIONS]):
        own = "The collection" if number == 0 else "A collection of a model that it descends from"
        yield f"### {own if known.base is None else 'A pre-trained model'}"
        yield table(_rows(known))
    if (more := len(subject.collections) - MOST_COLLECTIONS) > 0:
        yield f"And {more:,} more, of models that it descends from; `record.json` has them."


def _rows(known: Known) -> dict[str, str]:
    if known.holdings is not None:
        return holdings_rows(known.holdings)
    if known.base is not None:
        base = known.base
        link = f", {address(base.link)}" if base.link else ""
        return {
            "Model": plain(base.name),
            "Its licence": f"{plain(base.named)}{link}",
            "What that lets one do": USES[base.use],
            "Learned from": plain(base.trained_on) or TRAINING_UNKNOWN,
        }
    return {"Collection": known.digest or NOT_KNOWN, "Licences": licences_listed(known.licences), "All else": NOT_KNOWN}


def terms_section(subject: Subject) -> str:
    """What the licences ask for, as information."""
    return "\n\n".join(filter(None, (bullets(map(plain, terms_sentences(subject))), CAVEAT)))


def terms_sentences(subject: Subject) -> list[str]:
    """Of the pictures, and of the pre-trained models that it stands on."""
    said = subject.terms.sentences
    if subject.unrecorded:
        said.append(f"The licences of {counted(subject.unrecorded, 'collection')} are {NOT_KNOWN}.")
    return [*said, *subject.base_sentences]


def credits_section(subject: Subject) -> str:
    """Whom licences ask to name: creator, title, source and licence, by creator and licence; '' where none asks."""
    held = [known.holdings for known in subject.collections if known.holdings is not None]
    credits = sorted((credit for each in held for credit in each.credits), key=lambda credit: -credit.pictures)
    lines = [_credit(credit) for credit in credits[:MOST_CREDITS]]
    rest = sum(_asking(each.licences) for each in held) - sum(credit.pictures for credit in credits[:MOST_CREDITS])
    if rest:
        whole = "`record.json`" if subject.is_model else "`pictures.jsonl`"
        lines.append(f"and {counted(rest, 'picture')} more, see {whole}")
    if nameless := sum(_asking(known.licences or {}) for known in subject.collections if known.holdings is None):
        lines.append(f"and {counted(nameless, 'picture')} of collections of which no more is known")
    return bullets(lines)


def owners_section(subject: Subject) -> str:
    """How owners of pictures want to be named, whatever their licences ask for; '' where none says so."""
    counts: Counter[str] = Counter()
    held = [known.holdings for known in subject.collections if known.holdings is not None]
    for each in held:
        counts.update(each.owners.named)
    lines = [f"{plain(line)} ({counted(count, 'picture')})" for line, count in counts.most_common(MOST_CREDITS)]
    rest = sum(each.owners.pictures for each in held) - sum(count for _, count in counts.most_common(MOST_CREDITS))
    return bullets([*lines, *([f"and those of {counted(rest, 'picture')} more"] if rest else [])])


def _asking(licences: Mapping[str, int]) -> int:
    return sum(Terms.of(licences).asking("attribution").values())


def _credit(credit: Credit) -> str:
    shown = credit.titles[:MOST_TITLES]
    more = f" and {credit.pictures - len(shown):,} more" if credit.pictures > len(shown) else ""
    titles = f": {', '.join(f'“{plain(title)}”' for title in shown)}{more}" if shown else ""
    who = plain(credit.creator) or f"A creator who is {NOT_KNOWN}"
    note = terms_of(credit.licence).note
    licence = f"{plain(short_name(credit.licence))}{f' ({plain(note)})' if note else ''}"
    sources = ", ".join(address(source) for source in credit.sources[:MOST_TITLES])
    return "; ".join(filter(None, (f"{who}, {counted(credit.pictures, 'picture')}{titles}", licence, sources)))
