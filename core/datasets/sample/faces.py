"""Faces of cats and dogs, drawn flat: the traits that make a face, chosen at random, and how each is drawn.

Coordinates are the face's own: the head is about 2 wide, its middle is (0, 0), x grows to the right and y downwards.
`Pen` turns them into pixels. Colours are RGB, 0..255.

What tells the classes apart is the muzzle, the nose and, mostly, the ears and eyes. Every other trait, and the coats
above all, comes from one distribution for both, and `MIXED` lets a share of faces borrow a trait of the other class:
otherwise any classifier would be right every time and there would be nothing to learn from its errors.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.datasets.sample.pen import (
    BLACK,
    PINK,
    WHITE,
    Colour,
    Pen,
    Points,
    bow,
    darker,
    mirrored,
    mix,
    oval,
    pick,
    smooth,
)

Species = Literal["cat", "dog"]
Ear = Literal["pointed", "tall", "folded", "floppy"]

MIXED = 0.25  # the share of faces that borrow one trait (head, eyes or ears) from the other class; none borrows two
COATS: tuple[tuple[Colour, Colour], ...] = (  # fur, and the light fur of muzzle and chest
    ((224, 142, 68), (250, 226, 190)),
    ((140, 143, 152), (220, 221, 226)),
    ((62, 58, 64), (226, 222, 220)),
    ((238, 214, 176), (255, 247, 232)),
    ((244, 240, 234), (255, 252, 247)),
    ((128, 88, 60), (212, 178, 140)),
    ((212, 164, 94), (247, 226, 184)),
    ((104, 114, 134), (194, 200, 212)),
    ((92, 64, 48), (190, 140, 96)),
)
IRISES: dict[Species, tuple[Colour, ...]] = {
    "cat": ((132, 176, 76), (222, 182, 60), (206, 136, 48), (96, 158, 200)),
    "dog": ((98, 60, 36), (72, 44, 30), (150, 98, 48), (112, 160, 196)),
}
# Right half of the head's outline, from the crown to the chin.
HEADS: dict[Species, Points] = {
    "cat": np.array([(0, -0.74), (0.46, -0.72), (0.84, -0.42), (1.02, 0.06), (0.92, 0.44), (0.5, 0.76), (0, 0.86)]),
    "dog": np.array([(0, -0.86), (0.42, -0.82), (0.74, -0.5), (0.8, -0.02), (0.68, 0.46), (0.46, 0.9), (0, 1.04)]),
}


@dataclass(frozen=True)
class Face:
    """The traits of one face; lengths in the face's units."""

    species: Species
    outline: Points
    ears: tuple[Ear, Ear]
    ear_length: float
    fur: Colour
    light: Colour
    mark: Colour
    patterns: frozenset[str]
    muzzle: float  # length, 0 flat .. 1 long
    eye: float  # half width
    eye_gap: float
    iris: Colour
    pupil: float  # width in shares of its height: 0.25 a slit, 1 round
    asleep: bool
    tongue: bool
    whiskers: bool
    jitter: Points  # (8, 2), -1..1: makes patches and stripes irregular


def random_face(rng: np.random.Generator, species: Species) -> Face:
    """Traits for a face of `species`, its overlap with the other class included."""
    other: Species = "dog" if species == "cat" else "cat"
    borrowed = pick(rng, ("head", "eyes", "ears")) if rng.random() < MIXED else ""
    head, eyes, ears = (other if trait == borrowed else species for trait in ("head", "eyes", "ears"))
    blend = rng.beta(1.3, 3.2)  # how far the head leans towards the other class
    half = HEADS[head] * (1 - blend) + HEADS["dog" if head == "cat" else "cat"] * blend
    half = half * (rng.uniform(0.9, 1.1), rng.uniform(0.92, 1.08)) + rng.uniform(-0.03, 0.03, half.shape)
    half[[0, -1], 0] = 0
    kinds: tuple[Ear, ...] = ("pointed",) * 6 + ("tall", "folded")
    if ears == "dog":  # a cat with floppy ears would be a dog to anyone's eye
        kinds = ("floppy",) * 5 + ("folded", "tall", "tall") if species == "dog" else ("folded",)
    ear = pick(rng, kinds)
    second: Ear = "folded" if ear == "tall" and rng.random() < 0.25 else ear
    fur, light = pick(rng, COATS)
    fur = mix(darker(fur, rng.uniform(0, 0.15)), pick(rng, COATS)[0], rng.uniform(0, 0.15))
    mark = pick(rng, (darker(fur, 0.45), darker(fur, 0.3), pick(rng, COATS)[0]))
    chances = {"stripes": 0.5 if species == "cat" else 0.12, "patch": 0.28, "blaze": 0.25, "mask": 0.18, "crown": 0.2}
    return Face(
        species=species,
        outline=mirrored(half),
        ears=(ear, second) if rng.random() < 0.5 else (second, ear),
        ear_length=rng.uniform(0.8, 1.2),
        fur=fur,
        light=light,
        mark=mark,
        patterns=frozenset(name for name, chance in chances.items() if rng.random() < chance),
        muzzle=float(np.clip(rng.normal(0.2 if species == "cat" else 0.66, 0.18), 0, 1)),
        eye=rng.uniform(0.17, 0.25) if eyes == "cat" else rng.uniform(0.12, 0.19),
        eye_gap=rng.uniform(0.36, 0.46),
        iris=pick(rng, IRISES[eyes]),
        pupil=rng.uniform(0.25, 0.9) if eyes == "cat" else rng.uniform(0.75, 1.0),
        asleep=bool(rng.random() < 0.1),
        tongue=bool(rng.random() < (0.35 if species == "dog" else 0.04)),
        whiskers=bool(rng.random() < (0.75 if species == "cat" else 0.12)),
        jitter=rng.uniform(-1, 1, (8, 2)),
    )


def draw_face(pen: Pen, face: Face) -> None:
    """Draws the head, ears behind or over it, with all its features."""
    for side, kind in zip((-1, 1), face.ears, strict=True):
        if kind != "floppy":
            _ear(pen, face, side, kind)
    pen.shape(face.outline, face.fur)
    with pen.inside(face.outline) as coat:
        _coat(coat, face)
    for side, kind in zip((-1, 1), face.ears, strict=True):
        if kind == "floppy":
            _ear(pen, face, side, kind)
        _eye(pen, face, side)
    _muzzle(pen, face)


def _ear(pen: Pen, face: Face, side: int, kind: Ear) -> None:
    long, flip = face.ear_length, np.array((side, 1))
    fur = face.mark if "crown" in face.patterns or (kind == "floppy" and "patch" in face.patterns) else face.fur
    inner = mix(PINK, face.fur, 0.35)
    if kind == "floppy":
        drop = 0.75 * long
        flap = [(0.42, -0.8), (0.8, -0.74), (1.14, -0.3), (1.2, drop - 0.3), (1, drop), (0.8, drop - 0.25), (0.7, -0.3)]
        pen.shape(smooth(np.array(flap) * flip), darker(fur, 0.2), depth=-0.1)
        return
    start, tip, end = (0.18, -0.62), (0.86, -0.55 - 0.75 * long), (0.98, -0.12)
    if kind == "folded":
        pen.shape(bow(start, (0.72, -1.05), end, 0.5) * flip, fur, depth=-0.2)
        flap_tip = (0.86, -0.82 + 0.34 * long)
        pen.shape(bow((0.32, -1.0), flap_tip, (1.04, -0.82), 0.35) * flip, darker(fur, 0.22), depth=-0.1)
        return
    if kind == "tall":
        start, tip, end = (0.2, -0.66), (0.62, -0.75 - 0.85 * long), (0.8, -0.38)
    ear = bow(start, tip, end, 0.35)
    pen.shape(ear * flip, fur, depth=-0.2)
    middle = np.array(((start[0] + end[0]) / 2, (start[1] + end[1]) / 2))
    with pen.inside(ear * flip, depth=-0.2) as inside:
        inside.shape((middle + (ear - middle) * (0.58, 0.72)) * flip, inner, depth=-0.14)


def _coat(pen: Pen, face: Face) -> None:
    wobble = face.jitter * 0.08
    if "crown" in face.patterns:  # a dark cap down to the eyes, parted in the middle
        pen.shape(mirrored([(0, -1.4), (1.4, -1.2), (1.3, 0.15), (0.7, 0.0), (0.16, -0.45), (0, -0.62)]), face.mark)
    if "mask" in face.patterns:
        pen.shape(oval(0, 0.5, 0.62, 0.62), darker(face.mark, 0.2), depth=0.1)
    if "patch" in face.patterns:
        side = 1 if face.jitter[0, 0] > 0 else -1
        pen.shape(smooth(oval(side * 0.46, -0.2, 0.36, 0.42)[::4] + wobble[:7]), face.mark, depth=0.08)
    if "stripes" in face.patterns:
        stripe = darker(face.fur, 0.4)
        for x, low in ((-0.3, -0.42), (0, -0.34), (0.3, -0.42)):
            pen.line([(x * 1.2, -1.0), (x + wobble[0, 0], low)], stripe, 0.09, depth=0.08)
        for side in (-1, 1):
            for k in (0, 1, 2):
                y = 0.1 + 0.22 * k
                pen.line([(side * 1.15, y - 0.05), (side * (0.7 + wobble[k, 1]), y + 0.06)], stripe, 0.08, depth=0.05)
    if "blaze" in face.patterns:
        blaze = mirrored([(0, -0.95), (0.1, -0.6), (0.1, -0.1), (0.5, 0.5), (0, 1.0)])
        pen.shape(blaze + wobble[0] * 0.5, face.light, depth=0.08)


def _eye(pen: Pen, face: Face, side: int) -> None:
    x, y, width = side * face.eye_gap, -0.12, face.eye
    depth, height = 0.12, width * (0.95 if face.species == "dog" else 0.85)
    if face.asleep:
        arc = [(x - width, y), (x - width * 0.5, y + height * 0.5), (x + width * 0.5, y + height * 0.5), (x + width, y)]
        pen.line(smooth(arc, closed=False), BLACK, 0.055, depth)
        return
    slant = -0.22 * width * side if face.pupil < 0.7 else 0.0  # cats' outer corners sit higher
    rim = smooth([(x - width, y - slant), (x, y - height), (x + width, y + slant), (x, y + height)])
    pen.shape(np.array((x, y)) + (rim - (x, y)) * 1.2, BLACK, depth)
    with pen.inside(rim, depth) as inside:
        inside.shape(rim, face.iris, depth)
        inside.shape(oval(x, y, height * 0.8 * face.pupil, height * 0.85), BLACK, depth)
    pen.shape(oval(x + width * 0.25, y - height * 0.38, width * 0.24, width * 0.24), WHITE, depth)


def _muzzle(pen: Pen, face: Face) -> None:
    dog, long = face.species == "dog", face.muzzle
    fur = face.mark if "mask" in face.patterns and "blaze" not in face.patterns else face.light
    y, depth = 0.34 + 0.1 * long, 0.25 + 0.4 * long
    cheek, drop = 0.2 + 0.1 * long, 0.19 + 0.16 * long
    nose = 0.1 + 0.13 * long if dog else 0.1 + 0.06 * long
    bare = Pen(pen.image, pen.centre, pen.size, pen.roll, pen.turn)
    bottom = y + 0.12 + drop
    if face.tongue:
        tongue = mirrored([(0, bottom - 0.2), (0.13, bottom - 0.15), (0.14, bottom + 0.18), (0, bottom + 0.27)])
        pen.shape(tongue, (226, 104, 116), depth)
    bare.shape(oval(0, bottom - 0.08, cheek * 0.8, 0.14), darker(fur, 0.12), depth * 0.8)
    if long > 0.35:  # the bridge of the nose
        bridge = mirrored([(0, -0.24), (0.14, -0.2), (cheek + 0.06, y), (0, y + 0.2)])
        bare.shape(bridge, mix(fur, face.fur, 0.5), depth * 0.8)
    for side in (-1, 1):
        bare.shape(oval(side * cheek * 0.82, y + 0.14, cheek, drop), fur, depth)
    line, lip = darker(fur, 0.7), y + 0.2 + 0.06 * long
    pen.line([(0, y), (0, lip)], line, 0.035, depth)
    for side in (-1, 1):
        smile = [(0, lip), (side * cheek * 0.55, lip + 0.08 + 0.04 * long), (side * cheek * 1.15, y + 0.2)]
        pen.line(smooth(smile, closed=False), line, 0.035, depth)
        if face.whiskers:
            for k in (-1, 0, 1):
                start = (side * cheek * 1.1, y + 0.12 + 0.07 * k)
                pen.line([start, (side * (cheek + 0.75), y + 0.1 + 0.2 * k)], mix(WHITE, line, 0.25), 0.014, depth)
    colour = BLACK if dog or face.jitter[1, 0] > 0.3 else PINK
    top = y - nose * 0.55
    bare.shape(mirrored([(0, -0.25), (1, 0), (0.55, 0.8), (0, 1.05)]) * nose + (0, top), colour, depth)
    bare.shape(oval(-nose * 0.3, top + nose * 0.14, nose * 0.25, nose * 0.12), mix(colour, WHITE, 0.55), depth)
