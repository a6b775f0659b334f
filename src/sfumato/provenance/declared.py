"""What a picture's Content Credentials say of where it comes from, as far as their signature holds.

Who signed is not asked: a stranger's words weigh as much here as those that anybody can write into XMP. A manifest that
does not hold is not believed, and that is said; but where it says that the picture is not to be learned from, the doubt
is the artist's, and the picture is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sfumato.provenance import generators, opt_outs
from sfumato.provenance.library import c2pa, media_type, reason
from sfumato.provenance.manifests import (
    OUT_OF_TIME,
    UNTRUSTED,
    Store,
    assertions_in,
    codes_in,
    read_manifests,
    rows,
    table,
)
from sfumato.provenance.statements import (
    C2PA,
    CREATOR,
    FAULT,
    GENERATED,
    LICENCE,
    OPT_OUT,
    YEAR,
    Statement,
    one_text,
    said_in,
)

UNSURE: Final = "C2PA that does not hold"
_MOST_MANIFESTS: Final = 64  # of one picture's history
_CREATIVE_WORK: Final = "stds.schema-org.CreativeWork"
_METADATA: Final = ("cawg.metadata", "c2pa.metadata", "stds.iptc", "stds.iptc.photo-metadata", "stds.exif")


def manifest_said(data: bytes) -> list[Statement]:
    """The statements of a file's manifest, and whether it could not be read or believed. Nothing is fetched."""
    kind = media_type(data)
    if kind is None:
        return []
    library = c2pa()
    try:
        store = read_manifests(kind, data)
    except library.C2paError.ManifestNotFound:
        return []
    except library.C2paError as error:
        return [_fault(reason(error))]
    if not store.active:
        return [_fault("a part of it is not as the standard has it")]
    broken = _broken(store.failures)
    if not broken:
        return [*_facts(store), *_of_history(store)]
    doubted = [each._replace(where=UNSURE) for each in _of_history(store) if each.about == OPT_OUT]
    return [Statement(FAULT, f"its Content Credentials do not hold ({broken}) and are not believed", C2PA), *doubted]


def _fault(said: str) -> Statement:
    return Statement(FAULT, f"its Content Credentials cannot be read ({one_text([said])[:200]})", C2PA)


def _broken(failures: Sequence[tuple[str, str]]) -> str:
    """The first code that says more than that nobody vouches for the signer, or not any more; '' for none."""
    return next((code for code, _ in failures if code != UNTRUSTED and code not in OUT_OF_TIME), "")


def _facts(store: Store) -> Iterator[Statement]:
    """Who made it and under what licence: in assertions of metadata, whose names are XMP's, and of schema.org."""
    for label, data in assertions_in(store.active):
        name = label.partition("__")[0]
        if name in _METADATA:
            properties = {key: _texts(value) for key, value in data.items()}
            yield from said_in(properties, C2PA)
            yield from opt_outs.in_properties(properties, C2PA)
            yield from generators.in_properties(properties, C2PA)
        elif name == _CREATIVE_WORK:
            authors = [str(each.get("name", "")) for each in rows(data.get("author"))]
            dates, terms = _texts(data.get("dateCreated")), _texts(data.get("license"))
            notices = _texts(data.get("copyrightNotice"))
            found = ((CREATOR, authors), (YEAR, dates), (LICENCE, terms), (LICENCE, notices))
            yield from (Statement(about, text, C2PA) for about, texts in found if (text := one_text(texts)))


def _of_history(store: Store) -> Iterator[Statement]:
    """Marks against learning from it, and whether a model made it, or what it was made from."""
    waiting, seen = [(store.label, False)], set[str]()
    while waiting and len(seen) < _MOST_MANIFESTS:
        label, is_part = waiting.pop()
        if label in seen or label not in store.manifests:
            continue
        seen.add(label)
        manifest = store.manifests[label]
        for name, data in assertions_in(manifest):
            yield from opt_outs.in_assertion(name, data, C2PA)
            yield from _generated(name, data, is_part=is_part)
        for each in rows(manifest.get("ingredients")):
            failures = codes_in(table(table(each.get("validation_results")).get("activeManifest")), "failure")
            kin = each.get("relationship")
            if kin in ("parentOf", "componentOf") and not _broken(failures):
                waiting.append((str(each.get("active_manifest")), is_part or kin == "componentOf"))


def _generated(name: str, data: Mapping[str, Any], *, is_part: bool) -> Iterator[Statement]:
    if not name.startswith("c2pa.actions"):
        return
    for action in rows(data.get("actions")):
        for found in generators.of_source_type(str(action.get("digitalSourceType", "")), C2PA):
            yield Statement(GENERATED, "compositeWithTrainedAlgorithmicMedia", C2PA) if is_part else found


def _texts(value: object) -> list[str]:
    """The texts in a value of JSON-LD: one, a list of them, or one for each language."""
    if isinstance(value, dict):
        value = value.get("x-default") or value.get("@value") or value.get("@id") or next(iter(value.values()), "")
    parts = value if isinstance(value, list) else [value]
    return [str(part) for part in parts if isinstance(part, (str, int, float))]
