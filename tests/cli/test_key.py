"""The key is shown, given to others and replaced; that others do not know it is said."""

import os
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from sfumato.provenance.certificates import make_signing_key, parse_certificates, pem_of
from sfumato.provenance.keys import own_key
from sfumato.provenance.trust import Trust


@pytest.fixture
def keys(here, monkeypatch):
    """A directory for keys in which there is none yet."""
    monkeypatch.setenv("SFUMATO_KEYS", str(here / "keys"))
    return here / "keys"


def test_it_is_shown_with_its_place_and_lifetime_and_that_nobody_knows_it(sfumato, keys):
    answer = sfumato("key", "show")
    assert answer.code == 0, answer.err
    key = own_key()
    said = " ".join(answer.out.split())
    assert f"Works are signed as {key.name!r} (ES256), made by sfumato, and vouched for by nobody else." in said
    assert f"{key.fingerprint}, to {key.certificate.not_valid_after_utc:%Y-%m-%d}" in said
    assert str(keys / "signing.pem") in said
    assert "this signer is unknown until they trust its certificate" in said
    assert "PRIVATE" not in answer.out
    assert sfumato("key").out == answer.out


def test_its_certificate_is_exported_without_the_private_key(sfumato, keys, here):
    answer = sfumato("key", "export", "my.pem")
    assert answer.code == 0, answer.err
    text = (here / "my.pem").read_bytes()
    assert parse_certificates(text, "my.pem") == own_key().chain
    assert b"PRIVATE" not in text
    assert Trust.in_file(here / "my.pem").signers == own_key().chain[:1]
    assert "exists already" in sfumato("key", "export", "my.pem").err
    assert sfumato("key", "export", "my.pem", "--force").code == 0


def test_no_key_is_written_over_by_its_certificate(sfumato, keys, here):
    key = own_key()
    places = ["keys/signing.pem"]
    if os.name != "nt":
        (here / "link.pem").symlink_to(keys / "signing.pem")
        places.append("link.pem")
    for place in places:
        answer = sfumato("key", "export", place, "--force")
        assert answer.code == 2
        assert f"{place}: lies where your keys are kept" in answer.err
    assert own_key() == key


def test_the_file_with_the_passphrase_is_the_one_that_is_named(sfumato, keys, here):
    other = make_signing_key()
    private = load_pem_private_key(other.private_key, None)
    locked = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"ada"))
    (here / "ada.pem").write_bytes(other.chain_pem)
    (here / "ada.key").write_bytes(locked)
    answer = sfumato("key", "import", "ada.pem", "--private", "ada.key")
    assert answer.code == 2
    assert "ada.key: the private key has a passphrase; take it off ('openssl pkey -in ada.key" in answer.err


@pytest.mark.parametrize("apart", [False, True], ids=["in one file", "in two files"])
def test_one_of_ones_own_is_imported_and_signs_from_then_on(sfumato, keys, here, apart):
    before, other = own_key(), make_signing_key()
    (here / "ada.pem").write_bytes(other.chain_pem if apart else other.to_pem())
    (here / "ada.key").write_bytes(other.private_key)
    answer = sfumato("key", "import", "ada.pem", *(["--private", "ada.key"] if apart else []))
    assert answer.code == 0, answer.err
    assert "Works are signed with ada.pem from now on" in answer.out
    assert own_key() == other
    assert len(list(keys.glob("earlier-*.pem"))) == 1
    assert before.fingerprint[:16] in next(keys.glob("earlier-*.pem")).name


EXPIRED = make_signing_key(datetime.now(UTC) - timedelta(days=5000))
KEY = make_signing_key()
MISTAKES = [
    ("key import", b"", "say which file, as in 'sfumato key import my.pem'"),
    ("key export", b"", "say which file"),
    ("key show my.pem", b"", "takes no file"),
    ("key renew", b"", "key renew: the action is show, export or import"),
    ("key show --private my.pem", b"", "goes with 'sfumato key import'"),
    ("key import nowhere.pem", b"", "nowhere.pem: cannot be read (No such file"),
    ("key import keys", b"", "keys: cannot be read"),
    ("key import my.pem", b"", "a damaged one; replace it with a whole one in that form"),
    ("key import my.pem", b"\0\1\2", "my.pem: holds no certificate"),
    ("key import my.pem", KEY.chain_pem, "my.pem: holds no private key"),
    ("key import my.pem --private keys", KEY.chain_pem, "keys: cannot be read"),
    ("key import my.pem", KEY.private_key + pem_of(KEY.chain[:1]), "put that of its issuer"),
    ("key import my.pem", EXPIRED.to_pem(), "ran out on"),
]


@pytest.mark.parametrize(("typed", "text", "said"), MISTAKES)
def test_a_mistake_is_one_sentence_and_changes_nothing(sfumato, keys, here, typed, text, said):
    key = own_key()
    (here / "my.pem").write_bytes(text)
    answer = sfumato(*typed.split())
    assert answer.code == 2
    assert said in answer.err
    assert len(answer.err.strip().splitlines()) == 1
    assert own_key() == key


@pytest.mark.skipif(os.name == "nt", reason="rights are kept otherwise there")
def test_before_any_work_a_key_that_others_may_read_is_said(sfumato, run, keys, here):
    own_key()
    (keys / "signing.pem").chmod(0o644)
    for typed in (f"generate {run} -n 1 --steps 1 -o works", "key show"):
        answer = sfumato(*typed.split())
        assert answer.code == 2
        assert "others may read or change the signing key (mode 644)" in answer.err
    assert not (here / "works").exists()
