"""Works: pictures that were generated, each with the recipe that makes it again."""

from sfumato.works.animation import save_animation
from sfumato.works.film import save_film
from sfumato.works.recipe import Recipe
from sfumato.works.sheet import contact_sheet, strip
from sfumato.works.work import Work, read_work, sheet_of

__all__ = ["Recipe", "Work", "contact_sheet", "read_work", "save_animation", "save_film", "sheet_of", "strip"]
