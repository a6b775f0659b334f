"""sfumato: from a folder of art to a diffusion model and new works, on the machine that you have.

import sfumato
works = sfumato.Model.from_pretrained("my-model").generate(16, seed=7)
sfumato.sheet(works)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sfumato.models import Model as Model
    from sfumato.works import sheet_of as sheet

__version__ = "0.1.0"
__all__ = ["Model", "__version__", "sheet"]


def __getattr__(name: str) -> object:
    # torch takes a second to import, which 'sfumato --help' and 'import sfumato' need not wait for.
    if name == "Model":
        from sfumato.models import Model

        return Model
    if name == "sheet":
        from sfumato.works import sheet_of

        return sheet_of
    raise AttributeError(f"module 'sfumato' has no attribute {name!r}")
