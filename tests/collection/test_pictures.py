import io
import json
import os
import socket
import struct
import zlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from sfumato.collection import Picture, Rejected, Summary
from sfumato.images import unusable
from sfumato.images.files import has_heif_reader


def picture(number: int, **fields: object) -> Picture:
    return Picture(f"{number}.png", f"{number:064x}", 100, 0, 40 + number, 50, False, 0, **fields)


def test_everything_is_counted():
    pictures = [
        picture(0, group="a", category="sea", creator="Ana", licence="CC0-1.0"),
        picture(1, group="a", category="sea", creator="Ana", caption="x"),
        picture(20, group="b", category="hill", split="test"),
    ]
    rejected = [
        Rejected("x", unusable.EMPTY, ""),
        Rejected("y", unusable.DUPLICATE, ""),
        Rejected("z", unusable.EMPTY, ""),
    ]
    summary = Summary.of(pictures, rejected)
    assert summary.pictures == 3
    assert summary.classes == {"hill": 1, "sea": 2}
    assert summary.left_out == {"empty": 2}
    assert (summary.exact_duplicates, summary.near_duplicates, summary.groups) == (1, 1, 2)
    assert (summary.smallest_side, summary.median_side, summary.largest_side) == (40, 41, 50)
    assert summary.licences == {"unknown": 2, "CC0-1.0": 1}
    assert (summary.captions, summary.creators, summary.bytes) == (1, 1, 300)
    assert summary.splits == {"test": 1}
    assert asdict(summary)["pictures"] == 3


GROUND = (24, 20, 28)


def encoded(image: Image.Image, picture_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, picture_format, **options)
    return buffer.getvalue()


def png_header_only(width: int, height: int) -> bytes:
    """A PNG that promises so many pixels and holds none."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


class OddFolder:
    """The folder, and of each file the size that it is kept with or the kind of reason that it is left out for."""

    def __init__(self, folder: Path, paint: Callable[..., Image.Image]) -> None:
        self.folder, self.paint = folder, paint
        self.kept: dict[str, tuple[int, int]] = {}
        self.left_out: dict[str, str] = {}
        self.ignored: list[str] = []
        self.seed = 0

    def picture(self, size: tuple[int, int] = (64, 48)) -> Image.Image:
        self.seed += 1
        return self.paint(self.seed, size)

    def use(self, name: str, data: bytes, size: tuple[int, int] = (64, 48)) -> None:
        self._put(name, data)
        self.kept[name] = size

    def leave(self, name: str, data: bytes, kind: str) -> None:
        self._put(name, data)
        self.left_out[name] = kind

    def ignore(self, name: str, data: bytes) -> None:
        self._put(name, data)
        self.ignored.append(name)

    def _put(self, name: str, data: bytes) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(data)


@pytest.fixture
def odd(tmp_path, paint) -> OddFolder:
    folder = OddFolder(tmp_path / "odd", paint)
    _whole_but_odd(folder)
    _broken(folder)
    _no_pictures(folder)
    _links_and_special_files(folder)
    return folder


def _whole_but_odd(odd: OddFolder) -> None:
    odd.use("named.txt.jpg.png", encoded(odd.picture(), "JPEG"))  # a JPEG by another name
    odd.use("no_suffix", encoded(odd.picture(), "PNG"))
    odd.use("text.doc", encoded(odd.picture(), "WEBP"))
    odd.use("[red]bold[/red] \x1b[31m\n'quotes'.png", encoded(odd.picture(), "PNG"))
    odd.use(os.fsdecode(b"latin-\xe9.png") if os.name == "posix" else "latin.png", encoded(odd.picture(), "PNG"))
    exif = Image.Exif()
    exif[0x0112] = 6
    odd.use("turned.jpg", encoded(odd.picture(), "JPEG", exif=exif), (48, 64))
    odd.use("ink.jpg", encoded(odd.picture().convert("CMYK"), "JPEG"))
    odd.use("deep.png", encoded(Image.fromarray(np.asarray(odd.picture().convert("L")).astype(np.uint16) * 257), "PNG"))
    odd.use("deep.tif", encoded(Image.fromarray(np.asarray(odd.picture().convert("L")).astype(np.float32)), "TIFF"))
    odd.use("palette.png", encoded(odd.picture().quantize(16), "PNG", transparency=0))
    odd.use("two_tone.bmp", encoded(odd.picture().convert("1"), "BMP"))
    odd.use("lossy.avif", encoded(odd.picture(), "AVIF"))
    frames = [odd.picture(), odd.picture()]
    odd.use("moving.gif", encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    odd.use("pages.tif", encoded(odd.picture(), "TIFF", save_all=True, append_images=[odd.picture((300, 9))]))
    half = odd.picture().convert("RGBA")
    half.putalpha(100)
    odd.use("veil.png", encoded(half, "PNG"))
    odd.use("profile.png", encoded(odd.picture(), "PNG", icc_profile=b"broken"))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    odd.use("grey_profile.png", encoded(odd.picture().convert("L"), "PNG", icc_profile=profile))
    odd.use("exif.jpg", encoded(odd.picture(), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff"))
    odd.use("tail.jpg", encoded(odd.picture(), "JPEG") + b"and then some" * 10)
    odd.use("panorama.png", encoded(odd.picture((2000, 16)), "PNG"), (2000, 16))


def _broken(odd: OddFolder) -> None:
    for picture_format in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF"):
        data = encoded(odd.picture((200, 200)), picture_format)
        odd.leave(f"cut.{picture_format.lower()}", data[: len(data) * 2 // 3], unusable.TRUNCATED)
    tiff = encoded(odd.picture(), "TIFF")
    odd.leave("cut.tiff", tiff[: len(tiff) // 2], unusable.TRUNCATED)
    odd.leave("header.jpg", encoded(odd.picture(), "JPEG")[:60], unusable.TRUNCATED)
    png = bytearray(encoded(odd.picture(), "PNG"))
    png[png.index(b"IDAT") + 30] ^= 0xFF
    odd.leave("flipped.png", bytes(png), unusable.BROKEN)
    odd.leave("bomb.png", png_header_only(50_000, 50_000), unusable.TOO_LARGE)
    odd.leave("only_a_warning.png", png_header_only(10_000, 9_000), unusable.TOO_LARGE)
    odd.leave("no_pixels.png", png_header_only(64, 64), unusable.TRUNCATED)
    odd.leave("icon.png", encoded(odd.picture((15, 40)), "PNG"), unusable.TOO_SMALL)
    odd.leave("dot.gif", encoded(odd.picture((1, 1)), "GIF"), unusable.TOO_SMALL)


def _no_pictures(odd: OddFolder) -> None:
    odd.leave("empty.jpg", b"", unusable.EMPTY)
    odd.leave("zeros.png", bytes(5000), unusable.NOT_A_PICTURE)
    odd.leave("text.png", b"this is no picture", unusable.NOT_A_PICTURE)
    odd.leave("page.jpg", b"<!DOCTYPE html><title>404</title>", unusable.NOT_A_PICTURE)
    odd.leave("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', unusable.OTHER_FORMAT)
    odd.leave("script.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n", unusable.OTHER_FORMAT)
    odd.leave("script.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n", unusable.OTHER_FORMAT)
    odd.leave("layers.psd", b"8BPS\x00\x01" + bytes(40), unusable.OTHER_FORMAT)
    broken = unusable.TRUNCATED if has_heif_reader() else unusable.NO_READER
    odd.leave("phone.heic", b"\x00\x00\x00\x18ftypheic" + bytes(40), broken)
    odd.leave("book.pdf", b"%PDF-1.7\n", unusable.OTHER_FORMAT)
    odd.leave("art.zip", b"PK\x03\x04" + bytes(40), unusable.NOT_A_PICTURE)
    odd.leave("raw.ppm", b"P6 32 32 255\n" + bytes(3072), unusable.OTHER_FORMAT)
    odd.leave("notes.txt", b"buy paint", unusable.NOT_A_PICTURE)
    odd.ignore(".DS_Store", b"\x00\x00\x00\x01Bud1")
    odd.ignore("Thumbs.db", b"\xd0\xcf\x11\xe0")
    odd.ignore("__MACOSX/._a.png", b"x")
    odd.ignore("README.md", b"# Art")
    odd.ignore("LICENCE.txt", b"CC0")


def _links_and_special_files(odd: OddFolder) -> None:
    (odd.folder / "gone.png").symlink_to("nothing.png")
    (odd.folder / "self.png").symlink_to("self.png")
    (odd.folder / "loop").symlink_to(".", target_is_directory=True)
    odd.left_out |= dict.fromkeys(("gone.png", "self.png", "loop"), unusable.LINK)
    (odd.folder / "copy.png").write_bytes((odd.folder / "no_suffix").read_bytes())
    odd.kept["copy.png"] = odd.kept.pop("no_suffix")
    odd.left_out["no_suffix"] = unusable.DUPLICATE
    if hasattr(os, "mkfifo"):
        os.mkfifo(odd.folder / "pipe.jpg")
        odd.left_out["pipe.jpg"] = unusable.SPECIAL
    if hasattr(socket, "AF_UNIX") and len(str(odd.folder)) < 90:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(odd.folder / "s.png"))
        odd.left_out["s.png"] = unusable.SPECIAL


def test_every_odd_file_is_used_or_named(odd, gather):
    found = gather(odd.folder, background=GROUND)
    assert len(odd.left_out) >= 25
    assert {picture.file: (picture.width, picture.height) for picture in found.collection.pictures} == odd.kept
    assert found.kinds == odd.left_out
    lines = [json.loads(line) for line in (found.collection.path / "rejected.jsonl").read_text().splitlines()]
    assert {line["file"]: line["kind"] for line in lines} == odd.left_out
    assert all(line["reason"] for line in lines)
    assert {line["file"]: line["same_as"] for line in lines if "same_as" in line} == {"no_suffix": "copy.png"}
    for picture in found.collection.pictures:
        image = found.collection.read(picture)
        assert (image.mode, image.size) == ("RGB", (picture.width, picture.height))
    transparent = {picture.file for picture in found.collection.pictures if picture.transparent}
    assert transparent == {"palette.png", "veil.png"}


def test_the_reasons_are_for_people(odd, gather):
    reasons = {file: event.reason for file, event in gather(odd.folder).left_out.items()}
    assert reasons["cut.bmp"] == "truncated after 80 kB"
    assert reasons["empty.jpg"] == "empty (0 bytes)"
    assert reasons["bomb.png"] == "over the limit of 89 million pixels"
    assert reasons["icon.png"] == "15 x 40 pixels; a side has at least 16"
    assert reasons["layers.psd"] == "a Photoshop document: export it as PNG"
    assert reasons["page.jpg"] == "not a picture: a web page"
    assert reasons["no_suffix"] == "the same file as copy.png"


def test_a_second_look_at_the_odd_folder_finds_the_same_without_reading(odd, gather):
    first, second = gather(odd.folder), gather(odd.folder)
    assert second.kinds == first.kinds
    assert second.files == first.files
    # A HEIC picture is tried again, for its reader may have been installed meanwhile.
    assert second.finished.changed == (unusable.NO_READER in first.kinds.values())
