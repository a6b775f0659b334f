"""The one way out: whatever the program makes leaves through `save`, with what it says of itself, signed."""

from __future__ import annotations

import importlib.util
import io
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from PIL import Image, PngImagePlugin

from sfumato import __version__
from sfumato.disk import write_whole_file
from sfumato.errors import SfumatoError
from sfumato.policy.policy import Policy
from sfumato.provenance.containers import XMP, gif_with, video_with
from sfumato.provenance.credentials import Claim, Input, SoftBinding, signed
from sfumato.provenance.mark import RECIPE_KEY, TRAINED_ALGORITHMIC_MEDIA, xmp_packet
from sfumato.provenance.sources import Sources
from sfumato.works.recipe import Mark
from sfumato.works.saved import entered

WATERMARK: Final = "org.sfumato.watermark"
Still = Literal["png", "jpeg", "webp"]
FRAMES_A_SECOND: Final = 30  # of a video, at least


@dataclass(frozen=True)
class Product:
    """A picture, or an animation, that a model made.

    frames: RGB pictures of one size; durations: of each frame in an animation, in milliseconds, () for a picture.
    texts: keyword and text of what a PNG carries besides. source_type: IPTC's term for what it is. inputs: the picture
    that was edited; sources: what it comes from, None where that is not one model; mark: the one in its pixels; works:
    how many it shows that are in no file of their own; dpi: pixels an inch of paper, by which programs place a print,
    None where nobody has said.
    """

    frames: Sequence[Image.Image]
    durations: Sequence[float] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    source_type: str = TRAINED_ALGORITHMIC_MEDIA
    inputs: tuple[Input, ...] = ()
    sources: Sources | None = None
    mark: Mark | None = None
    works: int = 0
    dpi: int | None = None

    @property
    def packet(self) -> str:
        """XMP that names the program, and says that a model made it."""
        return xmp_packet(f"sfumato {__version__}", self.source_type)


def save(product: Product | Image.Image, path: Path, *, force: bool = False) -> Path:
    """Write a picture (.png), an animation (.webp, .gif, .png, .apng) or a video (.mp4), with its mark, signed.

    The file is written whole or not at all. Returns its path. Raises SfumatoError for a file that exists (without
    ``force``) or cannot be written, signed or, where it shows works, entered in the index of saved works; for more
    works than the policy allows within an hour; and for a video where there is no ffmpeg.
    """
    if not isinstance(product, Product):
        product = Product([product])
    data = encoded(product, path)
    if not product.works:
        write_whole_file(path, lambda file: file.write(data), force=force)
        return path
    recipe, most = product.texts.get(RECIPE_KEY), Policy.current().limits.works_per_hour
    model = None if product.sources is None else product.sources.model
    said = {"model": model, "mark": product.mark, "recipe": recipe, "works": product.works}
    with entered(path, data, most_per_hour=most, **said):
        write_whole_file(path, lambda file: file.write(data), force=force)
    return path


def encoded(product: Product, path: Path) -> bytes:
    """The bytes of the file, by the ending of its name, with its credentials. Raises ValueError for an ending that is
    none of `ENCODERS`, and for texts in what is no PNG; SfumatoError where it cannot be signed."""
    suffix = path.suffix.lower()
    encode = ENCODERS.get(suffix)
    if encode is None:
        raise ValueError(f"{path}: is none of {', '.join(ENCODERS)}")
    if product.texts and encode is not _png:
        raise ValueError(f"{path}: a {suffix} carries no texts")
    # Last, as nothing may change afterwards.
    return signed(encode(product, path), _claim(product, path))


def still(product: Product, form: Still, *, quality: int = 90) -> bytes:
    """One picture as bytes for whoever asked over a network, with its mark, signed. quality: of JPEG and WebP, 0 to
    100; at 100 WebP loses nothing. Raises ValueError for texts in what is no PNG, SfumatoError where it cannot be
    signed."""
    if product.texts and form != "png":
        raise ValueError(f"a {form} carries no texts")
    path = Path(f"work.{form}")
    xmp = product.packet.encode()
    if form == "png":
        data = _png(product, path)
    elif form == "jpeg":
        data = _by_pillow(product, format="JPEG", quality=quality, xmp=xmp)
    else:
        data = _by_pillow(product, format="WEBP", quality=quality, lossless=quality == 100, xmp=xmp)
    return signed(data, _claim(product, path))


def _claim(product: Product, path: Path) -> Claim:
    mark = product.mark
    binding = None if mark is None else SoftBinding(f"{WATERMARK}.{mark.key_version}", mark.identity)
    return Claim(path.name, product.source_type, product.inputs, product.sources, binding)


def _png(product: Product, path: Path) -> bytes:
    info = PngImagePlugin.PngInfo()
    for keyword, text in product.texts.items():
        info.add_itxt(keyword, text)
    info.add_itxt(XMP.decode(), product.packet)
    return _by_pillow(product, format="PNG", pnginfo=info)


def _webp(product: Product, path: Path) -> bytes:
    lossless = {"lossless": True} if product.durations else {}
    return _by_pillow(product, format="WEBP", xmp=product.packet.encode(), **lossless)


def _gif(product: Product, path: Path) -> bytes:
    return gif_with(_by_pillow(product, format="GIF"), product.packet.encode())  # Pillow writes no XMP into it


def _by_pillow(product: Product, **options: Any) -> bytes:
    file = io.BytesIO()
    if product.dpi is not None:
        options["dpi"] = (product.dpi, product.dpi)
    first, *others = product.frames
    if product.durations:
        options |= {"save_all": True, "append_images": others, "duration": list(product.durations), "loop": 0}
    first.save(file, **options)
    return file.getvalue()


def _mp4(product: Product, path: Path) -> bytes:
    """H.264, which every browser and phone plays, by ffmpeg where it is installed."""
    program = ffmpeg()
    if program is None:
        raise SfumatoError(
            f"{path}: an MP4 needs the program ffmpeg, which is not installed here; install it "
            "('pip install imageio-ffmpeg' brings it as well), or choose a name that ends in .webp, .gif or .apng"
        )
    width, height = product.frames[0].size
    rate = 1000 * len(product.frames) / sum(product.durations)
    command = [
        *(program, "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"),
        *("-r", f"{rate:g}", "-i", "-", "-r", f"{max(FRAMES_A_SECOND, rate):g}"),
        # Colours at half the resolution want even sides, and players ask for them.
        *("-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "16"),
        *("-movflags", "+faststart"),
    ]
    with tempfile.TemporaryDirectory() as temporary:
        made = Path(temporary) / "video.mp4"  # ffmpeg goes back and forth in it
        frames = b"".join(frame.tobytes() for frame in product.frames)
        done = subprocess.run([*command, str(made)], input=frames, capture_output=True, check=False)
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines() or ["it says nothing"]
            raise SfumatoError(f"{path}: ffmpeg cannot write it ({said[-1]})")
        return video_with(made.read_bytes(), product.packet.encode())


def ffmpeg() -> str | None:
    """The program, of the system or of a package that brings it."""
    found = shutil.which("ffmpeg")
    if found is None and importlib.util.find_spec("imageio_ffmpeg"):
        import imageio_ffmpeg

        found = imageio_ffmpeg.get_ffmpeg_exe()
    return found


ENCODERS: Final[Mapping[str, Callable[[Product, Path], bytes]]] = {
    ".png": _png,
    ".apng": _png,
    ".webp": _webp,
    ".gif": _gif,
    ".mp4": _mp4,
}
