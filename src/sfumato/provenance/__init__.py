"""What the program's products say of themselves: that a model made them, and by which program."""

from sfumato.provenance.mark import is_marked, is_marked_file

__all__ = ["is_marked", "is_marked_file"]
