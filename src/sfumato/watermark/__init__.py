"""A mark in the pixels of a picture: 32 bits that are found again without the original.

It needs no weights and no download. Its key is public, for the program is: who has it can forge a mark or take it off,
so that a mark alone is no proof.
"""

from sfumato.watermark.embedding import Marked, NotMarked, embed
from sfumato.watermark.key import KEY_VERSION
from sfumato.watermark.reading import Found, read

__all__ = ["KEY_VERSION", "Found", "Marked", "NotMarked", "embed", "read"]
