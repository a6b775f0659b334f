"""A work: a generated picture together with its recipe, kept in one PNG file."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin, UnidentifiedImageError

from sfumato.disk import open_file
from sfumato.errors import SfumatoError
from sfumato.images.files import BYTE_LIMIT, picture_format
from sfumato.images.png import Png, check_chunks
from sfumato.images.scaling import reduced_to
from sfumato.images.unusable import UnusableError
from sfumato.provenance.credentials import Input
from sfumato.provenance.mark import COMPOSITE, RECIPE_KEY, TRAINED_ALGORITHMIC_MEDIA
from sfumato.provenance.sources import LearnedFrom, Sources
from sfumato.text import shortened
from sfumato.works.recipe import Mark, Recipe, Reduction
from sfumato.works.saving import Product, Still, encoded, save, still
from sfumato.works.sheet import contact_sheet
from sfumato.works.values import MOST_PIXELS
from sfumato.works.viewing import enlarged, viewing_scale

if TYPE_CHECKING:
    from sfumato.likeness import Finding

PARAMETERS_KEY: Final = "parameters"
SHOWN_SIDE: Final = 256  # pixels, to which notebooks show small works enlarged


@dataclass(frozen=True)
class Work:
    """A picture that was generated, and how.

    image: RGB, of the size that the recipe names (ValueError otherwise). learned_from: the collections that the model
    learned from, () where it does not say; inputs: the file of the picture that was edited, or that the work was read
    from, where it is known; kept: [H, W], True where pixels of that picture were kept, None where none were; finding:
    what it is near to of all that the model learned from, None where it was not compared.
    """

    image: Image.Image
    recipe: Recipe
    learned_from: tuple[LearnedFrom, ...] = field(default=(), compare=False)
    inputs: tuple[Input, ...] = field(default=(), compare=False)
    kept: NDArray[np.bool_] | None = field(default=None, compare=False, repr=False)
    finding: Finding | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.image.mode != "RGB":
            raise ValueError(f"a work's picture is RGB, not {self.image.mode}")
        if self.image.size != self.recipe.size:
            raise ValueError(f"the picture is {self.image.size}, its recipe says {self.recipe.size}")

    def __repr__(self) -> str:
        made, (width, height) = self.recipe.first.request, self.image.size
        label = f", {shortened(made.subject, 60)!r}" if made.subject else ""
        by = self.recipe.model.name
        return f"Work({width} x {height} px{label}, seed {made.seed}, number {made.number}, by {by!r})"

    def _repr_png_(self) -> bytes:
        """How notebooks show it: small ones enlarged by whole numbers, as on sheets."""
        shown = enlarged(self.image, viewing_scale(self.image.size, SHOWN_SIDE))
        return encoded(self._product(shown), Path("work.png"))

    def encoded(self, form: Still = "png", *, scale: int = 1, quality: int = 90) -> bytes:
        """Its picture for whoever asks over a network, enlarged by a whole number, signed and without the recipe; see
        `still`. In the file that ``save`` writes the recipe goes along."""
        return still(self._product(enlarged(self.image, scale)), form, quality=quality)

    def _product(self, shown: Image.Image, *, recipe: bool = False) -> Product:
        """What leaves of it: the picture as it is shown. recipe: whether its settings go along, and their digest."""
        from sfumato.likeness.finding import comparison

        texts: dict[str, str] = {}
        digest = None
        if recipe:
            texts = {PARAMETERS_KEY: self.recipe.parameters_text(), RECIPE_KEY: self.recipe.to_json()}
            digest = hashlib.sha256(texts[RECIPE_KEY].encode()).hexdigest()
        return Product(
            [shown],
            texts=texts,
            source_type=COMPOSITE if self.recipe.keeps_a_part else TRAINED_ALGORITHMIC_MEDIA,
            inputs=self.inputs or self._inputs_by_digest(),
            sources=Sources(
                self.recipe.model.digest, self.learned_from, digest, comparison([self.finding], files=recipe)
            ),
            mark=self.recipe.mark,
            works=1,
            dpi=None if self.recipe.reduction is None or shown.size != self.image.size else self.recipe.reduction.dpi,
        )

    def _inputs_by_digest(self) -> tuple[Input, ...]:
        """The picture that was edited, of which only the pixels were seen."""
        edit = self.recipe.request.edit
        return () if edit is None or self.recipe.origin is not None else (Input.of_pixels(edit.picture),)

    def marked(self, identity: str | None = None) -> Work:
        """With a mark in its pixels and in its recipe, by which `sfumato verify` knows it without its metadata; as it
        is where it bears one, and where there is no room for one: pictures under 192 pixels a side get none.

        identity: of the mark, by default the beginning of the recipe's SHA-256. What was kept of a picture stays as it
        is, to the pixel.
        """
        from sfumato.watermark import Marked, embed

        if self.recipe.mark is not None:
            return self
        identity = identity or hashlib.sha256(self.recipe.to_json().encode()).hexdigest()[:8]
        found = embed(self.image, int(identity, 16), self.kept)
        if not isinstance(found, Marked):
            return self
        mark = Mark(identity=identity, key_version=found.key_version)
        return replace(self, image=found.image, recipe=self.recipe.model_copy(update={"mark": mark}))

    def as_in(self, recipe: Recipe) -> Work:
        """As the file with this recipe has it: with its mark, if it bears one. For a work that was made once more."""
        return self if recipe.mark is None else self.marked(recipe.mark.identity)

    def reduced_as_in(self, recipe: Recipe) -> Work:
        """Made smaller as the file with this recipe has it, if it was; before or after it was marked, as it was."""
        reduction = recipe.reduction
        return (self.as_in(recipe) if reduction is not None and reduction.of_marked else self).reduced(reduction)

    def reduced(self, reduction: Reduction | None) -> Work:
        """Made smaller, as for a print, or as it is where that is None. What was kept of a picture is no longer kept to
        the pixel. Raises ValueError where it is smaller already."""
        if reduction is None:
            return self
        reduction = reduction.model_copy(update={"of_marked": self.recipe.mark is not None})
        image = reduced_to(self.image, reduction.width, reduction.height)
        recipe = self.recipe.model_copy(update={"reduction": reduction})
        return replace(self, image=image, recipe=recipe, kept=None)

    def save(self, path: str | Path, *, recipe: bool = True, mark: bool = True, force: bool = False) -> Path:
        """Write a PNG that carries the recipe (as JSON and as other programs' `parameters`) and says it is generated,
        with a mark in its pixels where they have room for one (``marked``), unless ``mark`` is False.

        recipe: False to leave every setting out, for people who do not want to share them; the file still says that it
        is generated, and by sfumato, and it is signed with the person's own key (`sfumato.provenance.keys`). The file
        is written whole or not at all, and entered in the index of saved works (`sfumato.works.saved`); folders are
        made. Returns its path. Raises SfumatoError if the name does not end in .png, if the file exists (without
        `force`) or if it cannot be written, signed or entered.
        """
        path = Path(path)
        check_png(path)
        work = self.marked() if mark else self
        return save(work._product(work.image, recipe=recipe), path, force=force)


def check_png(path: Path) -> None:
    """Raises SfumatoError for a name that is no PNG's."""
    if path.suffix.lower() != ".png":
        raise SfumatoError(f"{path}: a work is kept as PNG, with its recipe inside; choose a name that ends in .png")


def read_work(path: str | Path) -> Work:
    """Read a work that `Work.save` wrote. Raises SfumatoError if it is missing, damaged or carries no recipe."""
    path = Path(path)
    try:
        with open_file(path) as file:
            check_chunks(file)
            data = file.read(BYTE_LIMIT + 1)
    except FileNotFoundError:
        raise SfumatoError(f"{path} does not exist") from None
    except (OSError, ValueError) as error:
        raise SfumatoError(f"{path} cannot be read ({getattr(error, 'strerror', None) or error})") from error
    return work_in(data, path)


def work_in(data: bytes, path: Path) -> Work:
    """The same of the bytes of its file, which lies at a path."""
    if len(data) > BYTE_LIMIT:
        raise SfumatoError(f"{path} is not opened: it is far larger than any work")
    try:
        if picture_format(data) != "PNG":
            raise UnidentifiedImageError
        check_chunks(io.BytesIO(data))
        Png.examine(data)
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise SfumatoError(f"{path} is not opened: it has far more pixels than any work")
            picture.load()
            texts = picture.text if isinstance(picture, PngImagePlugin.PngImageFile) else {}
            image = picture.convert("RGB")
    except UnusableError as error:
        raise SfumatoError(f"{path} cannot be read as a work: {error}") from error
    except UnidentifiedImageError:
        raise SfumatoError(f"{path} is not a PNG picture, so it carries no recipe") from None
    except Image.DecompressionBombError as error:
        raise SfumatoError(f"{path} is not opened: it has far more pixels than any work") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:  # Pillow raises each of these for damaged files
        raise SfumatoError(f"{path} cannot be read ({getattr(error, 'strerror', None) or error})") from error
    if RECIPE_KEY not in texts:
        raise SfumatoError(f"{path} carries no recipe: it was not made by sfumato, or saved again by another program")
    try:
        recipe = Recipe.from_json(texts[RECIPE_KEY])
    except SfumatoError as error:
        raise SfumatoError(f"{path}: {error}") from error
    if image.size != recipe.size:
        raise SfumatoError(
            f"{path} is {image.width}x{image.height} pixels and its recipe makes {recipe.size[0]}x{recipe.size[1]}: "
            "another program has changed its size"
        )
    return Work(image, recipe, inputs=(Input(data, path.name),))


def sheet_of(works: Sequence[Work | Image.Image], *, columns: int | None = None, labels: bool = False) -> Image.Image:
    """Works on one sheet, which notebooks show as the last line of a cell: ``sfumato.sheet(model.generate(16))``.

    works: one or more, or pictures. columns: as many as give a sheet a little wider than high. labels: whether each
    work's class or prompt stands below it. Returns an RGB picture. Raises ValueError for none.
    """
    images = [work.image if isinstance(work, Work) else work for work in works]
    named = [work.recipe.first.request.subject if isinstance(work, Work) else "" for work in works]
    return contact_sheet(images, columns=columns, labels=named if labels else None)
