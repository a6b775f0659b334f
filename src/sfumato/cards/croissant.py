"""A collection in Croissant's JSON-LD, with the fields of its vocabulary for responsible AI.

Croissant 1.1 (https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html) and RAI 1.0
(https://docs.mlcommons.org/croissant/docs/croissant-rai-spec.html). What is not known has no field, or one that says
so: there is no date, and no version, where nobody recorded one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from sfumato.cards.rai import rai_fields
from sfumato.cards.subject import Subject
from sfumato.collection.holdings import Holdings
from sfumato.collection.storing import PICTURES
from sfumato.provenance.licences import OWN, UNKNOWN, is_reference
from sfumato.text import counted, printable

CROISSANT: Final = "http://mlcommons.org/croissant/1.1"
RAI: Final = "http://mlcommons.org/croissant/RAI/1.0"
_CONTEXT: Final[Mapping[str, Any]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{
        name: f"cr:{name}"
        for name in (
            "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field", "fileObject",
            "fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5",
            "parentField", "path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate",
            "separator", "source", "subField", "transform",
        )
    },
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
}  # fmt: skip
# Of each picture, as its line in the collection has them: Croissant's type, and what it is.
_FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "file": ("sc:Text", "the picture's file, relative to the folder that was collected"),
    "sha256": ("sc:Text", "SHA-256 of the file"),
    "bytes": ("sc:Integer", "the file's size"),
    "width": ("sc:Integer", "in pixels, after orientation"),
    "height": ("sc:Integer", "in pixels, after orientation"),
    "category": ("sc:Text", "its class, empty where it has none"),
    "caption": ("sc:Text", "a text that describes it, empty where there is none"),
    "creator": ("sc:Text", "who made it, empty where nobody states it"),
    "title": ("sc:Text", "empty where nobody states it"),
    "year": ("sc:Text", "when it was made, in the words of whoever states it, empty where nobody does"),
    "source": ("sc:Text", "where it comes from, empty where nobody states it"),
    "licence": ("sc:Text", "an SPDX id, a URI of Creative Commons or rightsstatements.org, own, LicenseRef-, unknown"),
    "group": ("sc:Text", "equal for near duplicates"),
    "split": ("sc:Text", "the side of a split that others put it on"),
}


def croissant(subject: Subject) -> str:
    """The collection, or that which a model learned from, as JSON-LD on many lines."""
    held = subject.own
    licences = subject.licences if held is None else held.licences
    described: dict[str, Any] = {
        "@context": dict(_CONTEXT),
        "@type": "sc:Dataset",
        "name": _name(subject),
        "description": _description(subject),
        "conformsTo": [CROISSANT, RAI],
        "keywords": ["art", "image", "sfumato"],
        "license": [licence_address(name) for name in licences] or [UNKNOWN],
        **({} if held is None else _collector(held)),
        **_based_on(held),
        **rai_fields(subject),
        **_distribution(subject),
    }
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"


def licence_address(licence: str) -> str:
    """The address of a licence that has one; 'own', 'unknown' and a LicenseRef stay as they are."""
    if licence in (OWN, UNKNOWN) or is_reference(licence) or licence.startswith("http"):
        return printable(licence)
    return f"https://spdx.org/licenses/{printable(licence)}"


def _name(subject: Subject) -> str:
    name = printable(" ".join(subject.name.split())) or "untitled"
    return f"What the model {name} learned from" if subject.is_model else name


def _description(subject: Subject) -> str:
    held = subject.own
    what = "What it holds is not known." if held is None else f"{counted(held.pictures, 'picture')} of art."
    if not subject.is_model:
        return what
    more = len(subject.collections) - 1
    others = (
        f" The model descends from others, which learned from {counted(more, 'collection')} more." if more > 0 else ""
    )
    return f"The collection that a model was trained on: {what}{others}"


def _collector(held: Holdings) -> dict[str, Any]:
    """Who made the data set, where they said that its pictures are theirs; who made the pictures stands with each."""
    return {"creator": {"@type": "sc:Person", "name": printable(held.owner)}} if held.owner else {}


def _based_on(held: Holdings | None) -> dict[str, Any]:
    """The data set that it was fetched from."""
    origin = None if held is None else held.origin
    if origin is None:
        return {}
    places = {"hf": "https://huggingface.co/datasets/", "kaggle": "https://www.kaggle.com/datasets/"}
    found = (f"{place}{name}" for host, place in places.items() if (name := origin.name_on(host)))
    return {"isBasedOn": next(found, printable(origin.reference))}


def _distribution(subject: Subject) -> dict[str, Any]:
    """The file with a line for each picture, and what is in it, where it is there; the pictures lie elsewhere."""
    if subject.table is None:
        return {}
    digest, size = subject.table
    file = {
        "@type": "cr:FileObject",
        "@id": PICTURES,
        "name": PICTURES,
        "description": "what is known of each picture, one JSON object a line",
        "contentUrl": PICTURES,
        "contentSize": f"{size} B",
        "encodingFormat": "application/jsonlines",
        "sha256": digest,
    }
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"pictures/{name}",
            "name": name,
            "description": said,
            "dataType": kind,
            "source": {"fileObject": {"@id": PICTURES}, "extract": {"column": name}},
        }
        for name, (kind, said) in _FIELDS.items()
    ]
    records = {
        "@type": "cr:RecordSet",
        "@id": "pictures",
        "name": "pictures",
        "description": "one record a picture",
        "key": {"@id": "pictures/file"},
        "field": fields,
    }
    return {"distribution": [file], "recordSet": [records]}
