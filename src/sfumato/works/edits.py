"""What can be done to a picture: refined, inverted, made anew in part, continued, enlarged or reconstructed.

Pictures are named by their digests; whoever asks gives them beside the request.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sfumato.works.values import Digest, Label, Pixels, Plain, Strength


class Margins(Plain):
    """Pixels to add beyond the edges of a picture."""

    left: Pixels = Field(default=0, description="Pixels to add on this side.")
    top: Pixels = Field(default=0, description="Pixels to add on this side.")
    right: Pixels = Field(default=0, description="Pixels to add on this side.")
    bottom: Pixels = Field(default=0, description="Pixels to add on this side.")


class Refine(Plain):
    """A picture is refined from half-way noise (SDEdit: Meng et al. 2022, arXiv:2108.01073)."""

    kind: Literal["refine"] = "refine"
    picture: Digest
    strength: Strength = Field(default=0.6, description="Near 0 keeps the picture, 1 begins with pure noise.")


class Invert(Plain):
    """A picture is edited: it begins as its own noise, found under the class ``source`` (None for none), so that what
    another class would not change comes back as it is."""

    kind: Literal["invert"] = "invert"
    picture: Digest
    strength: Strength = Field(default=0.6, description="Up to which fraction of the noise levels it is followed.")
    source: Label | None = Field(default=None, description="The class that the picture is of.")


class Inpaint(Plain):
    """Part of a picture is made anew: what the mask covers."""

    kind: Literal["inpaint"] = "inpaint"
    picture: Digest
    mask: Digest
    strength: Strength = Field(default=1.0, description="Below 1 something of what is replaced shows through.")


class Outpaint(Plain):
    """What lies beyond the edges of a picture is made."""

    kind: Literal["outpaint"] = "outpaint"
    picture: Digest
    margins: Margins


class Enlarge(Plain):
    """A small picture is enlarged by an upscaler, which adds the detail."""

    kind: Literal["enlarge"] = "enlarge"
    picture: Digest


class Reconstruct(Plain):
    """A picture is made again in one pass, by an autoencoder."""

    kind: Literal["reconstruct"] = "reconstruct"
    picture: Digest


AnyEdit = Refine | Invert | Inpaint | Outpaint | Enlarge | Reconstruct
Edit = Annotated[AnyEdit, Field(discriminator="kind")]
