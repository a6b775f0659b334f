"""Art that the program draws itself, so that a first collection needs no download and no permission.

Five classes of abstract compositions. Each has a few palettes of its own and large forms, so that a small network can
learn it at 32 pixels in minutes; all coordinates are shares of the side, so that one seed gives one composition at
every size.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from sfumato.errors import SfumatoError

Floats = npt.NDArray[np.float32]
Colours = npt.NDArray[np.float32]  # [N, 3], sRGB in 0..255
# (random numbers, palette, side in pixels) -> a square RGB picture
Painter = Callable[[np.random.Generator, Colours, int], Image.Image]

MINIMUM_SIZE: Final = 16
MAXIMUM_SIZE: Final = 1024

# Shapes with hard edges are drawn three times as large and reduced; fields are soft already, and twice is enough.
HARD_EDGES: Final = 3
SOFT_EDGES: Final = 2

# The first colour of a palette is the ground.
PLANES: Final = (
    "f1e9d8 c63a2b 20407c e9b233 24211f d8cfbd",  # De Stijl, with the white of old paper
    "efe4cf 6f9fb6 2f6287 e5bd62 c3d0b4 d5835a",  # a studio at the coast
    "f3c98b e8973a d4592a a12f2f 59203a f0dfc4",  # homage to an orange square
    "f6e3d6 e2607a bb2f4a f0a45c 57365a 86b3c6",  # walls in Mexico
)
CIRCLES: Final = (
    "f3e8d3 e2532c f2a618 27346a 5f97bd 20242f",
    "131f3c f8a51b f1e7d0 d3352b 6f86a8 2d4a86",
    "f4d3c6 a8323f e9836a 4a1526 f7efe2 d9a441",
    "24393c e9c886 dd7350 86ab8d f2ead7 4f7a78",
)
# Flow, glass and waves read theirs as an order, from dark to light.
FLOW: Final = (
    "0b1a4a 17439a 3f86cf a5d3ea f6d55c",  # a starry night
    "4a1c10 a2401a dd8a2c f4c964 fff0c4",  # wheat
    "06302f 0c6a62 3fae8c a9dcae f5efc8",  # a lagoon
    "2a123f 6a2a7d c04d8c f08f8f fbd9b5",  # dusk
)
GLASS: Final = (
    "10298c 1c5fd0 b0152f f3b52c 3aa6e0",  # blue and ruby
    "7a1420 c8281e ee6a1c f9b02e ffe08a",  # fire
    "0a4a3c 12855a 5fbb46 d7dd4a f4e7a0",  # a garden
    "3a1670 7a2ca8 c23a94 f07fae f6c35a",  # violet
)
WAVES: Final = (
    "0a1a3c 134a7e 4a9fb8 c6e4dd fbf2dc",
    "240c34 761b55 d4435c f8a06a fdeac4",
    "0c2420 1d5a4a 5f9a70 bfd39b f7f0d2",
    "2a1a4a 5a3f92 9c86c4 e3c3c0 fdf0d8",
)
LEAD: Final = (20.0, 17.0, 16.0)


def _palette(rng: np.random.Generator, palettes: tuple[str, ...]) -> Colours:
    chosen = palettes[int(rng.integers(len(palettes)))]
    return np.array([list(bytes.fromhex(colour)) for colour in chosen.split()], dtype=np.float32)


def _rgb(colour: Floats) -> tuple[int, int, int]:
    red, green, blue = (round(float(channel)) for channel in colour)
    return red, green, blue


def _gradient(colours: Colours, values: Floats) -> Floats:
    """The palette as a continuous scale. values: any shape, 0..1 -> shape + [3], 0..255."""
    stops = np.linspace(0, 1, len(colours))
    table = np.stack([np.interp(np.linspace(0, 1, 256), stops, channel) for channel in colours.T], axis=-1)
    return np.asarray(table.astype(np.float32)[(np.clip(values, 0, 1) * 255).astype(np.intp)])


def _pixel_grid(side: int) -> tuple[Floats, Floats]:
    """x: [1, side] and y: [side, 1], the centres of the pixels in 0..1."""
    centres = (np.arange(side, dtype=np.float32) + np.float32(0.5)) / np.float32(side)
    return centres[None, :], centres[:, None]


def _picture(pixels: Floats) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8), "RGB")


def _planes(rng: np.random.Generator, colours: Colours, side: int) -> Image.Image:
    """Adjacent planes of colour: a square divided again and again, its largest part left calm."""
    rectangles = [(0.0, 0.0, 1.0, 1.0)]
    for _ in range(int(rng.integers(4, 7))):
        # The largest plane is divided next, across its longer side, which keeps the forms few and broad.
        rectangles.sort(key=lambda r: (r[2] - r[0]) * (r[3] - r[1]))
        left, top, right, bottom = rectangles.pop()
        share = float(rng.choice([0.3, 0.38, 0.5, 0.62, 0.7]))
        if (right - left) * float(rng.uniform(0.8, 1.25)) > bottom - top:
            cut = left + share * (right - left)
            rectangles += [(left, top, cut, bottom), (cut, top, right, bottom)]
        else:
            cut = top + share * (bottom - top)
            rectangles += [(left, top, right, cut), (left, cut, right, bottom)]
    # The largest plane is the calm one, in the colour of the ground.
    rectangles.sort(key=lambda r: (r[0] - r[2]) * (r[3] - r[1]))
    order = [0, *(1 + rng.permutation(len(colours) - 1))]
    image = Image.new("RGB", (side, side))
    draw = ImageDraw.Draw(image)
    for number, rectangle in enumerate(rectangles):
        draw.rectangle([round(edge * side) for edge in rectangle], fill=_rgb(colours[order[number % len(order)]]))
    return image


def _circles(rng: np.random.Generator, colours: Colours, side: int) -> Image.Image:
    """One great disc of rings, divided along an axis as the Delaunays did, and one or two small ones."""
    image = Image.new("RGB", (side, side), _rgb(colours[0]))
    draw = ImageDraw.Draw(image)
    axis = float(rng.choice([0, 45, 90, 135]))

    def disc(centre: tuple[float, float], radius: float, colours: Colours, rings: int) -> None:
        """Concentric rings whose halves have different colours; the second half lags one colour behind."""
        for ring in range(rings):
            reach = radius * (1 - ring / rings)
            box = [round((c + sign * reach) * side) for sign in (-1, 1) for c in centre]
            draw.pieslice(box, axis, axis + 180, fill=_rgb(colours[ring % len(colours)]))
            draw.pieslice(box, axis + 180, axis + 360, fill=_rgb(colours[(ring + 1) % len(colours)]))

    x, y = rng.uniform(0.38, 0.62, 2)
    radius = rng.uniform(0.3, 0.4)
    away = rng.uniform(0, 2 * np.pi)
    for number in range(int(rng.integers(1, 3))):
        angle = away + number * rng.uniform(1.6, 2.6)
        small = rng.uniform(0.09, 0.15)
        reach = radius + small * rng.uniform(0.1, 0.8)
        centre = (x + reach * np.cos(angle), y + reach * np.sin(angle))
        disc(centre, small, colours[1 + rng.permutation(len(colours) - 1)], 1)
    disc((x, y), radius, colours[1 + rng.permutation(len(colours) - 1)], int(rng.integers(3, 5)))
    return image


def _flow(rng: np.random.Generator, colours: Colours, side: int) -> Image.Image:
    """Broad strokes along the level lines of a smooth landscape with one whirl, coloured by height."""
    slope = rng.uniform(0, 2 * np.pi)
    whirl, strength = rng.uniform(0.25, 0.75, 2), rng.choice([-1, 1]) * rng.uniform(0.7, 1.0)
    width, phase = rng.uniform(0.22, 0.3), rng.uniform(0, 2 * np.pi)

    def height(at: Floats) -> Floats:
        along = at[..., 0] * np.cos(slope) + at[..., 1] * np.sin(slope)
        across = at[..., 1] * np.cos(slope) - at[..., 0] * np.sin(slope)
        bump = strength * np.exp(-((at - whirl) ** 2).sum(-1) / (2 * width**2))
        return np.asarray(along + 0.1 * np.sin(5 * across + phase) + bump, dtype=np.float32)

    cells = 16
    grid = np.stack(np.meshgrid(np.arange(-1, cells + 1), np.arange(-1, cells + 1)), -1).reshape(-1, 2)
    at = ((grid + rng.uniform(0.1, 0.9, grid.shape)) / cells).astype(np.float32)
    heights = height(at)
    low, high = np.quantile(heights, [0.02, 0.98])
    tones = _gradient(colours, (heights - low) / (high - low) + rng.normal(0, 0.07, len(at)).astype(np.float32))
    paths = [at]
    for _ in range(7):
        # Along a level line the height does not change: the direction is the gradient, turned by a right angle.
        dx, dy = (height(at + nudge) - height(at - nudge) for nudge in np.eye(2, dtype=np.float32) * np.float32(0.005))
        direction = np.stack([-dy, dx], -1)
        direction /= np.linalg.norm(direction, axis=-1, keepdims=True) + 1e-6
        at = (at + 0.028 * direction).astype(np.float32)
        paths.append(at)
    # A soft underpainting in the same tones, so that no hole between two strokes shows a foreign colour.
    ground = np.stack(np.broadcast_arrays(*_pixel_grid(48)), -1)
    tone = _picture(_gradient(colours, (height(ground) - low) / (high - low)))
    image = tone.resize((side, side), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    brush = 0.048 * side
    strokes = np.stack(paths, 1) * side
    for index in rng.permutation(len(strokes)):
        fill = _rgb(tones[index])
        draw.line([(float(px), float(py)) for px, py in strokes[index]], fill=fill, width=round(brush))
        for px, py in (strokes[index, 0], strokes[index, -1]):
            draw.ellipse((px - brush / 2, py - brush / 2, px + brush / 2, py + brush / 2), fill=fill)
    return image


def _glass(rng: np.random.Generator, colours: Colours, side: int) -> Image.Image:
    """A rose window that is not quite regular: cells around a centre, leaded, with the light behind the middle."""
    petals, turn = int(rng.integers(5, 8)), rng.uniform(0, 2 * np.pi)
    middle = rng.uniform(0.42, 0.58, 2).astype(np.float32)
    points = [middle]
    for count, reach, offset in ((petals, 0.3, 0.0), (petals + 2, 0.6, 0.5)):
        angles = turn + 2 * np.pi * (np.arange(count) + offset) / count + rng.normal(0, 0.1, count)
        reaches = reach * rng.uniform(0.88, 1.12, count)
        points += list(middle + np.stack([np.cos(angles), np.sin(angles)], -1) * reaches[:, None])
    centres = np.array(points, dtype=np.float32)

    x, y = _pixel_grid(side)
    nearest = np.full((side, side), np.inf, dtype=np.float32)
    owner = np.zeros((side, side), np.uint8)
    distances = [(x - cx) ** 2 + (y - cy) ** 2 for cx, cy in centres]
    for number, distance in enumerate(distances):
        np.putmask(owner, distance < nearest, number)
        np.minimum(nearest, distance, out=nearest)
    border = np.full((side, side), np.inf, dtype=np.float32)
    # The distance to the line half-way between two centres: the difference of the squares over twice their distance.
    apart = 2 * np.linalg.norm(centres[:, None] - centres[None], axis=-1) + 1e-6
    for number, distance in enumerate(distances):
        towards = (distance - nearest) / apart[number].astype(np.float32)[owner]
        np.putmask(towards, owner == number, np.inf)
        np.minimum(border, towards, out=border)

    inner, outer = rng.permutation(len(colours))[:2]
    tints = np.array(
        [colours[-1]]
        + [colours[inner] if number % 2 else colours[outer] for number in range(petals)]
        + [colours[int(rng.integers(3))] for _ in range(petals + 2)]
    )
    # Light through glass falls off as an exponential (Beer and Lambert), which keeps a dim yellow golden and not grey.
    depth = 0.8 + 1.3 * np.sqrt((x - middle[0]) ** 2 + (y - middle[1]) ** 2) - 1.2 * np.sqrt(nearest)
    glass = 255 * np.exp(np.log(np.maximum(tints, 4) / 255)[owner] * np.maximum(depth, 0.6)[..., None])
    clear = np.clip((border - 0.016) * (side / 1.5) + 0.5, 0, 1)[..., None]
    return _picture(np.array(LEAD, np.float32) * (1 - clear) + glass * clear)


def _waves(rng: np.random.Generator, colours: Colours, side: int) -> Image.Image:
    """Two circular waves that meet, a strong and a weaker one, printed in flat tones like a woodcut of the sea."""
    x, y = _pixel_grid(side)
    length, angle = rng.uniform(0.26, 0.34), rng.uniform(0, 2 * np.pi)
    field = np.zeros((side, side), dtype=np.float32)
    for strength, turn in ((0.65, 0.0), (0.35, rng.uniform(1.6, 2.6))):
        reach = rng.uniform(0.45, 0.75)
        cx = np.float32(0.5 + reach * np.cos(angle + turn))
        cy = np.float32(0.5 + reach * np.sin(angle + turn))
        field += np.float32(strength) * np.cos(np.float32(2 * np.pi / length) * np.sqrt((x - cx) ** 2 + (y - cy) ** 2))
    steps = len(colours) * (0.5 + 0.5 * field)
    # Each tone is flat up to a narrow passage to the next one: as soft as printing ink, and no staircase of pixels.
    tone = np.floor(steps)
    passage = np.clip((steps - tone - 0.82) / 0.18, 0, 1)
    return _picture(_gradient(colours, (tone + passage) / (len(colours) - 1)))


# Of each class who paints it, in which palettes, and how many times as large.
_PAINTERS: Final[dict[str, tuple[Painter, tuple[str, ...], int]]] = {
    "circles": (_circles, CIRCLES, HARD_EDGES),
    "flow": (_flow, FLOW, SOFT_EDGES),
    "glass": (_glass, GLASS, SOFT_EDGES),
    "planes": (_planes, PLANES, HARD_EDGES),
    "waves": (_waves, WAVES, SOFT_EDGES),
}
CLASSES: Final[tuple[str, ...]] = tuple(_PAINTERS)


def draw(name: str, seed: int, size: int = 128) -> Image.Image:
    """One composition: the same picture for the same (name, seed), and the same composition at every size.

    name: one of CLASSES. seed: 0 or more. size: side in pixels, 16 to 1024. Returns a square RGB picture.
    Raises SfumatoError for another class, seed or size.
    """
    if name not in _PAINTERS:
        raise SfumatoError(f"there is no class {name!r} to draw; choose one of: {', '.join(CLASSES)}")
    if seed < 0:
        raise SfumatoError(f"the seed {seed} is negative; choose 0 or more")
    if not MINIMUM_SIZE <= size <= MAXIMUM_SIZE:
        raise SfumatoError(f"cannot draw at {size} pixels; choose a size from {MINIMUM_SIZE} to {MAXIMUM_SIZE}")
    # The name goes in as bytes: Python's own hash of a text differs from one start to the next.
    rng = np.random.default_rng(np.random.SeedSequence([seed, *name.encode()]))
    paint, palettes, larger = _PAINTERS[name]
    picture = paint(rng, _palette(rng, palettes), size * larger)
    return picture.resize((size, size), Image.Resampling.LANCZOS)
