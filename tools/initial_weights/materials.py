"""What scenes are painted with: palettes, noise, outlines, textures. Everything follows from a random generator."""

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

Floats = npt.NDArray[np.float64]
Generator = np.random.Generator


def palette(r: Generator, count: int) -> Floats:
    """[count, 3], sRGB in 0..255 from dark to light, around one to three hues."""
    hues = r.uniform(0, 1, r.integers(1, 4))
    chroma = abs(r.normal(0, 0.14)) + r.choice([0.0, 0.04, 0.12])
    dark, light = sorted(r.uniform(0.02, 1, 2))
    if light - dark <= 0.35:
        dark, light = max(0, dark - 0.25), min(1, light + 0.25)
    lightness = np.sort(r.uniform(dark, light, count))
    lightness[0], lightness[-1] = dark, light
    hue = 2 * np.pi * (hues[r.integers(len(hues), size=count)] + r.normal(0, 0.04, count))
    # Neither black nor white can have much of a hue.
    saturation = chroma * r.uniform(0.3, 1.6, count) * np.sqrt(np.clip(4 * lightness * (1 - lightness), 0.05, 1))
    a, b = saturation * np.cos(hue), saturation * np.sin(hue)
    rgb = np.stack([lightness + 1.1 * a + 0.6 * b, lightness - 0.6 * a + 0.35 * b, lightness - 0.3 * a - 1.5 * b], -1)
    return np.clip(rgb, 0, 1) * 255


def noise(r: Generator, side: int, falloff: float, stretch: float = 1.0) -> Floats:
    """[side, side] of mean 0 and deviation 1, periodic. falloff: of the amplitudes, as a power of the frequency, about
    1 for natural pictures; stretch: how many times as fast it changes across as along."""
    down, across = np.fft.fftfreq(side)[:, None] * side, np.fft.rfftfreq(side)[None] * side
    frequency = np.sqrt((down * stretch) ** 2 + across**2 + 0.3)
    spectrum = (r.normal(size=frequency.shape) + 1j * r.normal(size=frequency.shape)) * frequency**-falloff
    spectrum[0, 0] = 0
    field = np.fft.irfft2(spectrum, (side, side))
    return np.asarray((field - field.mean()) / (field.std() + 1e-9))


def blend(colours: Floats, values: Floats) -> Floats:
    """The colours as a continuous scale. values: any shape, 0..1 -> shape + [3]."""
    place = np.clip(values, 0, 1) * (len(colours) - 1)
    below = np.minimum(place.astype(int), len(colours) - 2)
    share = (place - below)[..., None]
    return np.asarray(colours[below] * (1 - share) + colours[below + 1] * share)


def grid(side: int) -> tuple[Floats, Floats]:
    """x and y, [side, side] each, in 0..1."""
    y, x = np.mgrid[:side, :side] / side
    return x, y


def picture(pixels: Floats) -> Image.Image:
    """[side, side, 3], 0..255 and beyond, which is clipped."""
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def rgb(colour: Floats) -> tuple[int, ...]:
    return tuple(int(value) for value in colour)


def one_of(r: Generator, colours: Floats) -> Floats:
    return np.asarray(colours[r.integers(len(colours))])


def texture(r: Generator, side: int, colours: Floats) -> Floats:
    """[side, side, 3] of one or two of the colours: plain, graded, cloudy, striped, chequered or bricked, grainy."""
    kind = r.integers(7)
    first, second = one_of(r, colours), one_of(r, colours)
    both = np.stack([first, second])
    x, y = grid(side)
    plain = np.broadcast_to(first, (side, side, 3))
    if kind <= 1:
        return plain.copy()
    if kind == 2:
        angle = r.uniform(0, 2 * np.pi)
        return blend(both, (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle) + 0.5)
    if kind == 3:
        contrast = r.uniform(0.1, 0.5)
        return blend(both, 0.5 + contrast * noise(r, side, r.uniform(0.3, 2), r.choice([1, 1, 0.2, 4])))
    if kind == 4:
        angle, stripes = r.uniform(0, 2 * np.pi), 2 ** r.uniform(1.5, 4.5)
        phase = 2 * np.pi * stripes * (x * np.cos(angle) + y * np.sin(angle)) + r.uniform(0, 2) * noise(r, side, 2)
        return blend(both, 0.5 + 0.5 * np.clip(np.sin(phase) * r.uniform(0.5, 4), -1, 1))
    if kind == 5:
        cells = r.integers(2, 12)
        rows = (y * cells).astype(int)
        if r.random() < 0.5:
            pattern = ((x * cells).astype(int) + rows) % 2
        else:
            pattern = (((x + 0.5 / cells * (rows % 2)) * cells) % 1 < 0.1) | ((y * cells) % 1 < 0.15)
        return blend(both, pattern.astype(float) * r.uniform(0.3, 1))
    return np.asarray(plain * (1 + r.uniform(0.03, 0.2) * r.normal(size=(side, side, 1))))


def outline(r: Generator, x: float, y: float, radius: float) -> Floats:
    """[points, 2]: an ellipse, a rectangle, a polygon, a blob, a star or a leaf, in the pixels of its centre."""
    kind, turn, flat = r.integers(6), r.uniform(0, 2 * np.pi), r.uniform(0.35, 1)
    if kind == 0:
        angles = np.linspace(0, 2 * np.pi, 24)
        points = np.stack([np.cos(angles), flat * np.sin(angles)], -1)
    elif kind == 1:
        points = np.array([[-1, -flat], [1, -flat], [1, flat], [-1, flat]])
        turn = turn if r.random() < 0.5 else 0
    elif kind == 2:
        angles = np.sort(r.uniform(0, 2 * np.pi, r.integers(3, 8)))
        points = np.stack([np.cos(angles), np.sin(angles)], -1)
    elif kind == 3:
        angles = np.linspace(0, 2 * np.pi, 40)
        waves = [r.normal(0, 0.35 / k) * np.cos(k * angles + r.uniform(0, 7)) for k in range(1, 7)]
        reach = 1 + sum(waves)
        points = np.stack([np.cos(angles) * reach, flat * np.sin(angles) * reach], -1)
    elif kind == 4:
        count = 2 * r.integers(3, 8)
        angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
        reach = np.where(np.arange(count) % 2, r.uniform(0.3, 0.8), 1)
        points = np.stack([np.cos(angles) * reach, np.sin(angles) * reach], -1)
    else:
        bow = r.uniform(0.1, 0.5) * np.sin(np.linspace(0, np.pi, 12))
        along = np.linspace(-1, 1, 12)
        points = np.concatenate([np.stack([along, bow], -1), np.stack([-along, -bow], -1)])
    cos, sin = np.cos(turn), np.sin(turn)
    return np.asarray(points @ np.array([[cos, sin], [-sin, cos]]) * radius + [x, y])


def corners(points: Floats) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in points]


def mask(side: int, points: Floats, blur: float = 0.0) -> Image.Image:
    """White inside of an outline. blur: of its edge, in pixels."""
    inside = Image.new("L", (side, side))
    ImageDraw.Draw(inside).polygon(corners(points), fill=255)
    return inside.filter(ImageFilter.GaussianBlur(float(blur))) if blur else inside


def paste(r: Generator, image: Image.Image, points: Floats, colours: Floats, *, textured: bool) -> None:
    """Fill an outline: plainly, or with a texture, often shaded, with soft or hard edges, at times with a contour."""
    side = image.width
    left, top, right, bottom = (int(max(0, min(side - 1, v))) for v in (*points.min(0), *np.ceil(points.max(0))))
    width = max(right - left, bottom - top) + 1
    draw = ImageDraw.Draw(image)
    if width < 6 or not textured:
        draw.polygon(corners(points), fill=rgb(one_of(r, colours)))
        return
    fill = np.clip(texture(r, width, colours), 0, 255)
    if r.random() < 0.5:
        x, y = (axis - 0.5 for axis in grid(width))
        angle, depth = r.uniform(0, 2 * np.pi), r.uniform(0.2, 1)
        away = np.sqrt(x * x + y * y) if r.random() < 0.4 else x * np.cos(angle) + y * np.sin(angle) + 0.3
        fill = fill * (1 - depth * np.clip(away, 0, 1))[..., None]
    inside = mask(width, points - [left, top], r.choice([0, 0, 0, 1, 3]))
    image.paste(picture(fill), (left, top), inside)
    if r.random() < 0.35:
        colour = rgb(colours[0 if r.random() < 0.8 else -1])
        draw.line(corners([*points, points[0]]), fill=colour, width=int(max(1, side * r.uniform(0.004, 0.025))))


def ground(r: Generator, side: int, colours: Floats) -> Image.Image:
    if r.random() < 0.6:
        return picture(texture(r, side, colours))
    return picture(np.broadcast_to(colours[r.choice([0, -1])], (side, side, 3)))
