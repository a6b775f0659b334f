"""Why a file cannot be used: the kinds of reasons, and the exception that carries one of them."""

from __future__ import annotations

from typing import Final

EMPTY: Final = "empty"
NOT_A_PICTURE: Final = "not a picture"
OTHER_FORMAT: Final = "in a format that is not read"
NO_READER: Final = "its reader is not installed"
TRUNCATED: Final = "truncated"
BROKEN: Final = "broken"
TOO_LARGE: Final = "too large"
TOO_SMALL: Final = "too small"
UNREADABLE: Final = "unreadable"
LINK: Final = "link that leads nowhere"
SPECIAL: Final = "not a regular file"
UNSAFE: Final = "unsafe name"
REPLACED: Final = "replaced in its zip"
ENCRYPTED: Final = "encrypted"
DIED: Final = "decoder died"
TOO_SLOW: Final = "took too long"
NO_MEMORY: Final = "out of memory"
CHANGED: Final = "changed since it was collected"
DUPLICATE: Final = "exact duplicate"
NEAR_DUPLICATE: Final = "near duplicate"
OWN: Final = "made by sfumato"
OPTED_OUT: Final = "not to be learned from"
GENERATED: Final = "made by a model"
NOT_ALLOWED: Final = "licence not allowed"
REMOVED: Final = "taken out on request"

# Reasons that lie in what is said or decided of a picture and not in its file, which could be used.
EXCLUDED: Final = frozenset({OPTED_OUT, GENERATED, NOT_ALLOWED, REMOVED, NEAR_DUPLICATE})
# Those of them that lie in what a picture's maker wants, and so hold for nearly the same picture too.
UNWANTED: Final = frozenset({OPTED_OUT, REMOVED})

# Reasons that lie in the machine or the moment and not in the file's content: such a file is tried again next time.
PASSING: Final = frozenset({UNREADABLE, NO_READER, DIED, TOO_SLOW, NO_MEMORY})


class UnusableError(Exception):
    """A picture that cannot be used: a collection leaves it out with this kind and reason."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
