"""A signing key is one that readers of C2PA accept, and whatever else a file holds is refused in a sentence."""

import getpass
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sfumato.errors import SfumatoError
from sfumato.provenance.certificates import (
    PURPOSES,
    CertificateFault,
    SigningKey,
    fault_of,
    make_signing_key,
    parse_certificates,
    parse_signing_key,
    pem_of,
    private_pem,
)

Certified = Callable[..., SigningKey]
MADE = make_signing_key()


def test_a_key_is_made_for_signing_e_mail_for_ten_years_from_yesterday() -> None:
    leaf, authority = MADE.chain
    purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [purpose.dotted_string for purpose in purposes] == [PURPOSES[0]]
    assert leaf.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    assert leaf.not_valid_before_utc < datetime.now(UTC) - timedelta(hours=23)
    assert leaf.not_valid_after_utc > datetime.now(UTC) + timedelta(days=3640)
    leaf.verify_directly_issued_by(authority)
    assert MADE.fault() is None
    assert MADE.is_self_made


def test_it_names_nobody_and_the_authority_can_vouch_for_nothing_else() -> None:
    names = " ".join(certificate.subject.rfc4514_string() for certificate in MADE.chain)
    assert getpass.getuser() not in names.replace("sfumato", "")
    assert socket.gethostname() not in names
    assert MADE.to_pem().count(b"PRIVATE KEY-----") == 2  # the beginning and the end of one, its own
    assert MADE.chain[1].extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0


def test_the_private_key_is_in_no_text_that_may_be_printed() -> None:
    assert "PRIVATE" not in repr(MADE)


def test_two_keys_have_different_names() -> None:
    assert make_signing_key().name != MADE.name


@pytest.mark.parametrize(
    ("days", "fault"), [((-10, -1), "expired"), ((1, 10), "not yet valid"), ((-1, 1), None)], ids=str
)
def test_a_certificate_counts_within_its_lifetime(certified: Certified, days: tuple[int, int], fault: str) -> None:
    assert certified(days=days).fault() == fault


@pytest.mark.parametrize("purpose", PURPOSES)
def test_each_purpose_of_signing_will_do(certified: Certified, purpose: str) -> None:
    assert certified(purpose).fault() is None


@pytest.mark.parametrize("purpose", [None, "1.3.6.1.5.5.7.3.1", "authority"], ids=["none", "of a website", "authority"])
def test_another_purpose_will_not(certified: Certified, purpose: str | None) -> None:
    assert certified(purpose).fault() == "without a usable purpose"


def test_an_expired_certificate_of_another_purpose_says_the_purpose(certified: Certified) -> None:
    assert fault_of(certified(None, days=(-10, -1)).certificate) == "without a usable purpose"


KINDS = {
    "es256": ec.generate_private_key(ec.SECP256R1()),
    "es384": ec.generate_private_key(ec.SECP384R1()),
    "es512": ec.generate_private_key(ec.SECP521R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "ps256": rsa.generate_private_key(65537, 2048),
}


@pytest.mark.parametrize("algorithm", KINDS)
def test_a_key_says_how_it_signs(certified: Certified, algorithm: str) -> None:
    assert certified(key=KINDS[algorithm]).algorithm == algorithm


def test_a_key_is_read_as_it_was_written_and_in_any_order(certified: Certified) -> None:
    key = certified(authorities=3)
    for text in (key.to_pem(), key.chain_pem + key.private_key, b"Ada's own\n" + key.to_pem() + b"\n\n"):
        again = parse_signing_key(text, "file")
        assert again == key
        assert again.fingerprint == key.fingerprint
    older = ec.generate_private_key(ec.SECP256R1())
    plain = older.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    assert parse_signing_key(parameters + plain + pem_of(certified(key=older).chain), "file").algorithm == "es256"


def locked(key: SigningKey) -> bytes:
    private = KINDS["es256"].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    return private + key.chain_pem


WRONG: dict[str, tuple[Callable[[SigningKey], bytes], str]] = {
    "nothing": (lambda key: b"", "holds no certificate"),
    "a text": (lambda key: b"my key\n", "holds no certificate"),
    "bytes": (lambda key: bytes(range(256)), "holds no certificate"),
    "its certificates alone": (lambda key: key.chain_pem, "holds no private key"),
    "its private key alone": (lambda key: key.private_key, "holds no certificate"),
    "a damaged certificate": (lambda key: key.to_pem().replace(b"MII", b"MIX"), "or a damaged one"),
    "a truncated one": (lambda key: key.to_pem()[:-200], "or a damaged one"),
    "a damaged private key": (lambda key: key.to_pem().replace(b"MIGH", b"MIGX", 1), "or a damaged one"),
    "a passphrase": (locked, "has a passphrase; take it off"),
    "another private key": (lambda key: private_pem(KINDS["es256"]) + key.chain_pem, "not that of the private key"),
    "certificates in another order": (
        lambda key: key.private_key + pem_of((key.chain[0], *key.chain[:0:-1])),
        "was not issued by",
    ),
    "another authority": (lambda key: key.private_key + pem_of((key.chain[0], MADE.chain[1])), "was not issued by"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_key_is_refused_with_its_reason(certified: Certified, name: str) -> None:
    spoil, reason = WRONG[name]
    with pytest.raises(SfumatoError, match=f"^mine.pem: .*{reason}"):
        parse_signing_key(spoil(certified(authorities=2)), "mine.pem")


@pytest.mark.parametrize(
    "private", [rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP256K1())], ids=["RSA 1024", "k1"]
)
def test_a_kind_of_key_that_c2pa_does_not_know_is_refused(certified: Certified, private: object) -> None:
    with pytest.raises(SfumatoError, match="this one is of another kind"):
        certified(key=private)


@pytest.mark.filterwarnings("ignore")
@given(at=st.integers(0, len(MADE.to_pem())), new=st.binary(max_size=12))
@example(at=567, new=b"/")  # a curve that does not exist
@example(at=1300, new=b"d")  # an authority's key of no known kind
@settings(max_examples=50, deadline=None)
def test_a_spoilt_key_is_another_key_or_refused(at: int, new: bytes) -> None:
    text = MADE.to_pem()
    use_or_refuse(text[:at] + new + text[at + len(new) :])


@pytest.mark.filterwarnings("ignore")  # the library warns of what it reads all the same
@given(which=st.sampled_from([0, 1]), at=st.integers(0, 600), byte=st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_a_certificate_of_one_other_byte_is_another_or_refused(which: int, at: int, byte: int) -> None:
    data = [bytearray(each.public_bytes(Encoding.DER)) for each in MADE.chain]
    data[which][at % len(data[which])] = byte
    use_or_refuse(MADE.private_key + b"".join(ssl.DER_cert_to_PEM_cert(bytes(each)).encode() for each in data))


def use_or_refuse(text: bytes) -> None:
    try:
        key = parse_signing_key(text, "file")
    except SfumatoError as error:
        assert str(error).startswith("file: ")
    else:
        assert isinstance(key.name + key.issuer, str)
        assert key.fault() in (None, *get_args(CertificateFault))
        assert key.is_self_made in (True, False)


@given(st.binary(max_size=200))
@settings(max_examples=50, deadline=None)
def test_any_bytes_are_refused_as_certificates(data: bytes) -> None:
    with pytest.raises(SfumatoError, match="holds no certificate"):
        parse_certificates(data, "file")
