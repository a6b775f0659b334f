"""What may not stand in a prompt, however it is spelled: rules of the policy for models that read text."""

from __future__ import annotations

import re
import unicodedata
from functools import cached_property
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from sfumato.text import readable

# Letters of other scripts, in small form, that look like Latin ones in small or in capital form, and Latin ones with a
# stroke or in one sign, which no normal form takes apart (the idea of a skeleton: Unicode Technical Standard 39,
# section 4).
_LOOK_ALIKE: Final = str.maketrans(
    dict(zip("авекмнорстухзѕіјһԛԝԁӏѵ", "abekmhopctyx3sijhqwdlv", strict=True))
    | dict(zip("αβγεζηικμνορτυχϲ", "abyezhikmvoptuxc", strict=True))
    | dict(zip("օսոհցզ", "ounhgq", strict=True))
    | dict(zip("øłđðħŧıȷɡɑ", "olddhtijga", strict=True))
    | {"æ": "ae", "œ": "oe", "þ": "th"}
)
# Accents of the Latin, Greek and Cyrillic scripts, and signs that change a letter's look alone. Marks of other scripts
# are vowels.
_ACCENTS: Final = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f]")
# Thai, Lao, Burmese, Khmer, Japanese and Chinese are written without spaces between words: each letter counts as one.
_UNSPACED: Final = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])"
)

Phrase = Annotated[str, Field(min_length=1, max_length=10_000)]


class PromptRules(BaseModel):
    """refused: words, or phrases of several, that may not be asked for; most_letters: of a prompt; record: whether
    files hold prompts as text, or their SHA-256 alone.

    What is refused is compared word by word, whatever its capitals and accents, and with letters of other scripts that
    look like Latin ones.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    refused: Annotated[tuple[Phrase, ...], Field(max_length=10_000)] = ()
    most_letters: Annotated[int, Field(strict=True, ge=0, le=1_000_000)] | None = None
    record: Literal["text", "digest"] = "text"

    def fault(self, text: str) -> str:
        """The word or words for which a text is refused, as the policy has them; '' where it is not."""
        line = f" {_skeleton(text)} "
        return next((name for name, phrase in self._phrases if phrase in line), "")

    @cached_property
    def _phrases(self) -> list[tuple[str, str]]:
        return [(name, f" {_skeleton(name)} ") for name in self.refused]

    @field_validator("refused")
    @classmethod
    def _there_are_words(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not any(map(str.isalnum, _skeleton(name))):
                raise ValueError(f"{name!r} holds no letter and no digit")
        return names


def _skeleton(text: str) -> str:
    """Words with a space between them: in small letters without accents, and letters that look alike as one."""
    plain = unicodedata.normalize("NFKD", readable(text).casefold())  # full-width and mathematical letters too
    plain = unicodedata.normalize("NFKD", _ACCENTS.sub("", plain).casefold()).translate(_LOOK_ALIKE)
    # What is not seen, such as a space of no width, parts no words; any other sign does.
    kept = (letter for letter in plain if unicodedata.category(letter) != "Cf")
    spaced = "".join(letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in kept)
    return " ".join(_UNSPACED.sub(r" \1 ", spaced).split())
