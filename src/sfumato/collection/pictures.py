"""One picture of a collection, one file that was left out, and their lines of JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that is kept, and all that is known of it.

    `file` is relative to the source, with forward slashes. `stamp` tells a changed file from an unchanged one: the
    modification time in ns, or the CRC-32 of a member of a zip. `width` and `height` are in pixels, after orientation.
    `transparent` says that the background shows through. `hash` is a 64-bit perceptual hash; near duplicates have the
    same `group`. `split` is the side that others put it on ('train', 'validation', 'test'); what sfumato trains on does
    not depend on it. What nobody stated is '', but the licence, which is then 'unknown'.
    """

    file: str
    sha256: str
    bytes: int
    stamp: int
    width: int
    height: int
    transparent: bool
    hash: int
    group: str = ""
    category: str = ""
    caption: str = ""
    creator: str = ""
    title: str = ""
    year: str = ""
    source: str = ""
    licence: str = UNKNOWN
    split: str = ""

    def to_json(self) -> str:
        """One line; file names that are not valid Unicode survive as escaped surrogates."""
        # All fields are plain values: `asdict` would copy each of them deeply, which takes longer than all else here.
        plain: dict[str, object] = {name: getattr(self, name) for name in self.__slots__}
        plain["hash"] = f"{self.hash:016x}"
        return json.dumps(plain)

    @classmethod
    def from_json(cls, line: str) -> Picture:
        """The inverse of `to_json`. Raises ValueError, TypeError or KeyError for a line that is not such a one."""
        fields = json.loads(line)
        fields["hash"] = int(fields["hash"], 16)
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A file that is left out and why; `same_as` names the kept file with the same content, if that is the reason."""

    file: str
    kind: str
    reason: str
    bytes: int = 0
    stamp: int = 0
    sha256: str = ""
    same_as: str = ""

    def to_json(self) -> str:
        """One line, without the fields that say nothing."""
        return json.dumps({name: value for name in self.__slots__ if (value := getattr(self, name))})

    @classmethod
    def from_json(cls, line: str) -> Rejected:
        """The inverse of `to_json`. Raises ValueError, TypeError or KeyError for a line that is not such a one."""
        return cls(**json.loads(line))
