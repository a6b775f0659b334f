"""The manifests in a file (C2PA), as the library reads them, with what it found of their signatures."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sfumato.provenance.certificates import pem_of
from sfumato.provenance.library import c2pa, context
from sfumato.provenance.trust import Trust

# What fails where nothing was changed: nobody vouches for the signer, or the certificate ran out since.
UNTRUSTED: Final = "signingCredential.untrusted"
OUT_OF_TIME: Final = ("signingCredential.expired", "claimSignature.outsideValidity")
# What the library says, for want of a code, where the manifest is on another computer.
ELSEWHERE: Final = "must fetch remote manifests from url "


@dataclass(frozen=True)
class Signer:
    """Whom a certificate names, and who vouches for it; what a stranger's certificate says proves nothing.

    begins, ends: of its lifetime, where the file says so.
    """

    name: str
    issuer: str
    serial_number: str
    begins: datetime | None
    ends: datetime | None


class Store:
    """All manifests of a file, as the library reads them; strangers wrote them, so that nothing is sure to be there."""

    def __init__(self, said: Mapping[str, Any], certificates: Mapping[str, Any]) -> None:
        self.label = str(said.get("active_manifest"))
        manifests = table(said.get("manifests"))
        self.manifests: dict[str, Mapping[str, Any]] = {key: table(each) for key, each in manifests.items()}
        # The library leaves out a manifest of which it cannot read a part.
        self.active = self.manifests.get(self.label, {})
        results = table(said.get("validation_results"))
        outcome = table(results.get("activeManifest"))
        self.failures = codes_in(outcome, "failure")
        self.deltas = rows(results.get("ingredientDeltas"))
        self.holds = said.get("validation_state") in ("Trusted", "Valid")
        proved = {code for code, _ in codes_in(outcome, "success")}
        self.is_vouched = {"signingCredential.trusted", "claimSignature.validated"} <= proved
        self.signer = _signer(self.active, table(certificates.get(self.label)))


def read_manifests(kind: str, data: bytes, trusted: Sequence[Trust] = ()) -> Store:
    """All manifests of a file. kind: its media type. Raises the library's C2paError where it has none, or none that can
    be read; what lies on another computer is not fetched."""
    settings = context(pem_of([authority for each in trusted for authority in each.authorities]))
    with c2pa().Reader(kind, io.BytesIO(data), context=settings) as reader:
        said, others = json.loads(reader.json()), rows(json.loads(reader.crjson()).get("manifests"))
    certificates = {str(each.get("label")): table(each.get("signature")).get("certificateInfo") for each in others}
    return Store(said, certificates)


def _signer(manifest: Mapping[str, Any], certificate: Mapping[str, Any]) -> Signer:
    said, by = table(manifest.get("signature_info")), table(certificate.get("issuer"))
    lifetime = table(certificate.get("validity"))
    return Signer(
        str(said.get("common_name") or said.get("issuer") or ""),
        str(by.get("CN") or by.get("O") or ""),
        str(said.get("cert_serial_number", "")),
        _moment(lifetime.get("notBefore")),
        _moment(lifetime.get("notAfter")),
    )


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None


def codes_in(results: Mapping[str, Any], outcome: str) -> tuple[tuple[str, str], ...]:
    """The library's codes, and what it says of them."""
    return tuple((str(each.get("code")), str(each.get("explanation", ""))) for each in rows(results.get(outcome)))


def assertions_in(manifest: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The assertions of a manifest: each one's label and its data."""
    return [(str(each.get("label")), table(each.get("data"))) for each in rows(manifest.get("assertions"))]


def table(value: object) -> Mapping[str, Any]:
    """A value that should be an object; an empty one where it is none."""
    return value if isinstance(value, dict) else {}


def rows(value: object) -> list[Mapping[str, Any]]:
    """The objects in a value that should be a list of them."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
