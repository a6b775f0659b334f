"""A picture at a training size: its short side has that many pixels, and nothing aliases."""

from __future__ import annotations

from typing import Literal

from PIL import Image

Crop = Literal["centre", "random"]

# A random crop moves along the long side; beyond twice the short side a panorama would only cost memory.
LONGEST_RATIO = 2
NEARLY = 1.01  # times as large: an edge that is cut off shows less than a filter


def scaled_size(width: int, height: int, size: int, crop: Crop) -> tuple[int, int]:
    """Width and height at which a picture of `width` x `height` is stored.

    `size` square for a centre crop; otherwise the short side is `size` and the long side as it falls, at most
    `LONGEST_RATIO` times as long.
    """
    if crop == "centre":
        return size, size
    full_width, full_height = _covering(width, height, size)
    return min(full_width, LONGEST_RATIO * size), min(full_height, LONGEST_RATIO * size)


def scaled(image: Image.Image, size: int, crop: Crop, *, width: int, height: int) -> Image.Image:
    """The RGB picture resized and cropped around its centre to `scaled_size`.

    `width` and `height` are the picture's full size, of which `image` may be a smaller version. Lanczos, its filter as
    wide as the reduction asks; a picture that has the size already keeps every pixel.
    """
    covering = _covering(width, height, size)
    if image.size != covering:
        image = image.resize(covering, Image.Resampling.LANCZOS, reducing_gap=3.0)
    wanted = scaled_size(width, height, size, crop)
    left, top = (covering[0] - wanted[0]) // 2, (covering[1] - wanted[1]) // 2
    return image.crop((left, top, left + wanted[0], top + wanted[1]))


def cropped_to(image: Image.Image, shape: tuple[int, int], *, width: int, height: int) -> Image.Image:
    """The RGB picture resized until it just covers a shape, (width, height), and cropped around its centre to that.

    `width` and `height` are the picture's full size, of which `image` may be a smaller version. Lanczos.
    """
    factor = max(shape[0] / width, shape[1] / height)
    covering = max(shape[0], round(width * factor)), max(shape[1], round(height * factor))
    if image.size != covering:
        image = image.resize(covering, Image.Resampling.LANCZOS, reducing_gap=3.0)
    left, top = (covering[0] - shape[0]) // 2, (covering[1] - shape[1]) // 2
    return image.crop((left, top, left + shape[0], top + shape[1]))


def reduced_to(image: Image.Image, width: int, height: int) -> Image.Image:
    """The RGB picture made smaller, to exactly these pixels, of as large a part around its centre as has their shape.

    What is less than a hundredth too large loses its edges alone: by so little, a filter would blur in bands. Else
    Lanczos. Raises ValueError for a picture that is smaller on either side.
    """
    scale = min(image.width / width, image.height / height)
    if scale < 1:
        raise ValueError(f"{image.width} x {image.height} pixels cannot be made smaller to {width} x {height}")
    if scale < NEARLY:
        cut, above = (image.width - width) // 2, (image.height - height) // 2
        return image.crop((cut, above, cut + width, above + height))
    # Rounding must not lead beyond the edges, where Pillow takes no box.
    across, down = min(image.width, scale * width), min(image.height, scale * height)
    left, top = (image.width - across) / 2, (image.height - down) / 2
    return image.resize((width, height), Image.Resampling.LANCZOS, box=(left, top, left + across, top + down))


def enlarged(image: Image.Image, size: int) -> Image.Image:
    """Pixel art at the training size: every pixel becomes a square of pixels (see `enlarged_size`)."""
    wanted = enlarged_size(image.width, image.height, size)
    return image if image.size == wanted else image.resize(wanted, Image.Resampling.NEAREST)


def enlarged_size(width: int, height: int, size: int) -> tuple[int, int]:
    """Width and height times the smallest whole number that makes the short side `size` or more."""
    factor = -(-size // min(width, height))
    return width * factor, height * factor


def _covering(width: int, height: int, size: int) -> tuple[int, int]:
    """The size at which the short side is `size`."""
    short = min(width, height)
    return max(size, round(width * size / short)), max(size, round(height * size / short))
