"""What a file's credentials are worth: who signed it, whether it was changed since, and what it was made from.

The library's own words say less than they seem to. Its 'Valid' includes any stranger who calls themself by another's
name, and an edit of a picture that had been tampered with is 'Trusted': that its input failed stands elsewhere. Both
have words of their own here. What lies on another computer is never fetched.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from sfumato.disk import read_file
from sfumato.errors import SfumatoError
from sfumato.provenance.certificates import SigningKey, common_name
from sfumato.provenance.credentials import ASSERTION, UNREADABLE, Claim, signed
from sfumato.provenance.keys import own_keys
from sfumato.provenance.library import c2pa, media_type, reason
from sfumato.provenance.manifests import (
    ELSEWHERE,
    OUT_OF_TIME,
    UNTRUSTED,
    Signer,
    Store,
    codes_in,
    read_manifests,
    rows,
    table,
)
from sfumato.provenance.trust import Trust

# From good to bad; the first that holds of 'changed' and what follows it is the file's.
Status = Literal[
    "trusted",  # signed by a key of one's own, or one that the person trusts, and nothing is wrong
    "untrusted",  # signed by a stranger, whatever they call themself; nothing else is wrong
    "input failed",  # unchanged itself, and made from a picture whose own credentials do not hold
    "expired",  # the certificate ran out
    "not yet valid",
    "unusable certificate",  # not one for signing pictures
    "changed",  # the file, or what it says of itself, is not what was signed
    "invalid",  # against the rules of C2PA in another way
    "several manifests",  # side by side, so that none of them counts
    "unreadable",  # damaged
    "elsewhere",  # it names credentials on another computer, and has none itself
    "none",
]

MOST_BYTES: Final = 1 << 30
_CHANGED: Final = ("assertion.", "claim.", "claimSignature.mismatch", "claimSignature.missing", "hashedURI.")
# A PNG of one pixel, to try keys with.
_PIXEL: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
# What the library says for want of codes.
_SEVERAL: Final = "more than one manifest store"


@dataclass(frozen=True)
class InputVerdict:
    """A picture from which a work, or one of its inputs, was made. failures: the library's codes, () where its
    credentials held when it was used, and where it had none."""

    title: str
    has_credentials: bool
    failures: tuple[str, ...]


@dataclass(frozen=True)
class Credentials:
    """The verdict on a file. is_own: signed by a key of the person who asks; failures: the library's codes and what it
    says of them; facts: what the work says of its model, its collection and its licences; mark: that in its pixels, as
    it was signed, or ''; manifests: how many there are, those of inputs included; address: where credentials are said
    to lie, unasked."""

    status: Status
    signer: Signer | None = None
    is_own: bool = False
    title: str = ""
    program: str = ""
    source_type: str = ""
    actions: tuple[str, ...] = ()
    inputs: tuple[InputVerdict, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    mark: str = ""
    failures: tuple[tuple[str, str], ...] = ()
    manifests: int = 0
    address: str = ""


def read_credentials(path: Path, trusted: Sequence[Trust] = ()) -> Credentials:
    """The verdict on a file. trusted: whom the person trusts beside themself.

    Raises SfumatoError for a file that cannot be read, and for a key of one's own that cannot (`own_keys`).
    """
    return credentials_of(bytes_of(path), trusted)


def bytes_of(path: Path) -> bytes:
    """A file that may carry credentials. Raises SfumatoError for one that cannot be read."""
    try:
        return read_file(path, MOST_BYTES)
    except FileNotFoundError:
        raise SfumatoError(f"{path} does not exist") from None
    except OSError as error:
        raise SfumatoError(f"{path} cannot be read ({error.strerror})") from error


def credentials_of(data: bytes, trusted: Sequence[Trust] = ()) -> Credentials:
    """The same of the bytes of a file."""
    kind = media_type(data)
    if kind is None:
        return Credentials("none")
    own = tuple(Trust.in_certificates(key.chain) for key in own_keys())
    library = c2pa()
    try:
        store = read_manifests(kind, data, (*own, *trusted))
        if not store.active:
            return Credentials("unreadable", failures=store.failures[:1])
        # Who vouches for one signer that is named may vouch for a thousand others, whom nobody has named.
        known = (*own, *trusted) if store.is_vouched else ()
        vouched = [each for each in known if _is_by(read_manifests(kind, data, (each,)), each)]
    except library.C2paError.ManifestNotFound:
        return Credentials("none")
    except library.C2paError as error:
        return _without(reason(error))
    inputs = tuple(_inputs(store))
    return Credentials(
        status=_status(store, inputs, is_trusted=bool(vouched)),
        signer=store.signer,
        is_own=any(each in own for each in vouched),
        inputs=inputs,
        failures=store.failures,
        manifests=len(store.manifests),
        **_said(store.active),
    )


def check_signs(key: SigningKey) -> None:
    """Raises SfumatoError where what a key signs would not hold, by signing a picture and reading it."""
    verdict = credentials_of(signed(_PIXEL, Claim(), key), [Trust.in_certificates(key.chain)])
    if verdict.status != "trusted":
        said = "; ".join(said for _, said in verdict.failures) or verdict.status
        raise SfumatoError(f"the certificate of {key.name!r}: what it signs does not hold ({said}); import another")


def _is_by(store: Store, trust: Trust) -> bool:
    """Whether one of those whom a person trusts signed it; an authority gives no number twice."""
    one, named = store.signer, trust.signers
    return store.is_vouched and (
        not named
        or (one.serial_number, one.name, one.issuer)
        in {(str(each.serial_number), common_name(each.subject), common_name(each.issuer)) for each in named}
    )


def _without(said: str) -> Credentials:
    """A file whose credentials the library does not read, by what it says."""
    if ELSEWHERE in said:
        return Credentials("elsewhere", address=said.partition(ELSEWHERE)[2].strip())
    return Credentials("several manifests" if _SEVERAL in said else "unreadable", failures=(("", said),))


def _status(store: Store, inputs: Sequence[InputVerdict], *, is_trusted: bool) -> Status:
    codes = [code for code, _ in store.failures if code != UNTRUSTED]
    if any(code.startswith(_CHANGED) for code in codes):
        return "changed"
    if any(code in OUT_OF_TIME for code in codes):
        begins = store.signer.begins
        return "not yet valid" if begins is not None and datetime.now(UTC) < begins else "expired"
    if any(code.startswith("signingCredential.") for code in codes):
        return "unusable certificate"
    if any(each.failures for each in inputs):
        return "input failed"
    if codes or not store.holds:
        return "invalid"
    return "trusted" if is_trusted else "untrusted"


def _inputs(store: Store) -> Iterator[InputVerdict]:
    """The inputs of all manifests, with what failed when they were used and what fails since."""
    for label in (store.label, *(label for label in store.manifests if label != store.label)):
        manifest = store.manifests[label]
        unread = {
            note.get("title") for note in rows(_facts(manifest).get("inputs")) if note.get("credentials") == UNREADABLE
        }
        for each in rows(manifest.get("ingredients")):
            found = codes_in(table(table(each.get("validation_results")).get("activeManifest")), "failure")
            place = f"{label}/c2pa.assertions/{each.get('label')}"
            for delta in store.deltas:
                if str(delta.get("ingredientAssertionURI")).endswith(place):
                    found += codes_in(table(delta.get("validationDeltas")), "failure")
            codes = dict.fromkeys(code for code, _ in found if code != UNTRUSTED)
            if each.get("title") in unread:
                codes[UNREADABLE] = None
            yield InputVerdict(str(each.get("title", "")), "active_manifest" in each, tuple(codes))


def _facts(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    found = [each for each in rows(manifest.get("assertions")) if each.get("label") == ASSERTION]
    return table(found[0].get("data")) if found else {}


def _said(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What the file says of itself, signed."""
    programs = rows(manifest.get("claim_generator_info")) or [{}]
    actions = [
        action
        for assertion in rows(manifest.get("assertions"))
        if str(assertion.get("label")).startswith("c2pa.actions")
        for action in rows(table(assertion.get("data")).get("actions"))
    ]
    bindings = [
        block
        for assertion in rows(manifest.get("assertions"))
        if str(assertion.get("label")) == "c2pa.soft-binding"
        for block in rows(table(assertion.get("data")).get("blocks"))
    ]
    kinds = [str(action["digitalSourceType"]) for action in actions if "digitalSourceType" in action]
    return {
        "title": str(manifest.get("title") or ""),
        "program": " ".join(str(programs[0].get(key, "")) for key in ("name", "version")).strip(),
        "source_type": kinds[-1].rpartition("/")[2] if kinds else "",
        "actions": tuple(str(action.get("action")) for action in actions),
        "facts": dict(_facts(manifest)),
        "mark": str(bindings[0].get("value", "")) if bindings else "",
    }
