"""The way of works from noise, picture by picture, of those alone that are let out."""

from __future__ import annotations

from PIL import Image

from sfumato.models.progress import Progress


class Trajectory:
    """Give it every event, made with previews, and it has the ways of the works."""

    def __init__(self) -> None:
        self._ways: dict[int, list[Image.Image]] = {}

    def note(self, progress: Progress) -> None:
        if progress.step == 1:  # of a work that was refused, the way begins anew
            self._ways |= {position: [] for position in progress.positions}
        for position, picture in zip(progress.positions, progress.previews, strict=False):
            self._ways[position].append(picture)
        for refusal in progress.refused:
            del self._ways[refusal.position]

    def steps(self) -> list[list[Image.Image]]:
        """Of each step the pictures, in the order of the works' positions."""
        return [list(pictures) for pictures in zip(*(self._ways[place] for place in sorted(self._ways)), strict=False)]
