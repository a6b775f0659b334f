"""A licence, as people, programs and museums write it, becomes one name that can be counted and compared.

That name is an SPDX id ('CC-BY-4.0'), the URI of a statement of rightsstatements.org or of a deed of Creative Commons
that SPDX does not list, `OWN`, a `LicenseRef-` of the words as they were written, or `UNKNOWN`. No more is read into
words than they say: 'CC BY' without a version is `LicenseRef-CC-BY`, and not the newest one.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from sfumato.provenance.qualifications import is_qualified

UNKNOWN: Final = "unknown"
OWN: Final = "own"
REFERENCE: Final = "LicenseRef-"

PUBLIC_DOMAIN_MARK: Final = "https://creativecommons.org/publicdomain/mark/1.0/"
PUBLIC_DOMAIN_CERTIFICATION: Final = "https://creativecommons.org/licenses/publicdomain/"
_RIGHTS: Final = "http://rightsstatements.org/vocab/{}/1.0/"
# The twelve statements of rightsstatements.org, and their titles without what stands in brackets behind them.
RIGHTS_STATEMENTS: Final = {
    "InC": "in copyright",
    "InC-OW-EU": "in copyright eu orphan work",
    "InC-EDU": "in copyright educational use permitted",
    "InC-NC": "in copyright non commercial use permitted",
    "InC-RUU": "in copyright rights holder unlocatable or unidentifiable",
    "NoC-CR": "no copyright contractual restrictions",
    "NoC-NC": "no copyright non commercial use only",
    "NoC-OKLR": "no copyright other known legal restrictions",
    "NoC-US": "no copyright united states",
    "CNE": "copyright not evaluated",
    "UND": "copyright undetermined",
    "NKC": "no known copyright",
}
IN_COPYRIGHT: Final = _RIGHTS.format("InC")
NO_COPYRIGHT_US: Final = _RIGHTS.format("NoC-US")

# Words that say one thing, in small letters, with single spaces and without punctuation.
WORDS: Final = {
    **{title: _RIGHTS.format(name) for name, title in RIGHTS_STATEMENTS.items()},
    **{name.lower().replace("-", " "): _RIGHTS.format(name) for name in RIGHTS_STATEMENTS},
    "own": OWN,
    "own work": OWN,
    "my own": OWN,
    "my own work": OWN,
    "self": OWN,
    "public domain": PUBLIC_DOMAIN_MARK,
    "publicdomain": PUBLIC_DOMAIN_MARK,
    "in the public domain": PUBLIC_DOMAIN_MARK,
    "this work is in the public domain": PUBLIC_DOMAIN_MARK,
    "pd": PUBLIC_DOMAIN_MARK,
    "pdm": PUBLIC_DOMAIN_MARK,
    "pdm 1 0": PUBLIC_DOMAIN_MARK,
    "cc pdm": PUBLIC_DOMAIN_MARK,
    "cc pdm 1 0": PUBLIC_DOMAIN_MARK,
    "pd old": PUBLIC_DOMAIN_MARK,
    "pd art": PUBLIC_DOMAIN_MARK,
    "public domain mark": PUBLIC_DOMAIN_MARK,
    "public domain mark 1 0": PUBLIC_DOMAIN_MARK,
    "gemeinfrei": PUBLIC_DOMAIN_MARK,
    "domaine public": PUBLIC_DOMAIN_MARK,
    "dominio publico": PUBLIC_DOMAIN_MARK,
    "dominio público": PUBLIC_DOMAIN_MARK,
    "pubblico dominio": PUBLIC_DOMAIN_MARK,
    "public domain us": NO_COPYRIGHT_US,
    "public domain usa": NO_COPYRIGHT_US,
    "public domain united states": NO_COPYRIGHT_US,
    "public domain in the us": NO_COPYRIGHT_US,
    "public domain in the united states": NO_COPYRIGHT_US,
    "pd us": NO_COPYRIGHT_US,
    "pd usa": NO_COPYRIGHT_US,
    "cc0": "CC0-1.0",
    "cc zero": "CC0-1.0",
    "cc 0": "CC0-1.0",
    "cc0 1 0": "CC0-1.0",
    "cc0 public domain": "CC0-1.0",
    "cc0 public domain dedication": "CC0-1.0",
    "creative commons zero": "CC0-1.0",
    "creative commons 0": "CC0-1.0",
    "public domain dedication": "CC0-1.0",
    "no known copyright restrictions": _RIGHTS.format("NKC"),
    "no known restrictions": _RIGHTS.format("NKC"),
    "all rights reserved": IN_COPYRIGHT,
    "copyrighted": IN_COPYRIGHT,
    "in copyright": IN_COPYRIGHT,
    "alle rechte vorbehalten": IN_COPYRIGHT,
    "tous droits réservés": IN_COPYRIGHT,
    "todos los derechos reservados": IN_COPYRIGHT,
    "tutti i diritti riservati": IN_COPYRIGHT,
    **dict.fromkeys(
        ("", "unknown", "none", "n a", "na", "null", "nan", "other", "not specified", "unspecified", "not stated",
         "not known", "various", "mixed", "see website", "tbd", "todo", "undefined", "unlicensed", "no license",
         "no licence"),
        UNKNOWN,
    ),
}  # fmt: skip

_MOST_LETTERS: Final = 60  # of the words in a LicenseRef
_REFERENCE: Final = re.compile(r"LicenseRef-[A-Za-z0-9.-]{1,200}")
# Versions before 4.0 were written anew for these countries' laws.
_COUNTRIES: Final = (
    " AE AM AR AT AU AZ BE BG BR CA CH CL CN CO CR CY CZ DE DK DZ EC EE EG ES FI FR GB GE GR"
    " GT HK HR HU IE IGO IL IN IT JO JP KE KR KZ LB LU MA MK MO MT MX MY NG NL NO NZ PE PH PK"
    " PL PR PT PY QA RO RS RU RW SCOTLAND SE SG SI SK SO SV TH TN TR TW UA UG UK US VE VN YE ZA "
)
_URL: Final = re.compile(
    r"(?:https?://)?(?:www\.)?(?:creativecommons|rightsstatements)\.org/[\w./+-]+(?:[?#]\S+)?", re.IGNORECASE
)
_CC_PATH: Final = re.compile(r"/(licenses|publicdomain)/([a-z+-]+)(?:/(\d\.\d))?(?:/([a-z]{2,8}(?=/|$)))?")
_CC_WORDS: Final = re.compile(
    r"\b(?:cc|creative commons)[\s:_-]*(?P<parts>(?:(?:by|nc|nd|sa|attribution|noncommercial|non[\s_-]?commercial"
    r"|noderiv(?:ative|s|atives)?|no[\s_-]?deriv(?:ative|s|atives)?|sharealike|share[\s_-]?alike)\b[\s_,/-]*)+)"
    r"(?:licen[cs]e\b)?[\s_,(v-]*(?P<version>[1-4]\.[015])?(?:[\s_,)-]+(?P<place>(?!N[CD]\b|SA\b)(?-i:[A-Z]{2,3}))\b)?",
    re.IGNORECASE,
)
_ZERO: Final = re.compile(r"\bcc[\s_-]?(?:0|zero)\b(?:[\s_-]*1\.0\b)?", re.IGNORECASE)
_PARTS: Final = (
    ("BY", r"by\b|attribution"),
    ("NC", r"nc\b|non"),
    ("ND", r"nd\b|no[\s_-]?deriv"),
    ("SA", r"sa\b|share"),
)
_RESERVED: Final = re.compile(
    r"all rights reserved|alle rechte vorbehalten|tous droits réservés|todos los derechos reservados"
    r"|tutti i diritti riservati",
    re.IGNORECASE,
)
_SEVERAL: Final = re.compile(r"\s(?:AND|OR|WITH)\s")  # as SPDX joins them: none of them alone is the licence
_DOMAIN_US: Final = re.compile(r"public domain in the (?:united states|u\.?s\.?a?\b)", re.IGNORECASE)
_NOT_DOMAIN: Final = re.compile(r"\b(?:not|no longer|never)\b", re.IGNORECASE)
_NO_NOTICE: Final = re.compile(
    r"\b(?:no|not|non|without|free|expired?|out of|lapsed)\b.{0,20}\bcopyright|\bcopyright(?:ed)?\W+(?:free|expired)",
    re.IGNORECASE,
)
_NOTICE: Final = re.compile(r"©|\(c\)|\bcopyright\b|℗|\bcopr\.", re.IGNORECASE)


@lru_cache(maxsize=8192)
def licence_of(text: str) -> str:
    """What a text says of the licence, under its one name; see the module. Words that are not known are kept as a
    `LicenseRef-`, and a notice of copyright without more is rightsstatements.org's InC."""
    words = " ".join(text.split())
    if _REFERENCE.fullmatch(words):
        return words
    if (plain := _plain(words)) in WORDS and (WORDS[plain] == UNKNOWN or not is_qualified(_plain_marks(words))):
        return WORDS[plain]
    if (spdx := _spdx(words)) is not None:
        return spdx
    return _in_words(words) or _reference(words)


def _plain(words: str) -> str:
    return " ".join(re.sub(r"\W+", " ", words).split()).casefold()


def _plain_marks(words: str) -> str:
    """What `_plain` leaves out of words that say one thing: a question mark makes them a question."""
    return re.sub(r"\w+", " ", words)


def _named(words: str) -> str | None:
    """The one licence that is named in a sentence, '' for several or with words that take something of it away; None
    where none is named."""
    rest, named = words, []
    for url in _URL.finditer(words):
        if (found := _of_url(url[0])) is not None:
            named.append(found)
            rest = rest.replace(url[0], " ")
    for pattern in (_CC_WORDS, _ZERO):
        named += [_of_commons(found) if pattern is _CC_WORDS else "CC0-1.0" for found in pattern.finditer(rest)]
        rest = pattern.sub(" ", rest)
    if not named:
        return None
    best = max(named, key=lambda licence: (not is_reference(licence), len(licence)))
    return best if all(_is_short_of(each, best) for each in named) and not is_qualified(rest) else ""


def _is_short_of(licence: str, whole: str) -> bool:
    """Whether the first may be the second with less said: without its version, or without its country."""
    said, all_said = (short_name(each).removeprefix(REFERENCE) for each in (licence, whole))
    return (
        said == all_said
        or re.fullmatch(rf"{re.escape(said)}-\d\.\d(?:-\w+)?|{re.escape(said)}(?<=\d)-\w+", all_said) is not None
    )


def _in_words(words: str) -> str | None:
    """The licence that a sentence names; None where it names none."""
    if _SEVERAL.search(words):
        return None
    if (named := _named(words)) is not None:
        return named or None
    if _DOMAIN_US.search(words) and not _NOT_DOMAIN.search(words) and "?" not in words:
        return NO_COPYRIGHT_US
    if _RESERVED.search(words):
        return IN_COPYRIGHT
    if not _NOTICE.search(words) or _NO_NOTICE.search(words):
        return None
    rest = re.sub(r"©|\(c\)|\bcopyright\b|[\d:,.;-]+", " ", words, flags=re.IGNORECASE)
    said = WORDS.get(" ".join(rest.split()).casefold(), UNKNOWN)
    return IN_COPYRIGHT if said in (UNKNOWN, OWN) else said


@lru_cache(maxsize=8192)
def is_notice(text: str) -> bool:
    """Whether a text says no more than whose the copyright is, which goes with every licence: '© 2020 Ana'."""
    if _plain(text) in WORDS or _RESERVED.search(text):
        return False
    return licence_of(text) == IN_COPYRIGHT and _NOTICE.search(text) is not None


def short_name(licence: str) -> str:
    """A licence for people: 'NoC-US' in place of its URI, 'PDM-1.0', 'CC-BY-3.0-BR'; what is short stays as it is."""
    if licence == PUBLIC_DOMAIN_MARK:
        return "PDM-1.0"
    if licence == PUBLIC_DOMAIN_CERTIFICATION:
        return "CC-PDDC"
    if (name := licence.removeprefix("http://rightsstatements.org/vocab/")) != licence:
        return name.split("/")[0]
    path = licence.removeprefix("https://creativecommons.org")
    if path != licence and (match := _CC_PATH.match(path)):
        return "-".join(filter(None, ("CC", match[2].upper(), match[3], (match[4] or "").upper())))
    return licence


def is_reference(licence: str) -> bool:
    """Whether a licence is only somebody's words, which no list has."""
    return licence.startswith(REFERENCE)


def _spdx(words: str) -> str | None:
    """The id in SPDX's list that these words are, in any case; None where they are none."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+-]*", words):  # an expression of several is not one licence
        return None
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    try:
        found = str(canonicalize_license_expression(words))
    except (InvalidLicenseExpression, ValueError):
        return None
    return None if found.startswith(REFERENCE) else found


def _of_url(url: str) -> str | None:
    split = urlsplit(url if "://" in url else f"https://{url}")
    path = split.path.lower()
    if split.netloc.lower().endswith("rightsstatements.org"):
        parts = split.path.strip("/").split("/")
        names = {name.lower(): name for name in RIGHTS_STATEMENTS}
        found = next((names[part.lower()] for part in parts if part.lower() in names), None)
        return None if found is None else _RIGHTS.format(found)
    match = _CC_PATH.match(path)
    if match is None:
        return None
    kind, name, version, place = match.groups()
    if kind == "publicdomain" or name in ("publicdomain", "mark", "zero"):
        return {"zero": "CC0-1.0", "mark": PUBLIC_DOMAIN_MARK}.get(name, PUBLIC_DOMAIN_CERTIFICATION)
    if not version:
        return f"{REFERENCE}CC-{name.upper()}"
    return _commons(name.upper(), version, (place or "").upper())


def _of_commons(match: re.Match[str]) -> str:
    parts = "-".join(name for name, pattern in _PARTS if re.search(rf"\b(?:{pattern})", match["parts"], re.IGNORECASE))
    if match["version"] is None:
        return f"{REFERENCE}CC-{parts}"
    # In small letters a place is as often a word: 'CC BY 3.0 in print'.
    return _commons(parts, match["version"], match["place"] or "")


def _commons(parts: str, version: str, place: str) -> str:
    """A licence of Creative Commons: its SPDX id, or its URI where SPDX does not list a country's edition."""
    name = f"CC-{parts}-{version}"
    if f" {place} " not in _COUNTRIES or version == "4.0":
        return _spdx(name) or f"https://creativecommons.org/licenses/{parts.lower()}/{version}/"
    known = _spdx(f"{name}-{place}")
    return known or f"https://creativecommons.org/licenses/{parts.lower()}/{version}/{place.lower()}/"


def _reference(words: str) -> str:
    """Words as a name that SPDX allows: letters, digits, '.' and '-', and a digest where that loses something."""
    if not any(letter.isalnum() for letter in words):
        return UNKNOWN
    whole = re.sub(r"[^A-Za-z0-9.]+", "-", words).strip("-.")
    name = whole[:_MOST_LETTERS].rstrip("-.")
    if name != whole or not words.isascii():
        name = f"{name}-{hashlib.sha256(words.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}".lstrip("-")
    return f"{REFERENCE}{name}"
