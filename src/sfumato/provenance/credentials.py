"""Content Credentials: a manifest in a picture's or a video's file that says what it is, what from and by whom, signed.

C2PA 2.2 (https://spec.c2pa.org): the claim names the action that made the work, its ingredients with what they say of
themselves, and assertions; it is bound to the file's bytes by their hash, so it comes last. Nothing leaves the computer
for it.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from typing import Any, Final

from sfumato import __version__
from sfumato.errors import SfumatoError
from sfumato.provenance.certificates import SigningKey, pem_of
from sfumato.provenance.keys import own_key
from sfumato.provenance.library import c2pa, context, media_type, reason, signer
from sfumato.provenance.mark import COMPOSITE, TRAINED_ALGORITHMIC_MEDIA
from sfumato.provenance.sources import Sources
from sfumato.text import readable

ASSERTION: Final = "org.sfumato.work"
UNREADABLE: Final = "unreadable"
_UNNAMED: Final = "application/octet-stream"  # for what the library does not look into


@dataclass(frozen=True)
class Input:
    """A picture that a work was made from. data: its file, with the credentials that it carries, if any; title: for
    people, its file's name; pixels: of a picture without a file, the digest of its pixels."""

    data: bytes = field(repr=False)
    title: str = "input"
    pixels: str = ""

    @classmethod
    def of_pixels(cls, digest: str) -> Input:
        """One of which no file is known."""
        return cls(b"", "a picture", digest)

    @property
    def digest(self) -> str:
        """SHA-256 of the file, or of the pixels."""
        return self.pixels or hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True)
class SoftBinding:
    """How a work is known again whose credentials are gone. algorithm: names what reads `value` from its pixels."""

    algorithm: str
    value: str


@dataclass(frozen=True)
class Claim:
    """What a work says of itself. title: for people, its file's name; source_type: IPTC's term; inputs: first the
    picture that was edited. Without inputs it was created."""

    title: str = "untitled"
    source_type: str = TRAINED_ALGORITHMIC_MEDIA
    inputs: tuple[Input, ...] = ()
    sources: Sources | None = None
    soft_binding: SoftBinding | None = None


def signed(data: bytes, claim: Claim, key: SigningKey | None = None) -> bytes:
    """A PNG, JPEG, WebP, GIF or MP4 with credentials, nothing else of it changed.

    key: the person's own (`own_key`, which see for its errors). Raises ValueError for bytes of another format, and
    SfumatoError where they cannot be signed.
    """
    kind = media_type(data)
    if kind is None:
        raise ValueError("is no PNG, JPEG, WebP, GIF or MP4, which alone carry credentials")
    key = key or own_key()
    # Who trusts the inputs' signers is recorded: the person trusts themself.
    settings = context(pem_of(key.authorities))
    library = c2pa()
    try:
        try:
            return _signed(kind, data, claim, [_describe_input(each, settings) for each in claim.inputs], key, settings)
        except library.C2paError:
            if not claim.inputs:
                raise
            # Credentials that open may have a part, deep inside, with which they cannot be taken along.
            notes = [_describe_input(each, settings, keep=False) for each in claim.inputs]
            return _signed(kind, data, claim, notes, key, settings)
    except library.C2paError as error:
        raise SfumatoError(f"the work cannot be signed with the key of {key.name!r}: {reason(error)}") from error


def _signed(kind: str, data: bytes, claim: Claim, notes: list[dict[str, str]], key: SigningKey, settings: Any) -> bytes:
    out = io.BytesIO()
    with c2pa().Builder(_definition(claim, notes), context=settings) as builder:
        _say_what_was_done(builder, claim, notes)
        builder.sign(signer(key), kind, io.BytesIO(data), out)
    return out.getvalue()


def _definition(claim: Claim, notes: list[dict[str, str]]) -> dict[str, Any]:
    facts = {} if claim.sources is None else claim.sources.facts()
    if notes:
        facts["inputs"] = notes
    assertions = [{"label": ASSERTION, "data": facts, "created": True}] if facts else []
    if claim.soft_binding is not None:
        binding = {"alg": claim.soft_binding.algorithm, "blocks": [{"scope": {}, "value": claim.soft_binding.value}]}
        assertions.append({"label": "c2pa.soft-binding", "data": binding, "created": True})
    return {
        "claim_generator_info": [{"name": "sfumato", "version": __version__}],
        "title": readable(claim.title),
        "assertions": assertions,
    }


def _describe_input(picture: Input, settings: Any, *, keep: bool = True) -> dict[str, str]:
    """The library keeps an input's credentials, and no hash of one that has none.

    What it cannot read, though another program can, it takes for no kind of file in particular; that its credentials
    are lost with that is said. keep: False for credentials that it can open, and not keep.
    """
    library = c2pa()
    note = {"title": readable(picture.title), "pixels" if picture.pixels else "digest": picture.digest}
    kind = media_type(picture.data)
    if kind is None:
        return {**note, "format": _UNNAMED}
    try:
        library.Reader(kind, io.BytesIO(picture.data), context=settings).close()
    except library.C2paError.ManifestNotFound:
        return {**note, "format": kind}
    except library.C2paError:
        keep = False
    return {**note, "format": kind} if keep else {**note, "format": _UNNAMED, "credentials": UNREADABLE}


def _say_what_was_done(builder: Any, claim: Claim, notes: list[dict[str, str]]) -> None:
    library = c2pa()
    intent, terms = library.C2paBuilderIntent, library.C2paDigitalSourceType
    agent = {"softwareAgent": {"name": "sfumato", "version": __version__}, "digitalSourceType": claim.source_type}
    if not claim.inputs:
        composite = claim.source_type == COMPOSITE
        builder.set_intent(
            intent.CREATE,
            terms.COMPOSITE_WITH_TRAINED_ALGORITHMIC_MEDIA if composite else terms.TRAINED_ALGORITHMIC_MEDIA,
        )
    else:
        builder.set_intent(intent.EDIT)
        builder.add_action({"action": "c2pa.edited", **agent})
    for number, (picture, note) in enumerate(zip(claim.inputs, notes, strict=True)):
        relationship = "inputTo" if number else "parentOf"
        builder.add_ingredient(
            {"title": note["title"], "relationship": relationship},
            note["format"],
            io.BytesIO(picture.data or note["pixels"].encode()),
        )
    if claim.soft_binding is not None:
        builder.add_action({"action": "c2pa.watermarked.bound"})
