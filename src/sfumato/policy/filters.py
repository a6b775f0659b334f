"""placeholder until merged"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field


class FilterSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = Field(min_length=1, max_length=100)
    most: float = Field(default=0.5, ge=0, le=1)
    options: dict[str, str | float | bool] = {}


class Filter(Protocol):
    def scores(self, pictures: Sequence[Image.Image]) -> Sequence[float]: ...


def load_filter(settings: FilterSettings) -> Filter:
    raise NotImplementedError


def refusals(settings: Sequence[FilterSettings], pictures: Sequence[Image.Image]) -> list[str]:
    return ["" for _ in pictures]
