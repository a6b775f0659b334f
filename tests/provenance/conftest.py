"""Pictures as they leave the program, certificates of every kind, and a directory for keys that no person uses."""

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image

from sfumato.provenance.certificates import SigningKey, parse_signing_key, pem_of, private_pem
from sfumato.works.saving import Product, encoded


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory for keys in which there is none yet."""
    monkeypatch.setenv("SFUMATO_KEYS", str(tmp_path / "keys"))
    return tmp_path / "keys"


@pytest.fixture(scope="session")
def picture() -> Image.Image:
    return Image.radial_gradient("L").resize((48, 48)).convert("RGB")


@pytest.fixture(scope="session")
def png(picture: Image.Image) -> bytes:
    """A work as it is before it is signed."""
    texts = {"parameters": "tree, Steps: 3", "sfumato": '{"digest": 1}'}
    return encoded(Product([picture], texts=texts), Path("work.png"))


@pytest.fixture(scope="session")
def saved(picture: Image.Image) -> Callable[..., bytes]:
    """(format, picture) -> as Pillow saves it."""

    def save(kind: str, shown: Image.Image | None = None, **options: object) -> bytes:
        file = io.BytesIO()
        (shown or picture).save(file, kind, **options)
        return file.getvalue()

    return save


@dataclass(frozen=True)
class Png:
    """A PNG taken apart into its chunks, kinds with their contents."""

    chunks: tuple[tuple[bytes, bytes], ...]

    @classmethod
    def of(cls, data: bytes) -> "Png":
        place, chunks = 8, []
        while place < len(data):
            length, kind = struct.unpack_from(">I4s", data, place)
            chunks.append((kind, data[place + 8 : place + 8 + length]))
            place += 12 + length
        return cls(tuple(chunks))

    def __bytes__(self) -> bytes:
        return b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))
            for kind, body in self.chunks
        )

    def body(self, kind: bytes) -> bytes:
        return next(body for found, body in self.chunks if found == kind)

    def edited(self, kind: bytes, edit: Callable[[bytes], bytes]) -> bytes:
        """With each chunk of a kind as `edit` makes it; at least one has to become another."""
        chunks = tuple((found, edit(body) if found == kind else body) for found, body in self.chunks)
        assert chunks != self.chunks
        return bytes(Png(chunks))

    def without(self, kind: bytes, starts: bytes = b"") -> bytes:
        return bytes(Png(tuple(each for each in self.chunks if each[0] != kind or not each[1].startswith(starts))))

    def with_chunks(self, place: int, *added: tuple[bytes, bytes]) -> bytes:
        return bytes(Png((*self.chunks[:place], *added, *self.chunks[place:])))


@pytest.fixture(scope="session")
def taken_apart() -> Callable[[bytes], Png]:
    return Png.of


@pytest.fixture(scope="session")
def certified() -> Callable[..., SigningKey]:
    """(purpose, from and to which day, how many vouch, by whose private key) -> a key that others certified."""

    def certificate(
        name: str, key: object, issuer: x509.Name, by: object, days: tuple[int, int], purpose: str | None
    ) -> x509.Certificate:
        is_authority, now = purpose == "authority", datetime.now(UTC)
        usage = [not is_authority, *[False] * 4, is_authority, is_authority, False, False]
        builder = (
            x509.CertificateBuilder(
                issuer,
                x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
                key.public_key(),  # type: ignore[attr-defined]
                x509.random_serial_number(),
                now + timedelta(days=days[0]),
                now + timedelta(days=days[1]),
            )
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
            .add_extension(x509.KeyUsage(*usage), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)  # type: ignore[attr-defined]
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)  # type: ignore[attr-defined]
        )
        if purpose and not is_authority:
            builder = builder.add_extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier(purpose)]), critical=False)
        return builder.sign(by, hashes.SHA256())  # type: ignore[arg-type]

    def make(
        purpose: str | None = ExtendedKeyUsageOID.EMAIL_PROTECTION.dotted_string,
        *,
        days: tuple[int, int] = (-1, 365),
        key: object = None,
        authorities: int = 1,
        name: str = "Ada",
        by: object = None,
    ) -> SigningKey:
        above = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority 0")])
        by = by or ec.generate_private_key(ec.SECP256R1())
        chain = [certificate("Authority 0", by, above, by, (-10_000, 10_000), "authority")]
        for number in range(1, authorities):
            one = ec.generate_private_key(ec.SECP256R1())
            chain.append(certificate(f"Authority {number}", one, above, by, (-10_000, 10_000), "authority"))
            by, above = one, chain[-1].subject
        own = key or ec.generate_private_key(ec.SECP256R1())
        chain.append(certificate(name, own, above, by, days, purpose))
        return parse_signing_key(private_pem(own) + pem_of(chain[::-1]), "a test's key")  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def signed_anew() -> Callable[[bytes, SigningKey, SigningKey], bytes]:
    """(manifest, key, other) -> the manifest as another key would have signed it, which may be out of its lifetime.

    The library signs nothing with such a key. The certificates of both have to be of one length. RFC 9052, 4.2 and 4.4.
    """

    def sign(manifest: bytes, key: SigningKey, other: SigningKey) -> bytes:
        for one, another in zip(key.chain, other.chain, strict=True):
            manifest = manifest.replace(one.public_bytes(Encoding.DER), another.public_bytes(Encoding.DER))
        start = manifest.index(b"cbor\xd2\x84\x59", manifest.index(b"c2pa.signature\0")) + 6
        length = int.from_bytes(manifest[start + 1 : start + 3])
        protected = manifest[start : start + 3 + length]
        claim = manifest.index(b"cbor", manifest.index(b"c2pa.claim.v2\0")) + 4
        payload = manifest[claim : claim + int.from_bytes(manifest[claim - 8 : claim - 4]) - 8]
        signed = b"\x84\x6aSignature1" + protected + b"\x40\x59" + len(payload).to_bytes(2) + payload
        private = load_pem_private_key(other.private_key, None)
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        numbers = decode_dss_signature(private.sign(signed, ec.ECDSA(hashes.SHA256())))
        end = manifest.index(b"\xf6\x58\x40", start + length) + 3
        return manifest[:end] + b"".join(each.to_bytes(32) for each in numbers) + manifest[end + 64 :]

    return sign


@pytest.fixture(scope="session")
def with_assertion() -> Callable[[bytes, str, bytes], bytes]:
    """A signed PNG whose first assertion of a label is other CBOR, with the lengths of all boxes around it."""

    def change(manifest: bytes, label: bytes, cbor: bytes) -> bytes:
        start = manifest.index(b"cbor", manifest.index(label + b"\0")) - 4
        end = start + int.from_bytes(manifest[start : start + 4])
        changed = manifest[:start] + struct.pack(">I4s", 8 + len(cbor), b"cbor") + cbor + manifest[end:]
        longer, place = len(changed) - len(manifest), manifest.find(b"jumb")
        while 0 <= place < start:
            length = int.from_bytes(manifest[place - 4 : place])
            if place - 4 + length >= end:
                changed = changed[: place - 4] + (length + longer).to_bytes(4) + changed[place:]
            place = manifest.find(b"jumb", place + 1)
        return changed

    return lambda png, label, cbor: Png.of(png).edited(b"caBX", lambda body: change(body, label.encode(), cbor))
