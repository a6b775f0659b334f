"""Whom a person trusts, by the certificates of those who sign and of those who vouch for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sfumato.disk import read_file
from sfumato.errors import SfumatoError
from sfumato.provenance.certificates import is_authority, parse_certificates

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_MOST_CERTIFICATE_BYTES: Final = 16 << 20


@dataclass(frozen=True)
class Trust:
    """Whom to trust: signers by their certificates, for whom authorities vouch; where no signer is named, all for whom
    these do."""

    authorities: tuple[Certificate, ...]
    signers: tuple[Certificate, ...]

    @classmethod
    def in_certificates(cls, certificates: Sequence[Certificate]) -> Trust:
        authorities = tuple(each for each in certificates if is_authority(each))
        return cls(authorities, tuple(each for each in certificates if each not in authorities))

    @classmethod
    def in_file(cls, path: Path) -> Trust:
        """From a file in PEM, as a key's `chain_pem` is. Raises SfumatoError where it cannot be read, or holds none."""
        try:
            text = read_file(path, _MOST_CERTIFICATE_BYTES)
        except OSError as error:
            raise SfumatoError(f"{path}: the certificates to trust cannot be read ({error.strerror})") from error
        trust = cls.in_certificates(parse_certificates(text, path))
        if not trust.authorities:
            raise SfumatoError(f"{path}: holds nobody who vouches for another; add the certificate of its issuer")
        return trust
