"""Whatever is done to a signed file, the verdict on it is the right one; and a second reader says the same."""

import contextlib
import io
import json
import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from sfumato.errors import SfumatoError
from sfumato.provenance.certificates import LIFETIME, SigningKey, make_signing_key
from sfumato.provenance.credentials import Claim, Input, signed
from sfumato.provenance.keys import import_key, own_key
from sfumato.provenance.library import c2pa, context, signer
from sfumato.provenance.sources import LearnedFrom, Sources
from sfumato.provenance.trust import Trust
from sfumato.provenance.verification import Credentials, check_signs, credentials_of, read_credentials

Certified = Callable[..., SigningKey]
SOURCES = Sources("ab" * 32, (LearnedFrom(collection="cd" * 32, licences={"CC0-1.0": 3, "unknown": 1}),), "ef" * 32)
STRANGER = make_signing_key()

# What is done to a file that was signed with one's own key, and the verdict on it then.
VERDICTS = {
    "nothing": "trusted",
    "a pixel changed": "changed",
    "a text changed": "changed",
    "its XMP changed": "changed",
    "a chunk added": "changed",
    "a text removed": "changed",
    "bytes after its end": "changed",
    "its credentials moved to the end": "changed",
    "an assertion changed": "changed",
    "the claim changed": "changed",
    "the signature changed": "changed",
    "the certificate changed": "changed",
    "credentials of another picture": "changed",
    "its credentials removed": "none",
    "saved again": "none",
    "cropped": "none",
    "made a JPEG": "none",
    "made a WebP": "none",
    "cut off": "unreadable",
    "cut off within its credentials": "unreadable",
    "its credentials cut off": "unreadable",
    "an assertion's label changed": "unreadable",
    "the kind of all changed": "unreadable",
    "its credentials twice": "several manifests",
    "ten credentials": "several manifests",
    "signed by a stranger": "untrusted",
    "signed by a stranger of one's own name": "untrusted",
    "edited by a stranger": "untrusted",
    "signed before the certificate ran out": "expired",
    "signed before the certificate began": "not yet valid",
    "signed with a certificate for something else": "unusable certificate",
    "signed again without what was before": "trusted",
    "edited": "trusted",
    "edited ten times": "trusted",
    "a stranger's picture edited": "trusted",
    "a picture without credentials edited": "trusted",
    "a changed picture edited": "input failed",
    "the edit of a changed picture edited": "input failed",
    "a damaged picture edited": "input failed",
    "its input's credentials changed": "input failed",
    "its credentials elsewhere": "elsewhere",
    "its credentials elsewhere, too": "trusted",
    "a JPEG": "trusted",
    "a JPEG's pixel changed": "changed",
    "a JPEG cut off": "unreadable",
    "a WebP": "trusted",
    "a WebP's pixel changed": "changed",
    "a WebP cut off": "unreadable",
    "a GIF": "trusted",
    "a GIF's pixel changed": "changed",
    "nothing in it": "none",
    "a text": "none",
}


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def swapped(before: bytes, after: bytes) -> Callable[[bytes], bytes]:
    return lambda data: data.replace(before, after)


@pytest.fixture(scope="module")
def altered(
    png: bytes,
    picture: Image.Image,
    saved: Callable[..., bytes],
    taken_apart: Callable[[bytes], Any],
    signed_anew: Callable[[bytes, SigningKey, SigningKey], bytes],
    for_something_else: bytes,
) -> Mapping[str, bytes]:
    whole = signed(png, Claim("work.png", sources=SOURCES))
    parts = taken_apart(whole)
    bare = taken_apart(parts.without(b"caBX"))
    manifest, end = parts.body(b"caBX"), len(parts.chunks) - 1
    other = taken_apart(signed(saved("PNG", picture.rotate(90)), Claim("other.png"))).body(b"caBX")

    def replaced(other: bytes) -> bytes:
        return bytes(parts.edited(b"caBX", lambda _: other))

    def edit(data: bytes, key: SigningKey | None = None) -> bytes:
        return signed(png, Claim("edit.png", inputs=(Input(data, "input.png"),)), key)

    changed, signature = parts.edited(b"IDAT", lambda data: flipped(data, 40)), manifest.rindex(b"\xf6\x58\x40")
    stranger = signed(png, Claim("work.png"), STRANGER)
    parts_of_edit = taken_apart(edit(whole))
    chain = whole
    for _ in range(10):
        chain = edit(chain)
    own, strange = own_key(), own_key().name
    formats = {kind: signed(saved(kind), Claim("work")) for kind in ("JPEG", "WEBP", "GIF")}
    return {
        "nothing": whole,
        "a pixel changed": changed,
        "a text changed": parts.edited(b"iTXt", swapped(b"tree, Steps", b"wood, Steps")),
        "its XMP changed": parts.edited(b"iTXt", swapped(b"trainedAlgorithmic", b"xxxxxxxAlgorithmic")),
        "a chunk added": parts.with_chunks(end, (b"tEXt", b"Comment\0mine")),
        "a text removed": parts.without(b"iTXt", b"parameters"),
        "bytes after its end": whole + b"more",
        "its credentials moved to the end": bare.with_chunks(end - 1, (b"caBX", manifest)),
        "an assertion changed": parts.edited(b"caBX", swapped(b"CC0-1.0", b"CC9-9.9")),
        "the claim changed": parts.edited(b"caBX", swapped(b"hwork.png", b"hmine.png")),
        "the signature changed": replaced(flipped(manifest, signature + 20)),
        "the certificate changed": replaced(manifest.replace(strange.encode(), strange[:-1].encode() + b"x")),
        "credentials of another picture": replaced(other),
        "its credentials removed": parts.without(b"caBX"),
        "saved again": saved("PNG"),
        "cropped": saved("PNG", picture.crop((4, 4, 40, 40))),
        "made a JPEG": saved("JPEG"),
        "made a WebP": saved("WEBP"),
        "cut off": whole[: -len(whole) // 4],
        "cut off within its credentials": whole[:1000],
        "its credentials cut off": replaced(manifest[:2000]),
        "an assertion's label changed": parts.edited(b"caBX", swapped(b"sfumato.work\0", b"sfumato.worm\0")),
        "the kind of all changed": parts.edited(b"caBX", swapped(b"jumdc2pa", b"jumdc2pb")),
        "its credentials twice": parts.with_chunks(1, (b"caBX", manifest)),
        "ten credentials": parts.with_chunks(1, *[(b"caBX", manifest), (b"caBX", other)] * 4, (b"caBX", other)),
        "signed by a stranger": stranger,
        "signed by a stranger of one's own name": signed(png, Claim("work.png"), _named_as(own)),
        "edited by a stranger": edit(whole, STRANGER),
        "signed before the certificate ran out": replaced(signed_anew(manifest, own, _made(own, -2 * LIFETIME))),
        "signed before the certificate began": replaced(signed_anew(manifest, own, _made(own, timedelta(days=3)))),
        "signed with a certificate for something else": for_something_else,
        "signed again without what was before": signed(whole, Claim("work.png")),
        "edited": edit(whole),
        "edited ten times": chain,
        "a stranger's picture edited": edit(stranger),
        "a picture without credentials edited": edit(saved("BMP")),
        "a changed picture edited": edit(changed),
        "the edit of a changed picture edited": edit(edit(changed)),
        "a damaged picture edited": edit(replaced(manifest[:2000])),
        "its input's credentials changed": parts_of_edit.edited(b"caBX", swapped(b"CC0-1.0", b"CC9-9.9")),
        "its credentials elsewhere": _elsewhere(png, "http://127.0.0.1:9/work.c2pa", embed=False),
        "its credentials elsewhere, too": _elsewhere(png, "http://127.0.0.1:9/work.c2pa", embed=True),
        "a JPEG": formats["JPEG"],
        "a JPEG's pixel changed": flipped(formats["JPEG"], len(formats["JPEG"]) - 60),
        "a JPEG cut off": formats["JPEG"][:2000],
        "a WebP": formats["WEBP"],
        "a WebP's pixel changed": flipped(formats["WEBP"], formats["WEBP"].index(b"VP8 ") + 60),
        "a WebP cut off": formats["WEBP"][:300],
        "a GIF": formats["GIF"],
        "a GIF's pixel changed": flipped(formats["GIF"], len(formats["GIF"]) - 60),
        "nothing in it": b"",
        "a text": b"not a picture\n",
    }  # fmt: skip


def _made(like: SigningKey, later: timedelta) -> SigningKey:
    """A key that was made at another time, with certificates as long as those of another."""
    lengths = [len(each.public_bytes(Encoding.DER)) for each in like.chain]
    while True:
        key = make_signing_key(datetime.now(UTC) + later)
        if [len(each.public_bytes(Encoding.DER)) for each in key.chain] == lengths:
            return key


def _named_as(key: SigningKey) -> SigningKey:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "token_hex", lambda _: key.name.removeprefix("sfumato "))
        other = make_signing_key()
    assert (other.name, other.issuer) == (key.name, key.issuer)
    return other


def _by_hand(
    png: bytes, settings: Any, key: SigningKey, prepare: Callable[[Any], None] = lambda builder: None
) -> bytes:
    """Signed as another program might do it."""
    file = io.BytesIO()
    with c2pa().Builder({"claim_generator_info": [{"name": "another"}]}, context=settings) as builder:
        builder.set_intent(c2pa().C2paBuilderIntent.CREATE, c2pa().C2paDigitalSourceType.DIGITAL_CREATION)
        prepare(builder)
        builder.sign(signer(key), "image/png", io.BytesIO(png), file)
    return file.getvalue()


def _elsewhere(png: bytes, address: str, *, embed: bool) -> bytes:
    def prepare(builder: Any) -> None:
        builder.set_remote_url(address)
        if not embed:
            builder.set_no_embed()

    return _by_hand(png, context(b""), own_key(), prepare)


@pytest.fixture(scope="module")
def for_something_else(png: bytes, certified: Certified) -> bytes:
    purpose = "1.2.3.4.5"
    settings = c2pa().Context.from_dict({"trust": {"trust_config": purpose}})
    return _by_hand(png, settings, certified(purpose))


@pytest.mark.parametrize("name", VERDICTS)
def test_whatever_was_done_to_a_file_its_verdict_is_right(altered: Mapping[str, bytes], name: str) -> None:
    verdict = credentials_of(altered[name])
    assert verdict.status == VERDICTS[name]


def test_all_that_was_done_is_judged(altered: Mapping[str, bytes]) -> None:
    assert altered.keys() == VERDICTS.keys()
    assert len(set(altered.values())) == len(altered) > 27


def test_a_verdict_says_who_signed_what_and_of_what(altered: Mapping[str, bytes]) -> None:
    key, verdict = own_key(), credentials_of(altered["nothing"])
    signer = verdict.signer
    assert verdict.is_own
    assert signer is not None
    assert (signer.name, signer.issuer, signer.serial_number) == (key.name, key.issuer, str(key.serial_number))
    assert signer.ends == key.certificate.not_valid_after_utc
    assert (verdict.title, verdict.source_type, verdict.actions) == (
        "work.png",
        "trainedAlgorithmicMedia",
        ("c2pa.created",),
    )
    assert verdict.program.startswith("sfumato ")
    assert verdict.facts == SOURCES.facts()
    assert verdict.manifests == 1


def test_what_a_work_was_made_from_is_named_with_what_failed(altered: Mapping[str, bytes]) -> None:
    (one,) = credentials_of(altered["a changed picture edited"]).inputs
    assert (one.title, one.has_credentials, one.failures) == ("input.png", True, ("assertion.dataHash.mismatch",))
    (one,) = credentials_of(altered["a picture without credentials edited"]).inputs
    assert (one.title, one.has_credentials, one.failures) == ("input.png", False, ())
    ten = credentials_of(altered["edited ten times"])
    assert (ten.manifests, len(ten.inputs)) == (11, 10)


def test_that_ones_own_work_was_changed_is_said(altered: Mapping[str, bytes]) -> None:
    assert credentials_of(altered["a pixel changed"]).is_own
    assert not credentials_of(altered["the claim changed"]).is_own, "that signature proves nothing"
    assert not credentials_of(altered["signed by a stranger of one's own name"]).is_own


def test_who_is_trusted_by_name_is_trusted_and_nobody_else(
    altered: Mapping[str, bytes], png: bytes, certified: Certified, tmp_path: Path
) -> None:
    (tmp_path / "stranger.pem").write_bytes(STRANGER.chain_pem)
    trust = Trust.in_file(tmp_path / "stranger.pem")
    verdict = credentials_of(altered["signed by a stranger"], [trust])
    assert (verdict.status, verdict.is_own) == ("trusted", False)
    assert credentials_of(altered["edited by a stranger"], [trust]).status == "trusted"
    assert credentials_of(altered["signed by a stranger of one's own name"], [trust]).status == "untrusted"
    # Of one authority's customers the one who is named, or all of them where nobody is.
    ada, ben = certified(authorities=3), signed(png, Claim("work"), certified(authorities=3, name="Ben"))
    by_ada = signed(png, Claim("work"), ada)
    assert credentials_of(by_ada, [Trust.in_certificates(ada.chain)]).status == "trusted"
    assert credentials_of(by_ada, [Trust.in_certificates(ada.authorities[-1:])]).status == "trusted"
    assert credentials_of(ben, [Trust.in_certificates(ada.chain)]).status == "untrusted"


def test_another_customer_of_ones_own_authority_is_a_stranger(keys: Path, png: bytes, certified: Certified) -> None:
    by = ec.generate_private_key(ec.SECP256R1())
    ada, ben = certified(by=by), certified(by=by, name="Ben")
    import_key(ada)
    assert credentials_of(signed(png, Claim("work"))).is_own
    verdict = credentials_of(signed(png, Claim("work"), ben))
    assert (verdict.status, verdict.is_own) == ("untrusted", False)
    assert credentials_of(signed(png, Claim("work"), ben), [Trust.in_certificates(ben.chain)]).status == "trusted"


def test_a_key_is_tried_before_it_is_used(certified: Certified) -> None:
    check_signs(own_key())
    check_signs(certified(authorities=3))
    with pytest.raises(SfumatoError, match="cannot be signed with the key of 'Ada'"):
        check_signs(certified("1.2.3.4.5"))


def test_what_lies_on_another_computer_is_never_fetched(png: bytes) -> None:
    asked: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            with contextlib.suppress(OSError):
                asked.append(server.accept())

        thread = Thread(target=listen, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}/work.c2pa"
        verdict = credentials_of(_elsewhere(png, address, embed=False))
        assert (verdict.status, verdict.address) == ("elsewhere", address)
        assert credentials_of(_elsewhere(png, address, embed=True)).status == "trusted"
        signed(png, Claim("work", inputs=(Input(_elsewhere(png, address, embed=False)),)))
        assert asked == []
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)
    assert asked == []


def test_a_file_that_is_not_there_or_no_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match=r"work.png does not exist"):
        read_credentials(tmp_path / "work.png")
    with pytest.raises(SfumatoError, match=r"cannot be read"):
        read_credentials(tmp_path)


@pytest.mark.parametrize(
    "spoilt",
    [b"\x81" * 1000 + b"\x80", b"\x9b" + b"\x7f" * 8, b"\x5b\0\0\0" + b"\xff" * 5, b"\xff", b""],
    ids=["nested too deeply", "a list without end", "a text without end", "no CBOR", "nothing"],
)
def test_an_assertion_that_cannot_be_read_is_damage(
    altered: Mapping[str, bytes], with_assertion: Callable[..., bytes], spoilt: bytes
) -> None:
    """The library then names a manifest, and shows none."""
    verdict = credentials_of(with_assertion(altered["nothing"], "org.sfumato.work", spoilt))
    assert verdict.status == "unreadable"
    assert verdict.failures == (("assertion.cbor.invalid", "invalid assertion cbor"),)


@given(place=st.integers(0, 3000), new=st.binary(min_size=1, max_size=8))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damage_is_trusted_or_ends_in_an_error(altered: Mapping[str, bytes], place: int, new: bytes) -> None:
    whole = altered["edited"]
    spoilt = whole[:place] + new + whole[place + len(new) :]
    verdict = credentials_of(spoilt)
    assert isinstance(verdict, Credentials)
    assert spoilt == whole or verdict.status != "untrusted"


def second_reader() -> Path | None:
    places = [os.environ.get("C2PA_TS"), str(Path(__file__).parents[2] / "node_modules" / "@trustnxt" / "c2pa-ts")]
    found = [Path(place) for place in places if place and Path(place, "dist").is_dir()]
    return found[0] if found and shutil.which("node") else None


@pytest.mark.skipif(second_reader() is None, reason="needs node, and npm's @trustnxt/c2pa-ts (see .ci/run)")
def test_a_second_reader_says_the_same(altered: Mapping[str, bytes], tmp_path: Path) -> None:
    """It knows no trust, looks at no input, and takes two manifests side by side for none."""
    judged = [name for name in VERDICTS if altered[name][:4] in (b"\x89PNG", b"\xff\xd8\xff\xe0")]
    for number, name in enumerate(judged):
        (tmp_path / f"{number}.bin").write_bytes(altered[name])
    program = Path(__file__).with_name("second_reader.mjs")
    files = [str(tmp_path / f"{number}.bin") for number in range(len(judged))]
    done = subprocess.run(["node", program, str(second_reader()), *files], capture_output=True, text=True, check=True)
    said = {name: json.loads(line) for name, line in zip(judged, done.stdout.splitlines(), strict=True)}
    assert len(said) > 27
    holds = {"trusted", "untrusted", "input failed"}
    absent = {"none", "elsewhere", "several manifests"}
    for name, found in said.items():
        assert found.get("valid", False) == (VERDICTS[name] in holds), (name, found)
        assert found["credentials"] == (VERDICTS[name] not in absent), (name, found)
