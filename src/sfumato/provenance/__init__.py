"""What files say of themselves: pictures of anybody where they come from, the program's own that a model made them."""

from sfumato.provenance.mark import is_marked, is_marked_file

__all__ = ["is_marked", "is_marked_file"]
