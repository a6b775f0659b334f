"""How equal pre-trained models behind the contract are to their own pipelines: tiny ones of each family, or a model's.

python benchmarks/equality.py             # the table of benchmarks/README.md
python benchmarks/equality.py MODEL       # of a folder of diffusers, a single file, or one on the Hub
"""

from __future__ import annotations

import argparse
import warnings
from typing import Any

from tiny_pipelines import PIPELINES, SIZE, pipeline

from sfumato.pretrained.bridge import Pretrained, bridged
from sfumato.pretrained.equality import KARRAS, measure
from sfumato.pretrained.extra import quiet
from sfumato.pretrained.opening import open_pipeline

STEPS = 8
NEGATIVE = "green"


def cases(pretrained: Pretrained) -> list[dict[str, Any]]:
    """Guidance off, on, and leading away from words, where the pipeline takes such."""
    takes = pretrained.family.name != "flux2_klein"
    return [{"guidance": 1.0}, {"guidance": 3.0}, *([{"guidance": 3.0, "negative": NEGATIVE}] if takes else [])]


def row(name: str, pretrained: Pretrained, **asked: Any) -> str:
    names = [*pretrained.spacing.names, *([] if pretrained.family.is_flow else [KARRAS])]
    errors = {
        spacing: max(measure(pretrained, spacing=spacing, **case, **asked).error for case in cases(pretrained))
        for spacing in names
    }
    return f"| {name} | " + ", ".join(f"{spacing} {error:.1e}" for spacing, error in errors.items()) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?")
    model = parser.parse_args().model
    warnings.simplefilter("ignore")
    print(
        f"Relative error of the latents after {STEPS} steps of Euler, the largest of guidance off, on, and on with a "
    )
    print("negative prompt, from the same x.\n")
    print("| family | error |\n|---|---|")
    with quiet():
        if model is not None:
            print(row(model, bridged(open_pipeline(model).pipeline, model), steps=STEPS))
            return
        for name in PIPELINES:
            print(row(name, bridged(pipeline(name)), steps=STEPS, height=SIZE, width=SIZE * 3 // 2), flush=True)


if __name__ == "__main__":
    main()
