"""Values with their ranges, of which requests and recipes are made."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializationInfo, SerializerFunctionWrapHandler, model_serializer

# Whoever gives a work away writes its recipe. What one may ask for is bounded far beyond all that makes sense, so that
# nothing is begun that a machine cannot end.
MOST_PIXELS: Final = 4096 * 4096
# Flow models begin with noise alone, at an infinite sigma; float32 tells this one from it in no sum.
HIGHEST_SIGMA: Final = 2.0**24
# Far above all that a model begins with which was trained on some noise levels, zero-terminal ones (4096) too.
USUAL_HIGHEST_SIGMA: Final = 10_000.0
LOWEST_SIGMA: Final = 1e-6
MOST_COLOURS: Final = 64
MOST_LORAS: Final = 64
MOST_FILES: Final = 4096  # of one model
MOST_LETTERS: Final = 10_000  # of a prompt; text encoders take some hundred words
MOST_SLERPS: Final = 256
MOST_CANDIDATES: Final = 16  # for one work, of which the best is kept
SKETCH_SIDE: Final = 8  # pixels of a composition that are followed, each way

SamplerName = Literal[
    "euler", "heun", "dpmpp_2m", "dpmpp_2m_sde", "euler_ancestral", "consistency", "consistency_denoised"
]
ScheduleName = Literal["karras", "exponential", "flow", "leading", "trailing", "linspace", "shifted"]
Precision = Literal["float32", "bfloat16"]
Stage = Literal["base", "full"]  # of a model with upscalers: its small works, or those that these enlarge

Seed = Annotated[int, Field(ge=0, lt=2**63)]
Number = Annotated[int, Field(ge=0, lt=2**63)]
Label = Annotated[str, Field(max_length=100_000)]
Prompt = Annotated[str, Field(max_length=MOST_LETTERS)]
LoraWeight = Annotated[float, Field(ge=-100, le=100)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Sigma = Annotated[float, Field(ge=0, le=HIGHEST_SIGMA)]
# Both ends of the way from noise to picture; float32 has no numbers for what lies much farther out.
NoiseLevel = Annotated[float, Field(ge=LOWEST_SIGMA, le=HIGHEST_SIGMA)]
Side = Annotated[int, Field(ge=1, le=MOST_PIXELS)]
Pixels = Annotated[int, Field(ge=0, le=MOST_PIXELS)]
Colour = Annotated[str, Field(pattern="^#[0-9a-f]{6}$")]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Strength = Annotated[float, Field(gt=0, le=1)]
Steps = Annotated[int, Field(ge=1, le=10_000)]
Guidance = Annotated[float, Field(ge=0, le=100)]


class Plain(BaseModel):
    """A part of a request or a recipe: an immutable value without fields that nobody knows."""

    # Names that begin with model_ are ours here, and none of pydantic's.
    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=(), defer_build=True
    )


class Extended(Plain):
    """A value to which fields were added after files with it had been written. In JSON these are left out where they
    are as by default, so that older files are read, and what needs none of them keeps its bytes; but where only what is
    set is written, all that is set is."""

    ADDED: ClassVar[frozenset[str]]

    @model_serializer(mode="wrap")
    def _without_defaults(self, write: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, Any]:
        fields = type(self).model_fields
        empty = {
            name for name in self.ADDED if getattr(self, name) == fields[name].get_default(call_default_factory=True)
        }
        said: dict[str, Any] = write(self)
        return {name: value for name, value in said.items() if info.exclude_unset or name not in empty}
