"""The terms of a pre-trained model: what its card or its file states of the licence, and what is known of its training.

Of a licence only what it says on its face is read, from its name; its text is what counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from sfumato.pretrained.base_card import front_matter
from sfumato.provenance.bases import BaseTerms, Use
from sfumato.provenance.licences import REFERENCE, UNKNOWN, licence_of, short_name
from sfumato.provenance.terms import terms_of
from sfumato.text import printable


class _Licence(NamedTuple):
    """One that SPDX does not list: its own name, what it says of use, where it can be read."""

    title: str
    use: Use
    link: str


_RAIL: Final = _Licence(
    "CreativeML Open RAIL-M", "conditions", "https://huggingface.co/spaces/CompVis/stable-diffusion-license"
)
_RAIL_PLUS: Final = _Licence(
    "CreativeML Open RAIL++-M",
    "conditions",
    "https://huggingface.co/stabilityai/stable-diffusion-xl-base-1.0",
)
_COMMUNITY: Final = _Licence("Stability AI Community License", "conditions", "https://stability.ai/license")
_FLUX: Final = _Licence(
    "FLUX Non-Commercial License",
    "non-commercial",
    "https://huggingface.co/black-forest-labs/FLUX.1-dev",
)
_QWEN: Final = _Licence("Qwen Research License", "research", "")
_FAIR: Final = _Licence("Fair AI Public License 1.0-SD", "conditions", "https://freedevproject.org/faipl-1.0-sd/")
# By their names on the Hub (https://huggingface.co/docs/hub/repositories-licenses) and as files state them, in small
# letters with '-' between words.
_LICENCES: Final[Mapping[str, _Licence]] = {
    **dict.fromkeys(("creativeml-openrail-m", "creativeml-open-rail-m"), _RAIL),
    **dict.fromkeys(("openrail++", "openrail++-m", "creativeml-openrail++-m", "creativeml-open-rail++-m"), _RAIL_PLUS),
    **dict.fromkeys(("stabilityai-ai-community", "stability-ai-community", "stabilityai-community"), _COMMUNITY),
    **dict.fromkeys(
        ("flux-1-dev-non-commercial", "flux-dev-non-commercial", "flux-non-commercial", "flux-2-dev-non-commercial"),
        _FLUX,
    ),
    **dict.fromkeys(("qwen-research", "qwen-research-agreement"), _QWEN),
    "faipl-1-0-sd": _FAIR,
}
_ANY: Final = frozenset(("Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "Unlicense"))
# Of models whose file states nothing: what their publishers' cards do.
_KNOWN: Final[Mapping[str, str]] = {
    "stable-diffusion-v1-5/stable-diffusion-v1-5": "creativeml-openrail-m",
    "runwayml/stable-diffusion-v1-5": "creativeml-openrail-m",
    "compvis/stable-diffusion-v1-4": "creativeml-openrail-m",
    "stabilityai/stable-diffusion-2-1": "openrail++",
    "stabilityai/stable-diffusion-xl-base-1.0": "openrail++",
    "stabilityai/stable-diffusion-3.5-medium": "stabilityai-ai-community",
    "stabilityai/stable-diffusion-3.5-large": "stabilityai-ai-community",
    "black-forest-labs/flux.1-dev": "flux-1-dev-non-commercial",
    "black-forest-labs/flux.1-schnell": "apache-2.0",
    "black-forest-labs/flux.2-klein-4b": "apache-2.0",
    "tongyi-mai/z-image": "apache-2.0",
    "tongyi-mai/z-image-turbo": "apache-2.0",
    "lodestones/chroma1-hd": "apache-2.0",
    "common-canvas/commoncanvas-xl-c": "cc-by-sa-4.0",
}
_CATALOG: Final = "CommonCatalog, pictures under licences of Creative Commons (arXiv:2310.16825)"
# The few of which it is published, as their cards state it.
_TRAINED_ON: Final[Mapping[str, str]] = {
    "common-canvas/commoncanvas-xl-c": f"{_CATALOG}, those that may be used commercially",
    "common-canvas/commoncanvas-s-c": f"{_CATALOG}, those that may be used commercially",
    "common-canvas/commoncanvas-xl-nc": _CATALOG,
    "common-canvas/commoncanvas-s-nc": _CATALOG,
}
_MOST_LETTERS: Final = 300
_MOST_SETS: Final = 10


def base_terms(name: str, licence: str = "", card: str = "") -> BaseTerms:
    """What is known of the terms of a pre-trained model.

    name: 'owner/name' on the Hub, or its folder's or file's; licence: as a single file states it, where there is no
    card; card: its README, whose front matter counts first.
    """
    said = front_matter(card)
    own = name.casefold()
    stated = _stated(said) or _line(licence) or _KNOWN.get(own, "")
    found = _licence(stated)
    link = _line(said.get("license_link"))
    return found.model_copy(
        update={
            "name": _line(name) or "untitled",
            "link": link if link.startswith(("http://", "https://")) else found.link,
            "trained_on": _TRAINED_ON.get(own, "") or _sets(said),
        }
    )


def _stated(said: Mapping[str, Any]) -> str:
    """The licence in a card's front matter: where `license` is 'other', `license_name` names it."""
    licence = _line(said.get("license"))
    return _line(said.get("license_name")) or licence if licence.casefold() in ("", "other") else licence


def _licence(stated: str) -> BaseTerms:
    """What follows from a licence as it is stated; of none nothing does."""
    key = re.sub(r"[^a-z0-9+]+", "-", stated.casefold()).strip("-")
    known = _LICENCES.get(re.sub(r"^the-|-licen[cs]e(?:-v\d.*)?$", "", key))
    if known is not None:
        licence = REFERENCE + re.sub(r"[^A-Za-z0-9.]+", "-", known.title.replace("++", "-plus-plus"))
        return BaseTerms(name="", licence=licence, title=known.title, use=known.use, link=known.link)
    licence = licence_of(stated)
    if licence == UNKNOWN or stated.casefold() == "other":
        return BaseTerms(name="")
    if licence.startswith(REFERENCE):
        return BaseTerms(name="", licence=licence, title=stated)
    return BaseTerms(name="", licence=licence, title=short_name(licence), use=_use(licence), link=_address(licence))


def _use(licence: str) -> Use:
    if licence in _ANY:
        return "any"
    terms = terms_of(licence)
    if "non_commercial" in terms.conditions:
        return "non-commercial"
    return "conditions" if terms.standing == "licensed" else "any" if terms.standing == "free" else "unknown"


def _address(licence: str) -> str:
    return licence if licence.startswith("http") else f"https://spdx.org/licenses/{licence}"


def _sets(said: Mapping[str, Any]) -> str:
    """The data sets that a card names."""
    named = said.get("datasets")
    sets = [line for each in named if (line := _line(each))] if isinstance(named, list) else [_line(named)]
    more = len(sets) - _MOST_SETS
    return ", ".join(sets[:_MOST_SETS]) + (f" and {more:,} more" if more > 0 else "")


def _line(said: object) -> str:
    """Words on one line; '' for what is no words."""
    return printable(" ".join(said.split()))[:_MOST_LETTERS] if isinstance(said, str) else ""
