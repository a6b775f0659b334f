"""Pictures of nothing, drawn from random numbers: what painted, printed and drawn surfaces have in common.

Eight kinds: leaves that cover one another (Lee, Mumford and Huang 2001, 'Occlusion models for natural images'), figures
on a ground, strokes along a field of directions, tones as hatching, lines on paper, clouds of colour, layers of land,
and small things of single cells. Baradad et al. 2021 (arXiv:2106.05963) show how much such pictures teach.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from materials import (
    Floats,
    Generator,
    blend,
    grid,
    ground,
    mask,
    noise,
    one_of,
    outline,
    palette,
    paste,
    picture,
    rgb,
    texture,
)
from PIL import Image, ImageDraw, ImageFilter

CELLS: Final = 32  # a side, of what is drawn cell by cell


def leaves(r: Generator, side: int) -> Image.Image:
    """Few to many outlines, small ones far more often than large ones, each over those before."""
    colours = palette(r, r.integers(3, 9))
    image = ground(r, side, colours)
    count, textured = int(2 ** r.uniform(3, 8)), r.random() < 0.75
    for _ in range(count):
        radius = side * min(0.5, 0.03 * (1 - r.random()) ** -0.7)
        paste(r, image, outline(r, *r.uniform(0, side, 2), radius), colours, textured=textured and radius > 5)
    return image


def figures(r: Generator, side: int) -> Image.Image:
    """One to three bodies of several parts, many of them symmetric."""
    colours = palette(r, r.integers(3, 8))
    image = ground(r, side, colours)
    for _ in range(r.choice([1, 1, 1, 2, 3])):
        x, y = side * r.uniform(0.3, 0.7, 2)
        reach, symmetric = side * r.uniform(0.15, 0.45), r.random() < 0.6
        for part in range(r.integers(2, 12)):
            dx, dy = r.normal(0, 0.45, 2) * reach * (part > 0)
            points = outline(r, x + dx, y + dy, reach * r.uniform(0.1, 0.7 if part else 1))
            paste(r, image, points, colours, textured=True)
            if symmetric and part:
                if r.random() < 0.3:
                    mirrored = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
                    image.paste(mirrored.crop((0, 0, int(side - x), side)), (int(x), 0))
                else:
                    paste(r, image, np.stack([2 * x - points[:, 0], points[:, 1]], -1), colours, textured=False)
    return image


def strokes(r: Generator, side: int) -> Image.Image:
    """Brushstrokes in the tones of a soft scene, along directions that change slowly."""
    colours = palette(r, r.integers(4, 9))
    tone = noise(r, side, r.uniform(1.3, 2.2)) * 0.28 + 0.5
    if r.random() < 0.6:
        x, y = grid(side)
        for _ in range(r.integers(1, 6)):
            across, down, radius = *r.uniform(0.1, 0.9, 2), r.uniform(0.05, 0.3)
            inside = ((x - across) ** 2 + ((y - down) / r.uniform(0.4, 2.5)) ** 2) < radius * radius
            tone = np.where(inside, tone + r.normal(0, 0.4), tone)
    painted = blend(colours, tone + 0.1 * noise(r, side, 1))
    image = picture(painted)
    draw = ImageDraw.Draw(image)
    angles = r.uniform(0, 2 * np.pi) + r.uniform(0.2, 2) * noise(r, side, 2.2)
    width = side * 2 ** r.uniform(-6, -3.8)
    length, jitter = width * r.uniform(2, 9), r.uniform(3, 25)
    for _ in range(min(1200, int(1.6 * side * side / (width * length)))):
        x, y = r.uniform(0, side, 2)
        row, column = int(min(side - 1, y)), int(min(side - 1, x))
        angle = angles[row, column] + r.normal(0, 0.25)
        dx, dy = 0.5 * length * np.cos(angle), 0.5 * length * np.sin(angle)
        colour = painted[row, column] + r.normal(0, jitter) + r.normal(0, 0.3 * jitter, 3)
        path = [(x - dx, y - dy), (x + 0.2 * dy, y - 0.2 * dx), (x + dx, y + dy)]
        draw.line(path, fill=rgb(np.clip(colour, 0, 255)), width=int(max(1, width)), joint="curve")
    return image


def _tones(r: Generator, side: int) -> Floats:
    """[side, side], 0..1: a scene in light and dark."""
    tone = noise(r, side, r.uniform(1.5, 2.5)) * 0.2 + 0.55
    x, y = grid(side)
    for _ in range(r.integers(0, 7)):
        points = outline(r, *side * r.uniform(0.1, 0.9, 2), side * r.uniform(0.06, 0.35))
        inside = np.asarray(mask(side, points, r.choice([0, 2, 6]))) / 255
        angle = r.uniform(0, 2 * np.pi)
        shade = r.uniform(0, 1) + r.uniform(0, 2) * ((x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle))
        tone = tone * (1 - inside) + inside * np.clip(shade, 0, 1)
    return np.clip(tone, 0, 1)


def _paper(colours: Floats) -> Floats:
    """The lightest of the colours, made as light as paper."""
    return np.asarray(colours[-1] * 0.4 + 150)


def prints(r: Generator, side: int) -> Image.Image:
    """Tones as hatching in one to three directions, at times with contours, in ink on paper or the other way round."""
    tone = _tones(r, side)
    x, y = grid(side) * np.array(float(side))
    ink = np.zeros((side, side))
    warp = noise(r, side, 2.2) * r.uniform(0, 8)
    directions, period = r.integers(1, 4), r.uniform(3.5, 10)
    for number in range(directions):
        angle = r.uniform(0, np.pi)
        wave = 0.5 + 0.5 * np.sin(2 * np.pi / period * (x * np.cos(angle) + y * np.sin(angle) + warp))
        dark = np.clip((1 - tone) * 1.3 - number / directions * 0.8, 0, 1)
        ink = np.maximum(ink, np.clip((dark - wave) * 3 + 0.3, 0, 1) * (dark > 0.08))
    if r.random() < 0.6:
        slope = np.hypot(*np.gradient(tone)[::-1])
        ink = np.maximum(ink, np.clip(slope * r.uniform(4, 12), 0, 1))
    colours = palette(r, 3)
    paper, dark = (_paper(colours), colours[0] * 0.5) if r.random() < 0.9 else (colours[0], colours[-1])
    fibres = 0.03 * noise(r, side, 1.2)[..., None] + r.uniform(0, 0.03) * r.normal(size=(side, side, 1))
    return picture(paper * (1 + fibres) * (1 - ink[..., None]) + dark * ink[..., None])


def lines(r: Generator, side: int) -> Image.Image:
    """Curved lines on paper, some closed and filled, at times over a wash."""
    colours = palette(r, r.integers(2, 6))
    colours[-1] = _paper(colours)
    image = picture(colours[-1] * (1 + 0.03 * noise(r, side, 1)[..., None] * r.uniform(0.2, 2)))
    if r.random() < 0.4:
        wash = picture(blend(colours[::-1], 0.3 + 0.3 * noise(r, side, 1.8)))
        image.paste(wash, (0, 0), mask(side, outline(r, side / 2, side / 2, side * r.uniform(0.2, 0.5)), 4))
    draw = ImageDraw.Draw(image)
    for _ in range(int(2 ** r.uniform(2, 7))):
        at, angle, bend = r.uniform(0.05, 0.95, 2), r.uniform(0, 2 * np.pi), r.normal(0, 0.3)
        path = [at]
        for _ in range(r.integers(3, 20)):
            angle += bend * 0.5 + r.normal(0, 0.15)
            at = at + 0.035 * np.array([np.cos(angle), np.sin(angle)])
            path.append(at)
        points = [tuple(at * side) for at in path]
        colour = rgb(colours[r.integers(max(1, len(colours) - 1))] * r.uniform(0.5, 1))
        draw.line(points, fill=colour, width=int(max(1, side * 2 ** r.uniform(-8, -5))), joint="curve")
        if r.random() < 0.1:
            draw.polygon(points, fill=rgb(one_of(r, colours)))
    return image.filter(ImageFilter.GaussianBlur(float(r.uniform(0, 1.2))))


def clouds(r: Generator, side: int) -> Image.Image:
    """Fields of colour, smooth to rough, at times in flat steps."""
    colours = palette(r, r.integers(3, 9))
    tone = noise(r, side, r.uniform(0.7, 2.4), r.choice([1, 1, 1, 0.3, 3])) * r.uniform(0.15, 0.45) + 0.5
    if r.random() < 0.4:
        steps = r.integers(2, 8)
        tone = np.floor(tone * steps) / steps
    pixels = blend(colours, tone)
    if r.random() < 0.5:
        amount = r.uniform(5, 40)
        channels = np.stack([noise(r, side, r.uniform(0.2, 1.5)) for _ in range(3)], -1)
        pixels = pixels + amount * channels @ r.normal(0, 0.5, (3, 3))
        pixels = pixels + r.uniform(0, 20) * noise(r, side, 0.5)[..., None]
    return picture(pixels)


def land(r: Generator, side: int) -> Image.Image:
    """Layers behind one another, the nearest at the bottom, and things that stand on them."""
    colours = palette(r, r.integers(4, 9))
    _, y = grid(side)
    sky = colours[::-1] if r.random() < 0.6 else colours
    pixels = blend(sky, y * r.uniform(0.3, 1) + 0.12 * noise(r, side, 1.8, r.choice([1, 3])))
    layers = r.integers(1, 6)
    for number in range(layers):
        height = r.uniform(0.3, 0.95) if layers == 1 else 0.35 + 0.6 * (number + r.uniform(0, 0.6)) / layers
        ridge = height + r.uniform(0.02, 0.15) * noise(r, side, r.uniform(0.8, 2))[0]
        colour = colours[int((1 - (number + 1) / (layers + 1)) * (len(colours) - 1))] * r.uniform(0.6, 1.1)
        rough = 1 + r.uniform(0, 0.3) * noise(r, side, r.uniform(0.4, 1.6), r.choice([1, 3]))[..., None]
        pixels = np.where((y > ridge)[..., None], colour * rough, pixels)
    image = picture(pixels)
    for _ in range(r.integers(0, 6)):
        points = outline(r, side * r.random(), side * r.uniform(0.4, 1), side * r.uniform(0.02, 0.25))
        paste(r, image, points, colours, textured=True)
    return image


def cells(r: Generator, side: int) -> Image.Image:
    """A surface, or a thing with light from above and often a dark edge, drawn cell by cell."""
    colours = palette(r, r.integers(3, 8))
    pixels = _surface(r, colours) if r.random() < 0.3 else _thing(r, colours)
    return picture(pixels).resize((side, side), Image.Resampling.NEAREST)


def _surface(r: Generator, colours: Floats) -> Floats:
    pixels = np.clip(texture(r, CELLS, colours), 0, 255)
    if r.choice([0, 0, 1]):  # in the colours of the palette alone
        pixels = colours[((pixels[:, :, None] - colours) ** 2).sum(-1).argmin(-1)]
    return np.asarray(pixels + r.choice([0, 6, 15]) * r.normal(size=(CELLS, CELLS, 1)).round())


def _thing(r: Generator, colours: Floats) -> Floats:
    width, height, symmetric = r.integers(8, 31), r.integers(8, 31), r.random() < 0.65
    y, x = np.mgrid[:height, :width]
    body = np.zeros((height, width))
    for _ in range(r.integers(2, 8)):
        across, down = x - r.uniform(0, width), y - r.uniform(0.15 * height, 0.85 * height)
        a, b = r.uniform(0.08, 0.5) * width, r.uniform(0.08, 0.4) * height
        is_round = r.random() < 0.5
        inside = (across / a) ** 2 + (down / b) ** 2 < 1
        body = np.maximum(body, inside if is_round else (abs(across) < a * 0.8) & (abs(down) < b * 0.8))
    parts = np.zeros((height, width), int)
    for number in range(r.integers(1, 6)):
        across = (x - r.uniform(0, width)) / (r.uniform(0.1, 0.5) * width)
        down = (y - r.uniform(0, height)) / (r.uniform(0.1, 0.5) * height)
        parts[across**2 + down**2 < 1] = number + 1
    if symmetric:
        body, parts = np.maximum(body, body[:, ::-1]), np.where(x < width / 2, parts, parts[:, ::-1])
    light = (1 - y / height) * 0.5 + (1 - x / width) * 0.5 + r.choice([0, 0.1, 0.3]) * r.normal(size=(height, width))
    steps = r.integers(2, 5)
    light = np.floor(light * steps) / steps
    shaded = colours[1 + parts % max(1, len(colours) - 1)] * (0.45 + 0.8 * light)[..., None]
    around = np.pad(body, 1) == 0
    edge = (body > 0) & (around[:-2, 1:-1] | around[2:, 1:-1] | around[1:-1, :-2] | around[1:-1, 2:])
    if r.random() < 0.7:
        shaded[edge] = colours[0] * r.uniform(0, 0.6)
    back = colours[r.choice([0, -1])] if r.random() < 0.8 else r.uniform(0, 255, 3)
    pixels = np.broadcast_to(back, (CELLS, CELLS, 3)).astype(float).copy()
    top, left = r.integers(0, CELLS - height + 1), r.integers(0, CELLS - width + 1)
    place = np.s_[top : top + height, left : left + width]
    pixels[place] = np.where(body[..., None] > 0, shaded, pixels[place])
    return pixels


KINDS: Final[tuple[Callable[[Generator, int], Image.Image], ...]] = (
    leaves,
    figures,
    strokes,
    prints,
    lines,
    clouds,
    land,
    cells,
)


def scene(number: int, seed: int, size: int) -> Image.Image:
    """Picture ``seed`` of kind ``number``, ``size`` pixels a side. All but cells are drawn larger and reduced, some
    with grain."""
    r, kind = np.random.default_rng([number, seed]), KINDS[number]
    if kind is cells:
        return cells(r, size)
    image = kind(r, (2 if kind in (prints, lines) else 3) * size)
    if r.random() < 0.4:
        pixels = np.asarray(image, float)
        image = picture(pixels + r.uniform(2, 12) * r.normal(size=(*pixels.shape[:2], 1)))
    return image.resize((size, size), Image.Resampling.BOX if r.random() < 0.5 else Image.Resampling.LANCZOS)
