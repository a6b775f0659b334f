"""What the program's products say of themselves: that a model made them, and by which program."""

from sfumato.provenance.mark import is_marked, is_marked_file, mark_video, save_marked

__all__ = ["is_marked", "is_marked_file", "mark_video", "save_marked"]
