"""Cards for the Hub: a model's README.md, and that of a collection as a data set."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Final

from sfumato.cards.holding_words import (
    collection_sections,
    credits_section,
    holdings_rows,
    owners_section,
    terms_section,
)
from sfumato.cards.hub_metadata import dataset_metadata, model_metadata
from sfumato.cards.markdown import NOT_KNOWN, listed, plain, table
from sfumato.cards.subject import Subject
from sfumato.models.configuration import BeginsWith, ModelConfig, PretrainedNetwork
from sfumato.models.record import TRIGGER
from sfumato.text import class_name, counted, printable

_PROMPT: Final = "a lighthouse at dusk"
# Of a model that reads text: in Python, and as a command.
_USE_OF_WORDS: Final = (
    """import sfumato

works = sfumato.Model.from_pretrained({quoted}).generate(4, prompt={prompt}, seed=7)
works[0].save("work.png")""",
    "sfumato generate {shell} --prompt {words} -n 4 --seed 7 -o works",
)
# By what a work of other models begins with.
_USES: Mapping[BeginsWith, tuple[str, str]] = {
    "noise": (
        """import sfumato

works = sfumato.Model.from_pretrained({quoted}).generate(16, seed=7)
works[0].save("work.png")""",
        "sfumato generate {shell} -n 16 --seed 7 -o works",
    ),
    "picture": (
        """import sfumato
from PIL import Image

work = sfumato.Model.from_pretrained({quoted}).reimagine(Image.open("picture.jpg"))
work.save("work.png")""",
        "sfumato reimagine {shell} picture.jpg -o work.png",
    ),
    "reference": (
        """import sfumato
from PIL import Image
from sfumato.models import upscale

work = upscale(sfumato.Model.from_pretrained({quoted}), Image.open("picture.png"))
work.save("larger.png")""",
        "sfumato upscale {shell} picture.png -o larger.png",
    ),
}
_NO_DESCRIPTION: Final = "A model that makes pictures"
_MOST_CLASSES: Final = 200
_MODEL_LIMITS: Final = """\
Whether a work is too near to one of them, and what the
pictures' licences allow, is for its user to check. Nobody stated a licence for the model itself: whoever publishes it
chooses one that goes with those of the pictures."""
_OWN_PICTURES: Final = "It knows nothing but the pictures that it was trained on."
_BASE_PICTURES: Final = (
    "It knows what its base learned from too, which the licences of its own pictures say nothing of."
)
_DATA_LIMITS: Final = """\
The facts are those that files, tables and whoever collected the pictures state; nobody checked them. What is not known
stands here as not known. Who is shown in the pictures is not known either: nobody looked for people or for what is
personal in them. The pictures themselves lie where they were collected, and are no part of this card."""


def hub_card(subject: Subject) -> str:
    """The card of a model or a collection: Markdown with the Hub's metadata."""
    return model_card(subject) if subject.is_model else dataset_card(subject)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def model_card(subject: Subject) -> str:
    """The card of a model: Markdown with the Hub's metadata. Raises ValueError for a collection."""
    config = subject.config
    if config is None:
        raise ValueError("a collection has another card: dataset_card")
    name = printable(" ".join(config.name.split()))
    trigger = " ".join(subject.record.facts.get(TRIGGER, "").split())
    prompt = f"{trigger}, {_PROMPT}" if trigger else _PROMPT
    python, command = _USE_OF_WORDS if config.takes_prompts else _USES[config.begins_with]
    parts = [
        f"# {plain(config.name)}",
        f"{plain(subject.record.description) or _NO_DESCRIPTION}{_trained(config)}.",
        table(_model_rows(subject, config)),
        "## Use",
        f"```python\n{python.format(quoted=_quoted(name), prompt=_quoted(prompt))}\n```",
        "or",
        f"```\n{command.format(shell=shlex.quote(name), words=shlex.quote(prompt))}\n```",
        "## What it learned from",
        *_gone(subject),
        *collection_sections(subject),
        *_terms(subject),
        "## Limits",
        f"{_BASE_PICTURES if subject.bases else _OWN_PICTURES} {_MODEL_LIMITS}",
    ]
    return model_metadata(subject, config) + "\n" + "\n\n".join(parts) + "\n"


def dataset_card(subject: Subject) -> str:
    """The card of a collection as a data set: Markdown with the Hub's metadata. Raises ValueError where it is not known
    what it holds."""
    holdings = subject.own
    if holdings is None:
        raise ValueError("it is not known what the collection holds")
    parts = [
        f"# {plain(subject.name)}",
        f"A collection of {counted(holdings.pictures, 'picture')}, made with sfumato.",
        table(holdings_rows(holdings)),
        *_terms(subject),
        "## Limits",
        _DATA_LIMITS,
    ]
    return dataset_metadata(subject, holdings) + "\n" + "\n\n".join(parts) + "\n"


def _model_rows(subject: Subject, config: ModelConfig) -> dict[str, str]:
    shares = zip(config.classes, config.class_shares, strict=True)
    classes = ", ".join(f"{plain(class_name(label))} ({share:.0%})" for label, share in list(shares)[:_MOST_CLASSES])
    more = len(config.classes) - _MOST_CLASSES
    record = subject.record
    learned = f"{record.trained:,}, and {record.held_out or 0:,} held out to judge by" if record.trained else NOT_KNOWN
    return {
        "Makes": f"pictures {config.factor} times as large, in windows of {config.size} x {config.size} pixels"
        if config.enlarges
        else f"pictures of {config.side} x {config.side} pixels{_enlarged(config)}",
        "Classes": (classes + (f" and {more:,} more" if more > 0 else "")) or "none",
        "Network": _network(config),
        "Pictures learned from": learned,
        **{plain(what): plain(fact) for what, fact in record.facts.items()},
        **({"Descends from": ", ".join(map(plain, config.descends_from))} if config.descends_from else {}),
        **({"Weights": subject.weights} if subject.weights else {}),
        **({} if _is_others(config) else {"Made with": f"sfumato {plain(config.sfumato_version) or NOT_KNOWN}"}),
    }


def _network(config: ModelConfig) -> str:
    if isinstance(config.network, PretrainedNetwork):
        return f"that of {config.network.family}, of {config.network.parameters / 1e6:,.1f} million parameters"
    enlarging = f"; to enlarge {', '.join(each.network.kind for each in config.upscalers)}" if config.upscalers else ""
    return f"{config.network.kind}, {config.preconditioning} preconditioning{enlarging}"


def _enlarged(config: ModelConfig) -> str:
    """From what, where a model has upscalers."""
    if not config.upscalers:
        return ""
    times = ", then ".join(f"{each.factor} times" for each in config.upscalers)
    return f", made at {config.size} x {config.size} and enlarged {times}"


def _trained(config: ModelConfig) -> str:
    if config.descends_from:
        return f", trained, beginning with the weights of {_ancestors(config)}"
    return "" if _is_others(config) else ", trained from scratch"


def _is_others(config: ModelConfig) -> bool:
    """Whether another program trained all of it."""
    return config.takes_prompts and not config.descends_from


def _ancestors(config: ModelConfig) -> str:
    return "another model" if len(config.descends_from) == 1 else "other models, one after another"


def _gone(subject: Subject) -> list[str]:
    if not subject.gone:
        return []
    total = counted(sum(subject.gone.values()), "picture")
    return [
        f"**Since it was trained, {total} that it may have learned from left its collection: {listed(subject.gone)}.**"
    ]


def _terms(subject: Subject) -> list[str]:
    credits, owners = credits_section(subject), owners_section(subject)
    return [
        "## What the licences ask for",
        terms_section(subject),
        *(["## Credits", "Of the pictures whose licences ask for attribution:", credits] if credits else []),
        *(["## Owners", "As they want to be named, whatever the licences ask for:", owners] if owners else []),
    ]
