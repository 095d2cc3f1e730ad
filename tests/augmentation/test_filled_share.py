"""`filled_share`: closed forms, a Monte Carlo of positions, and what a constant fill paints."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.augmentation import Drawn, apply
from core.augmentation.geometry import filled_share
from tests.augmentation.images import FILL_MODES, NOTHING, boxes, sides
from tests.examples import FEW

OCTAGON = 2 * (math.sqrt(2) - 1)  # a unit square and itself turned by 45 degrees have this area in common


@pytest.mark.parametrize(
    ("changes", "share"),
    [
        ({}, 0),
        ({"flip_horizontal": True, "brightness": 0.3, "erased": (0, 0, 1, 1)}, 0),
        ({"tx": 30.0}, 0.3),
        ({"tx": -100.0}, 1),
        ({"tx": 250.0}, 1),
        ({"tx": 30.0, "ty": -50.0}, 1 - 0.7 * 0.5),
        ({"theta": 90.0}, 0),
        ({"theta": 45.0}, 1 - OCTAGON),
        ({"zx": 0.4, "zy": 0.8}, 0),
        ({"zx": 2.0, "zy": 3.0}, 1 - 1 / 6),
        ({"theta": 45.0, "zx": 0.5, "zy": 0.5}, 0),
        ({"crop": (0.2, 0.3, 0.5, 0.5)}, 0),
        ({"crop": (0.25, 0.25, 0.5, 0.5), "zx": 2.0, "zy": 2.0}, 0),
        ({"crop": (0.25, 0.25, 0.5, 0.5), "zx": 4.0, "zy": 4.0}, 0.75),
        ({"crop": (0.0, 0.0, 0.5, 0.5), "tx": -20.0}, 0.2),
    ],
    ids=str,
)
@pytest.mark.parametrize("fill_mode", FILL_MODES)
def test_closed_forms(changes: dict[str, Any], share: float, fill_mode: str) -> None:
    drawn = Drawn(size=(100, 100), **changes)
    assert filled_share(drawn, NOTHING.changed(fill_mode=fill_mode)) == pytest.approx(share, abs=1e-9)


def test_shear_is_a_parallelogram() -> None:
    # A slant shifts the rows by up to tan / 2 of the side either way, and their heights shrink by its cosine.
    drawn = Drawn(size=(100, 100), shear=20.0, zy=1 / math.cos(math.radians(20)))
    assert filled_share(drawn, NOTHING) == pytest.approx(math.tan(math.radians(20)) / 4, abs=1e-9)


moves = st.fixed_dictionaries(
    {
        "size": st.tuples(sides, sides),
        "theta": st.floats(-180, 180),
        "tx": st.floats(-50, 50),
        "ty": st.floats(-50, 50),
        "shear": st.floats(-60, 60),
        "zx": st.floats(0.1, 3),
        "zy": st.floats(0.1, 3),
        "crop": boxes(),
    }
)


@FEW
@given(changes=moves)
def test_agrees_with_a_monte_carlo_of_positions(changes: dict[str, Any]) -> None:
    drawn, num = Drawn(**changes), 20_000
    height, width = drawn.size
    sin, cos = math.sin(math.radians(drawn.theta)), math.cos(math.radians(drawn.theta))
    slant, upright = -math.sin(math.radians(drawn.shear)), math.cos(math.radians(drawn.shear))
    # Step by step from a copy's point back to the image's, from the middle out.
    x, y = np.random.default_rng(0).uniform(-0.5, 0.5, (2, num)) * [[width], [height]]
    # Keras turns about (height / 2, width / 2) taken as (x, y): see `apply`.
    x, y = x + (width - height) / 2, y + (height - width) / 2
    x, y = x * drawn.zx, y * drawn.zy
    x, y = x + slant * y + drawn.tx, upright * y + drawn.ty
    x, y = cos * x - sin * y, sin * x + cos * y
    left, top, wide, tall = drawn.crop
    across, down = (x + height / 2) / width, (y + width / 2) / height
    across, down = left + wide * across, top + tall * down
    outside = np.mean((across < 0) | (across > 1) | (down < 0) | (down > 1))
    assert filled_share(drawn, NOTHING) == pytest.approx(outside, abs=5 * 0.5 / math.sqrt(num))


@FEW
@given(
    theta=st.floats(-180, 180), shear=st.floats(-40, 40), zoom=st.floats(0.5, 2), tx=st.floats(-99, 99), crop=boxes()
)
def test_agrees_with_what_a_constant_fill_paints(
    theta: float, shear: float, zoom: float, tx: float, crop: tuple[float, float, float, float]
) -> None:
    drawn = Drawn(size=(300, 300), theta=theta, shear=shear, zx=zoom, zy=zoom, tx=tx, crop=crop)
    config = NOTHING.changed(fill_mode="constant")
    painted = np.mean(apply(np.full((300, 300, 3), 255, np.uint8), drawn, config)[..., 0] == 0)
    # The constant begins in the middle of the outermost pixels: half a pixel of the image along at most four sides,
    # which a crop and a zoom enlarge.
    enlarged = max(1 / (zoom * side) for side in crop[2:])
    assert filled_share(drawn, config) == pytest.approx(painted, abs=(1 + 2 * enlarged * 2) / 300)
