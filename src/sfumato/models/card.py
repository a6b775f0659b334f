"""A model's card: what is known of it, as the Hub's README.md."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping

from sfumato.models.configuration import BeginsWith, ModelConfig
from sfumato.text import class_name

# By what a work begins with: in Python, and as a command.
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


def model_card(config: ModelConfig, facts: Mapping[str, str], *, description: str, tag: str) -> str:
    """The card of a model, Markdown with the Hub's metadata.

    facts: what is known of the pictures, the training and the results, each a name and a sentence; description: what
    kind of model it is, 'A diffusion model for pictures'; tag: the same for the Hub, 'diffusion'.
    """
    name = " ".join(config.name.split())
    classes = ", ".join(
        f"{_text(class_name(label))} ({share:.0%})"
        for label, share in zip(config.classes, config.class_shares, strict=True)
    )
    table = {
        "Makes": f"pictures {config.factor} times as large, in windows of {config.size} x {config.size} pixels"
        if config.enlarges
        else f"pictures of {config.size} x {config.size} pixels",
        "Classes": classes or "none",
        "Network": f"{config.network.kind}, {config.preconditioning} preconditioning",
        **{_text(what): _text(fact) for what, fact in facts.items()},
        **({"Descends from": ", ".join(config.descends_from)} if config.descends_from else {}),
        "Made with": f"sfumato {config.sfumato_version}",
    }
    python, command = _USES[config.begins_with]
    rows = "\n".join(f"| {what} | {fact} |" for what, fact in table.items())
    return f"""---
library_name: sfumato
pipeline_tag: {"unconditional-image-generation" if config.begins_with == "noise" else "image-to-image"}
tags:
- {tag}
- art
- sfumato
---

# {_text(config.name)}

{description}, trained from scratch on one collection.

| | |
|---|---|
{rows}

## Use

```python
{python.format(quoted=json.dumps(name, ensure_ascii=False))}
```

or

```
{command.format(shell=shlex.quote(name))}
```

## Limits

It knows nothing but the pictures that it was trained on. Whether a work is too near to one of them, and what the
pictures' licences allow, is for its user to check.
"""


def _text(value: str) -> str:
    """As plain text in one cell of a table: a name from a folder or a data sheet is no Markdown and no HTML."""
    return re.sub(r"([\\`*_\[\]<>|&#!~])", r"\\\1", " ".join(value.split()))
