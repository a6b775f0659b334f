"""The metadata that the Hub reads at the head of a card, written by its own client.

https://huggingface.co/docs/hub/model-cards and https://huggingface.co/docs/hub/datasets-cards
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sfumato.cards.subject import Subject
from sfumato.collection.holdings import Holdings
from sfumato.models.configuration import ModelConfig
from sfumato.provenance.licences import UNKNOWN, short_name
from sfumato.text import printable

# Of the Hub's list of licences (https://huggingface.co/docs/hub/repositories-licenses) those that works of art have.
_HUB: Final = frozenset(
    (
        "cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0",
        "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0",
        "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "mit", "apache-2.0", "unlicense", "wtfpl", "ofl-1.1",
    )
)  # fmt: skip
_SIZES: Final = (
    (10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"),
    (10**8, "10M<n<100M"), (10**9, "100M<n<1B"), (10**10, "1B<n<10B"), (10**11, "10B<n<100B"),
    (10**12, "100B<n<1T"),
)  # fmt: skip


def model_metadata(subject: Subject, config: ModelConfig) -> str:
    """YAML. The model's own licence is whoever's who publishes it to state, so that it stands there as unknown."""
    from huggingface_hub import ModelCardData

    origins = [known.holdings.origin for known in subject.collections if known.holdings is not None]
    datasets = [name for origin in origins if origin is not None and (name := origin.name_on("hf"))]
    return _yaml(
        ModelCardData(
            license=UNKNOWN,
            library_name="sfumato",
            pipeline_tag=_task(config),
            tags=[*filter(None, (_line(subject.record.tag),)), "art", "sfumato"],
            datasets=list(dict.fromkeys(datasets)) or None,
            base_model=_line(subject.record.base_model) or None,
        )
    )


def _task(config: ModelConfig) -> str:
    """As the Hub names what a model does."""
    if config.takes_prompts:
        return "text-to-image"
    return "unconditional-image-generation" if config.begins_with == "noise" else "image-to-image"


def dataset_metadata(subject: Subject, holdings: Holdings) -> str:
    """YAML."""
    from huggingface_hub import DatasetCardData

    described = bool(holdings.captions) or holdings.classes.names > 0
    tasks = ["unconditional-image-generation"]
    tasks += ["image-classification"] if holdings.classes.names > 1 else []
    tasks += ["text-to-image"] if holdings.captions else []
    sources = ["extended"] if holdings.origin is not None else ["original"] if holdings.owner else None
    return _yaml(
        DatasetCardData(
            pretty_name=_line(subject.name),
            size_categories=[size_category(holdings.pictures)],
            task_categories=tasks,
            annotations_creators=["found" if described else "no-annotation"],
            source_datasets=sources,
            tags=["art", "image", "sfumato"],
            **hub_licence(holdings.licences),
        )
    )


def hub_licence(licences: Mapping[str, int]) -> dict[str, Any]:
    """license, license_name and license_link as the Hub has them: its own names where it has them for all licences, and
    `other` with a name where it has not."""
    names = list(dict.fromkeys(_hub_name(licence) for licence in licences)) or [UNKNOWN]
    if "" not in names:
        return {"license": names[0] if len(names) == 1 else sorted(names)}
    if len(licences) > 1:
        return {"license": "other", "license_name": "several-see-the-card"}
    (licence,) = licences
    link = {"license_link": _line(licence)} if licence.startswith("http") else {}
    return {"license": "other", "license_name": _line(short_name(licence)).lower(), **link}


def _hub_name(licence: str) -> str:
    """The Hub's name of a licence, '' where it has none."""
    name = licence.lower()
    return name if name in (*_HUB, UNKNOWN) else ""


def size_category(pictures: int) -> str:
    return next((name for most, name in _SIZES if pictures < most), "n>1T")


def _line(text: str) -> str:
    """On one line: a line of '---' within a text would end the metadata."""
    return printable(" ".join(text.split()))


def _yaml(data: Any) -> str:
    return f"---\n{data.to_yaml()}\n---\n"
