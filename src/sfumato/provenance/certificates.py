"""A signing key: a private key, its certificate and who vouches for that, as one text in PEM.

C2PA signs with X.509 certificates (C2PA 2.2, 14.5): for signatures and no authority, with a purpose that readers
accept, and within their lifetime. For who has none, one is made here, with an authority of its own whose private key is
thrown away at once: nothing else can ever be signed in its name.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal

from sfumato.errors import SfumatoError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
    from cryptography.x509 import Certificate, Name

CertificateFault = Literal["expired", "not yet valid", "without a usable purpose"]

ORGANIZATION: Final = "sfumato, self-made"
YEARS: Final = 10
# Without a time-stamp, which needs a network, a signature counts for as long as its certificate does.
LIFETIME: Final = timedelta(days=365 * YEARS)
# Clocks go wrong, and readers refuse what is signed before its certificate begins.
BACKDATED: Final = timedelta(days=1)

# What a certificate may be for, so that readers of C2PA accept it: e-mail, documents (RFC 9336), and C2PA's own.
PURPOSES: Final = ("1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.36", "1.3.6.1.4.1.62558.2.1")
_ALGORITHMS: Final = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
_LEAST_RSA_BITS: Final = 2048
_REMEDY: Final = "replace it with a whole one in that form"


@dataclass(frozen=True)
class SigningKey:
    """chain: certificates, the signer's own first, each vouched for by the next. private_key: PEM (PKCS #8).

    algorithm: C2PA's name of it, as 'es256'.
    """

    chain: tuple[Certificate, ...]
    private_key: bytes = field(repr=False)
    algorithm: str

    @property
    def certificate(self) -> Certificate:
        return self.chain[0]

    @cached_property
    def chain_pem(self) -> bytes:
        return pem_of(self.chain)

    @property
    def name(self) -> str:
        """Whom the certificate names."""
        return common_name(self.certificate.subject)

    @property
    def issuer(self) -> str:
        """Who vouches for that."""
        return common_name(self.certificate.issuer)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, hexadecimal."""
        return fingerprint_of(self.certificate)

    @property
    def serial_number(self) -> int:
        return self.certificate.serial_number

    @property
    def is_self_made(self) -> bool:
        """Whether the program made it, and nobody else vouches for it."""
        from cryptography.x509 import NameOID

        named = self.certificate.issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        return [each.value for each in named] == [ORGANIZATION]

    @property
    def authorities(self) -> tuple[Certificate, ...]:
        return self.chain[1:]

    def fault(self, now: datetime | None = None) -> CertificateFault | None:
        """Why nothing can be signed with it at a time (now), if so."""
        return fault_of(self.certificate, now)

    def to_pem(self) -> bytes:
        return self.private_key + self.chain_pem


def fault_of(certificate: Certificate, now: datetime | None = None) -> CertificateFault | None:
    """Why a certificate is none to sign works with at a time (now); None where it is one."""
    now = now or datetime.now(UTC)
    if not _has_purpose(certificate):
        return "without a usable purpose"
    if now > certificate.not_valid_after_utc:
        return "expired"
    return "not yet valid" if now < certificate.not_valid_before_utc else None


def _has_purpose(certificate: Certificate) -> bool:
    from cryptography import x509

    try:
        extensions = certificate.extensions
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False
    named = {purpose.dotted_string for purpose in purposes}
    return usage.digital_signature and not usage.key_cert_sign and not named.isdisjoint(PURPOSES)


def make_signing_key(now: datetime | None = None) -> SigningKey:
    """A new one: ES256, certified by an authority of its own, for ten years from a day before `now`.

    It names no person and no machine, only a number by which its works can be told from others'.
    """
    import secrets

    from cryptography.hazmat.primitives.asymmetric import ec

    start = (now or datetime.now(UTC)) - BACKDATED
    number = secrets.token_hex(4)
    own, authority = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    names = _name(f"sfumato {number}"), _name(f"sfumato {number} authority")
    root = _certificate(names[1], names[1], authority, authority, start)
    leaf = _certificate(names[0], names[1], own, authority, start)
    return SigningKey((leaf, root), private_pem(own), "es256")


def _name(common: str) -> Name:
    from cryptography.x509 import Name, NameAttribute, NameOID

    return Name([NameAttribute(NameOID.COMMON_NAME, common), NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION)])


def _certificate(
    subject: Name, issuer: Name, key: EllipticCurvePrivateKey, by: EllipticCurvePrivateKey, start: datetime
) -> Certificate:
    """By a key itself it is an authority's, else one for signatures (RFC 5280, 4.2.1)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID

    is_authority = key is by
    others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only")
    usage = x509.KeyUsage(
        **dict.fromkeys((*others, "decipher_only"), False),
        digital_signature=not is_authority,
        **dict.fromkeys(("key_cert_sign", "crl_sign"), is_authority),
    )
    builder = (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number(), start, start + LIFETIME)
        .add_extension(x509.BasicConstraints(is_authority, 0 if is_authority else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )
    if not is_authority:
        purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purposes, critical=False)
    return builder.sign(by, hashes.SHA256())


def parse_signing_key(text: bytes, origin: object) -> SigningKey:
    """A private key and its certificates, in PEM and in any order but that of the certificates.

    origin: where the text is from, for errors. Raises SfumatoError for what is no key, has a passphrase, is of a kind
    that works are not signed with, and for certificates that do not belong to it or to one another.
    """
    chain = parse_certificates(text, origin)
    private = parse_private_key(text, origin)
    if private.public_key() != chain[0].public_key():
        raise SfumatoError(f"{origin}: the first certificate is not that of the private key; put it first")
    for one, other in pairwise(chain):
        _check_issued(one, other, origin)
    return SigningKey(chain, private_pem(private), _algorithm(private, origin))


def parse_certificates(text: bytes, origin: object) -> tuple[Certificate, ...]:
    """One certificate or more, in PEM. Raises SfumatoError for what holds none, or a damaged one."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.x509 import InvalidVersion, load_pem_x509_certificates

    fault = SfumatoError(
        f"{origin}: holds no certificate in PEM ('-----BEGIN CERTIFICATE-----'), or a damaged one; {_REMEDY}"
    )
    try:
        certificates = tuple(load_pem_x509_certificates(text))
        for certificate in certificates:  # the library reads these when they are first asked for
            certificate.public_key()
            common_name(certificate.subject), common_name(certificate.issuer)
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidVersion) as error:
        raise fault from error
    if len(certificates) < text.count(b"-----BEGIN CERTIFICATE-----"):  # the end of the last is missing
        raise fault
    return certificates


def parse_private_key(text: bytes, origin: object) -> CertificateIssuerPrivateKeyTypes:
    """The private key in a text. Raises SfumatoError as `parse_signing_key`."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    block = _private_block(text)
    try:
        return load_pem_private_key(block, None)  # type: ignore[return-value]  # what else it may be, _algorithm refuses
    except TypeError as error:  # so the library says it
        raise SfumatoError(
            f"{origin}: the private key has a passphrase; take it off ('openssl pkey -in {origin} -out plain.pem')"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SfumatoError(
            f"{origin}: holds no private key in PEM ('-----BEGIN PRIVATE KEY-----'), or a damaged one; {_REMEDY}"
        ) from error


def _private_block(text: bytes) -> bytes:
    """The private key among other blocks; the elliptic curve's name may stand before it, in one of its own."""
    start = text.find(b"-----BEGIN ")
    while start >= 0:
        label = text[start + 11 : text.find(b"-----", start + 11)]
        if label.endswith(b"PRIVATE KEY"):
            return text[start:]
        start = text.find(b"-----BEGIN ", start + 11)
    return b""


def _algorithm(private: CertificateIssuerPrivateKeyTypes, origin: object) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    match private:
        case ec.EllipticCurvePrivateKey() if private.curve.name in _ALGORITHMS:
            return _ALGORITHMS[private.curve.name]
        case ed25519.Ed25519PrivateKey():
            return "ed25519"
        case rsa.RSAPrivateKey() if private.key_size >= _LEAST_RSA_BITS:
            return "ps256"
    raise SfumatoError(
        f"{origin}: works are signed with keys on the curves P-256, P-384 and P-521, with Ed25519, and with RSA of "
        f"{_LEAST_RSA_BITS} bits or more; this one is of another kind"
    )


def _check_issued(one: Certificate, other: Certificate, origin: object) -> None:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    with contextlib.suppress(ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        one.verify_directly_issued_by(other)
        return
    raise SfumatoError(
        f"{origin}: the certificate of {common_name(one.subject)!r} was not issued by {common_name(other.subject)!r}, "
        "which follows it; put each before the one that vouches for it"
    )


def common_name(name: Name) -> str:
    """The name that stands in a certificate for people, or all that it says."""
    from cryptography.x509 import NameOID

    named = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(named[0].value) if named else name.rfc4514_string()


def is_authority(certificate: Certificate) -> bool:
    """Whether it vouches for other certificates."""
    from cryptography import x509

    with contextlib.suppress(x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    return False


def fingerprint_of(certificate: Certificate) -> str:
    from cryptography.hazmat.primitives import hashes

    return certificate.fingerprint(hashes.SHA256()).hex()


def pem_of(certificates: Sequence[Certificate]) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)


def private_pem(key: CertificateIssuerPrivateKeyTypes) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
