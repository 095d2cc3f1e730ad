"""What stands behind a face and in front of it: backgrounds and covers, the same for both classes."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from core.datasets.sample.faces import COATS
from core.datasets.sample.pen import WHITE, Colour, Pen, darker, mirrored, mix, oval, pick, smooth


def vivid(rng: np.random.Generator) -> Colour:
    return pick(rng, ((206, 74, 70), (64, 120, 190), (66, 150, 110), (232, 178, 66), (146, 96, 172), (70, 160, 172)))


def _soft(rng: np.random.Generator) -> Colour:
    return mix(vivid(rng), (248, 240, 226), rng.uniform(0.35, 0.8))


def _plain(pen: Pen, rng: np.random.Generator) -> None:
    pen.image.paste(_soft(rng), (0, 0, *pen.image.size))


def _gradient(pen: Pen, rng: np.random.Generator) -> None:
    corners = Image.fromarray(np.array([_soft(rng) for _ in range(4)], dtype=np.uint8).reshape(2, 2, 3))
    pen.image.paste(corners.resize(pen.image.size, Image.Resampling.BICUBIC))


def _meadow(pen: Pen, rng: np.random.Generator) -> None:
    sky = mix(pick(rng, ((150, 204, 236), (250, 206, 160), (186, 196, 214))), WHITE, rng.uniform(0, 0.4))
    pen.image.paste(sky, (0, 0, *pen.image.size))
    if rng.random() < 0.5:
        pen.shape(oval(rng.uniform(-1.2, 1.2), -0.65, 0.16, 0.16), (252, 232, 150))
    for _ in range(int(rng.integers(0, 3))):
        x, y = rng.uniform(-1.3, 1.3), rng.uniform(-0.9, -0.4)
        for dx, r in ((-0.18, 0.09), (0, 0.14), (0.18, 0.1)):
            pen.shape(oval(x + dx, y, r * 1.4, r), mix(sky, WHITE, 0.7))
    green = mix(pick(rng, ((110, 166, 86), (150, 170, 80), (90, 140, 100))), WHITE, rng.uniform(0, 0.25))
    horizon = rng.uniform(-0.1, 0.6)
    for shift, share in ((0.0, 0.0), (0.2, 0.15)):
        y = horizon + shift
        crest = smooth([(-3, y), (-1, y + rng.uniform(-0.2, 0.2)), (0.6, y), (3, y + 0.1)], closed=False)
        pen.shape([*crest, (3, 4), (-3, 4)], darker(green, share))


def _room(pen: Pen, rng: np.random.Generator) -> None:
    wall, floor = _soft(rng), mix(pick(rng, COATS)[0], (190, 150, 110), 0.5)
    pen.image.paste(wall, (0, 0, *pen.image.size))
    edge = rng.uniform(0.2, 0.8)
    x = rng.uniform(-1.1, 1.1)
    if rng.random() < 0.6:  # a window or an image
        frame = np.array([(x - 0.35, -0.85), (x + 0.35, -0.85), (x + 0.35, -0.15), (x - 0.35, -0.15)])
        pen.shape(frame, mix(wall, WHITE, 0.6))
        pen.shape((frame - (x, -0.5)) * 0.85 + (x, -0.5), _soft(rng))
    pen.shape([(-3, edge), (3, edge), (3, 3), (-3, 3)], floor)
    pen.line([(-3, edge), (3, edge)], mix(wall, WHITE, 0.6), 0.06)


def _pattern(pen: Pen, rng: np.random.Generator) -> None:
    ground = _soft(rng)
    ink = mix(ground, vivid(rng), rng.uniform(0.2, 0.5))
    pen.image.paste(ground, (0, 0, *pen.image.size))
    step, tilted = rng.uniform(0.25, 0.5), Pen(pen.image, pen.centre, pen.size, rng.uniform(-45, 45))
    marks = np.arange(-2.4, 2.4, step)
    if rng.random() < 0.5:
        for x in marks:
            tilted.line([(x, -3), (x, 3)], ink, step * 0.4)
    else:
        for x in marks:
            for y in marks:
                tilted.shape(oval(x, y, step * 0.22, step * 0.22), ink)


def _fence(pen: Pen, rng: np.random.Generator, x: float, y: float, size: float) -> None:
    wood, step = mix(pick(rng, COATS)[0], WHITE, 0.3), rng.uniform(0.42, 0.62)
    top = y + size * rng.uniform(-0.1, 0.8)
    for left in np.arange(-2.2 + rng.uniform(0, step), 2.2, step):
        w = step * 0.62
        pen.shape([(left, top + 0.1), (left + w / 2, top), (left + w, top + 0.1), (left + w, 2), (left, 2)], wood)
    pen.shape([(-3, top + 0.25), (3, top + 0.25), (3, top + 0.37), (-3, top + 0.37)], darker(wood, 0.12))


def _leaves(pen: Pen, rng: np.random.Generator, x: float, y: float, size: float) -> None:
    green = pick(rng, ((88, 146, 84), (62, 120, 90), (140, 160, 70), (190, 120, 60)))
    side = pick(rng, (-1.0, 1.0))
    for _ in range(3):
        root = np.array((x + side * size * rng.uniform(1.2, 2), y + size * rng.uniform(-1, 1.6)))
        tip = np.array((x + side * size * rng.uniform(-0.1, 0.7), y + size * rng.uniform(-0.8, 0.9)))
        middle, across = (root + tip) / 2, (tip - root)[::-1] * (0.28, -0.28)
        blade = smooth([root, middle + across, tip, middle - across])
        colour = darker(green, rng.uniform(0, 0.3))
        pen.shape(blade, colour)
        pen.line([root, tip], darker(colour), 0.02)


def _cushion(pen: Pen, rng: np.random.Generator, x: float, y: float, size: float) -> None:
    top, colour = y + size * rng.uniform(0.3, 0.75), vivid(rng)
    middle = (x + rng.uniform(-0.3, 0.3), top)
    pen.shape(mirrored([(0, 0.07), (1.1, 0), (1.2, 2.4), (0, 3)]) + middle, mix(colour, WHITE, 0.2))
    seam = smooth([(-0.95, 0.16), (0, 0.2), (0.95, 0.16)], closed=False)
    pen.line(seam + middle, darker(colour), 0.025)


def _hand(pen: Pen, rng: np.random.Generator, x: float, y: float, size: float) -> None:
    skin = pick(rng, ((240, 200, 170), (198, 146, 108), (128, 86, 62), (90, 60, 46)))
    side = pick(rng, (-1.0, 1.0))
    palm = np.array((x + side * size * 0.85, y + size * rng.uniform(-0.85, -0.15)))
    pen.line([palm, np.add(palm, (side * 2, rng.uniform(0, 1.2)))], skin, size * 0.6)
    for k in range(4):
        finger = palm + np.array((-side * 0.62, -0.3 + 0.2 * k)) * size
        knuckle = np.add(palm, (0, (-0.2 + 0.13 * k) * size))
        pen.line([knuckle, finger], skin if k % 2 else darker(skin, 0.07), size * 0.2)


Painter = Callable[[Pen, np.random.Generator], None]
BACKGROUNDS: tuple[Painter, ...] = (_plain, _gradient, _meadow, _room, _pattern)
INDOORS: tuple[Painter, ...] = (_pattern,)
OUTDOORS: tuple[Painter, ...] = (_meadow,)
Cover = Callable[[Pen, np.random.Generator, float, float, float], None]
COVERS: tuple[Cover, ...] = (_fence, _leaves, _cushion, _hand)
