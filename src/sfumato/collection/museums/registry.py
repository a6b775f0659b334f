"""The museums that can be asked by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from sfumato.collection.museums.artic import Artic
from sfumato.collection.museums.cleveland import Cleveland
from sfumato.collection.museums.met import Met
from sfumato.collection.museums.museum import Museum
from sfumato.collection.museums.smithsonian import Smithsonian

# By the hosts of references: see `origin.MUSEUMS`.
MUSEUMS: Final[Mapping[str, Callable[[], Museum]]] = MappingProxyType(
    {"met": Met, "artic": Artic, "cleveland": Cleveland, "smithsonian": Smithsonian}
)
