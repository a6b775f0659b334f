"""The sheets of a model with upscalers: 64 works at its own size, and four that are enlarged once more.

    python docs/run_large.py RUN [DIRECTORY]

writes works-256.jpg and works-1024.jpg (by the sizes that the model has) into docs/pictures or a directory. Works are
those of one seed in their order, each the best of four by the model's own critic: nobody left out or chose any.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from PIL import Image

from sfumato.models import Model
from sfumato.works import Work, contact_sheet
from sfumato.works.saving import Product, still

PICTURES: Final = Path(__file__).parent / "pictures"
SEED: Final = 7
MANY, FEW, BEST_OF = 64, 4, 4
QUALITY: Final = 85
MOST_SIDE: Final = 2200  # pixels of a sheet, so that a page loads it


def main() -> None:
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    folder = Path(sys.argv[2]) if len(sys.argv) == 3 else PICTURES
    folder.mkdir(parents=True, exist_ok=True)
    model = Model.from_pretrained(sys.argv[1])
    if not model.upscalers:
        sys.exit(f"{sys.argv[1]} has no upscalers; train it with --size 256")
    write(model, model.generate(MANY, seed=SEED, best_of=BEST_OF), folder)
    write(model, model.generate(FEW, seed=SEED, best_of=BEST_OF, upscale=model), folder)


def write(model: Model, works: list[Work], folder: Path) -> Path:
    """The sheet of works, as a signed JPEG named after their size. Returns its path."""
    sheet = contact_sheet([work.image for work in works], scale=1)
    if max(sheet.size) > MOST_SIDE:
        sheet.thumbnail((MOST_SIDE, MOST_SIDE), Image.Resampling.LANCZOS)
    sources = model.sources([work.finding for work in works])
    path = folder / f"works-{works[0].image.width}.jpg"
    path.write_bytes(still(Product([sheet], sources=sources), "jpeg", quality=QUALITY))
    print(f"{path}: {len(works)} works, {path.stat().st_size / 1e6:.1f} MB")
    return path


if __name__ == "__main__":
    main()
