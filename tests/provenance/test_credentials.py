"""A file that was signed shows what it showed and says what it is, of what and by whom; from any thread and process."""

import gc
import hashlib
import io
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from PIL import Image

from sfumato.errors import SfumatoError
from sfumato.provenance import is_marked
from sfumato.provenance.certificates import PURPOSES, SigningKey, make_signing_key
from sfumato.provenance.credentials import Claim, Input, SoftBinding, signed
from sfumato.provenance.keys import own_key
from sfumato.provenance.library import c2pa
from sfumato.provenance.mark import COMPOSITE
from sfumato.provenance.sources import Sources
from sfumato.provenance.trust import Trust
from sfumato.provenance.verification import credentials_of
from sfumato.works.saving import ENCODERS, Product, encoded, ffmpeg

Certified = Callable[..., SigningKey]
FORMATS = [suffix for suffix in ENCODERS if suffix != ".mp4" or ffmpeg()]


@pytest.mark.parametrize("suffix", FORMATS)
def test_all_that_the_program_writes_can_be_signed(picture: Image.Image, suffix: str) -> None:
    frames = [picture, picture.rotate(90), picture.rotate(180)]
    plain = encoded(Product(frames, (100, 100, 100)), Path(f"way{suffix}"))
    whole = signed(plain, Claim("way"))
    assert credentials_of(whole).status == "trusted"
    assert is_marked(whole)
    if suffix != ".mp4":
        with Image.open(io.BytesIO(plain)) as before, Image.open(io.BytesIO(whole)) as after:
            assert after.n_frames == before.n_frames == 3
            for number in range(3):
                before.seek(number)
                after.seek(number)
                assert after.convert("RGB").tobytes() == before.convert("RGB").tobytes()
                assert after.info.get("duration") == before.info.get("duration")


def test_a_jpeg_can_be_signed_too(saved: Callable[..., bytes]) -> None:
    plain = saved("JPEG")
    whole = signed(plain, Claim("work"))
    assert credentials_of(whole).status == "trusted"
    assert Image.open(io.BytesIO(whole)).tobytes() == Image.open(io.BytesIO(plain)).tobytes()


@pytest.mark.parametrize("kind", ["BMP", "PPM"])
def test_what_cannot_carry_credentials_is_not_signed(saved: Callable[..., bytes], kind: str) -> None:
    with pytest.raises(ValueError, match="is no PNG, JPEG, WebP, GIF or MP4"):
        signed(saved(kind), Claim())


def test_a_damaged_picture_is_not_signed(png: bytes) -> None:
    with pytest.raises(SfumatoError, match=r"the work cannot be signed with the key of .sfumato .*: .+"):
        signed(png[:100], Claim())


def test_no_sources_are_no_assertion(png: bytes) -> None:
    assert credentials_of(signed(png, Claim())).facts == {}


@pytest.mark.parametrize("title", ["a.png", "Ä 東京.png", "\udcff.png", "a\n\0b", "", "x" * 5000], ids=ascii)
def test_any_name_can_be_a_title(png: bytes, title: str) -> None:
    assert credentials_of(signed(png, Claim(title, inputs=(Input(png, title),)))).status == "trusted"


def test_a_work_of_a_part_of_another_says_so(png: bytes) -> None:
    assert credentials_of(signed(png, Claim())).source_type == "trainedAlgorithmicMedia"
    composite = credentials_of(signed(png, Claim(source_type=COMPOSITE)))
    assert composite.source_type == "compositeWithTrainedAlgorithmicMedia"
    assert composite.actions == ("c2pa.created",)


def test_an_edit_keeps_the_credentials_of_its_inputs(png: bytes, saved: Callable[..., bytes]) -> None:
    first, second = signed(png, Claim("first.png", sources=Sources("ab" * 32))), saved("BMP")
    whole = signed(png, Claim("edit.png", COMPOSITE, (Input(first, "first.png"), Input(second, "second.bmp"))))
    verdict = credentials_of(whole)
    assert (verdict.status, verdict.manifests) == ("trusted", 2)
    assert verdict.actions == ("c2pa.opened", "c2pa.edited")
    assert verdict.source_type == "compositeWithTrainedAlgorithmicMedia"
    assert [(each.title, each.has_credentials) for each in verdict.inputs] == [
        ("first.png", True),
        ("second.bmp", False),
    ]
    assert [note["digest"] for note in verdict.facts["inputs"]] == [
        hashlib.sha256(data).hexdigest() for data in (first, second)
    ]
    assert len(whole) < len(png) + 20_000, "no thumbnails"


def test_a_soft_binding_is_said(png: bytes) -> None:
    whole = signed(png, Claim(soft_binding=SoftBinding("org.sfumato.mark", "0a1b")))
    assert credentials_of(whole).actions == ("c2pa.created", "c2pa.watermarked.bound")
    with c2pa().Reader("image/png", io.BytesIO(whole)) as reader:
        assertions = {each["label"]: each["data"] for each in reader.get_active_manifest()["assertions"]}
    assert assertions["c2pa.soft-binding"] == {
        "alg": "org.sfumato.mark",
        "blocks": [{"scope": {}, "value": "0a1b"}],
    }


KINDS = {
    "es384": ec.generate_private_key(ec.SECP384R1()),
    "es512": ec.generate_private_key(ec.SECP521R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "ps256": rsa.generate_private_key(65537, 2048),
}


@pytest.mark.parametrize("algorithm", KINDS)
def test_a_key_of_any_kind_signs(png: bytes, certified: Certified, algorithm: str) -> None:
    key = certified(key=KINDS[algorithm], authorities=2)
    assert credentials_of(signed(png, Claim(), key), [Trust.in_certificates(key.chain)]).status == "trusted"


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_certificate_for_each_purpose_signs(png: bytes, certified: Certified, purpose: str) -> None:
    key = certified(purpose)
    assert credentials_of(signed(png, Claim(), key), [Trust.in_certificates(key.chain)]).status == "trusted"


def test_a_certificate_out_of_its_lifetime_does_not_sign(png: bytes, certified: Certified) -> None:
    for days in ((-10, -1), (1, 10)):
        with pytest.raises(SfumatoError, match=r"cannot be signed with the key of 'Ada': .* not valid"):
            signed(png, Claim(), certified(days=days))


def test_it_is_a_persons_own_key_and_no_public_one(png: bytes) -> None:
    verdict = credentials_of(signed(png, Claim()))
    assert verdict.signer is not None
    assert verdict.signer.name == own_key().name
    assert credentials_of(signed(png, Claim(), make_signing_key())).status == "untrusted"


def test_eight_threads_sign_and_read_at_once(png: bytes) -> None:
    def one(number: int) -> tuple[str, str]:
        verdict = credentials_of(signed(png, Claim(f"{number}.png")))
        return verdict.status, verdict.title

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(one, range(40))) == {("trusted", f"{number}.png") for number in range(40)}


FORKING = """
import os, sys, threading
from pathlib import Path
from sfumato.provenance import library
from sfumato.provenance.credentials import Claim, signed
from sfumato.provenance.verification import credentials_of

png = Path(sys.argv[1]).read_bytes()
signed(png, Claim())
holds, ends = threading.Event(), threading.Event()

def hold():
    with library._lock:
        holds.set()
        ends.wait(30)

thread = threading.Thread(target=hold)
thread.start()
holds.wait()
child = os.fork()
if not child:
    os._exit(credentials_of(signed(png, Claim())).status != "trusted")
_, state = os.waitpid(child, 0)
ends.set()
thread.join()
sys.exit(state != 0 or credentials_of(signed(png, Claim())).status != "trusted")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked here")
def test_a_forked_process_signs_though_a_thread_of_its_parent_was_signing(png: bytes, tmp_path: Path) -> None:
    (tmp_path / "work.png").write_bytes(png)
    command = [sys.executable, "-W", "ignore", "-c", FORKING, str(tmp_path / "work.png")]
    subprocess.run(command, check=True, timeout=60)


@pytest.mark.parametrize("label", ["org.sfumato.work", "c2pa.hash.data", "c2pa.actions.v2"])
@pytest.mark.parametrize("is_edit", [False, True], ids=["its own", "that of its input's input"])
def test_a_work_is_signed_though_a_part_of_its_inputs_credentials_cannot_be_read(
    png: bytes, with_assertion: Callable[..., bytes], is_edit: bool, label: str
) -> None:
    whole = signed(png, Claim("work.png", sources=Sources()))
    if is_edit:
        whole = signed(png, Claim("edit.png", inputs=(Input(whole, "work.png"),)))
    damaged = with_assertion(whole, label, b"\xff")
    verdict = credentials_of(signed(png, Claim("last.png", inputs=(Input(damaged, "input.png"),))))
    assert verdict.status == "input failed"
    assert [(each.title, each.failures) for each in verdict.inputs] == [("input.png", ("unreadable",))]


def handles() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_signing_and_failing_to_sign_lose_no_handle(png: bytes, certified: Certified) -> None:
    def some() -> None:
        for _ in range(20):
            signed(png, Claim(inputs=(Input(png),)))
            with pytest.raises(SfumatoError):
                signed(png[:100], Claim())
            credentials_of(png[:100])

    some()
    gc.collect()
    before = handles()
    some()
    gc.collect()
    assert handles() <= before
