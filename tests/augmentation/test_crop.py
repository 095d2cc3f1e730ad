"""The crop: Pillow's resize with a box, and how it joins the other moves."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from core.augmentation import Drawn, apply
from tests.augmentation.images import FILL_MODES, NOTHING, Image, boxes, random_image, sides

Box = tuple[float, float, float, float]


def cropped_by_pillow(image: Image, box: Box) -> npt.NDArray[np.float64]:
    height, width = image.shape[:2]
    left, top, wide, tall = box
    edges = (left * width, top * height, min(left + wide, 1) * width, min(top + tall, 1) * height)
    resized = Pillow.fromarray(image).resize((width, height), Pillow.Resampling.BILINEAR, box=edges)
    return np.asarray(resized, np.float64)


@given(box=boxes(), height=sides, width=sides, seed=st.integers(0, 99))
def test_agrees_with_pillow(box: Box, height: int, width: int, seed: int) -> None:
    image = random_image(height, width, seed)
    ours = apply(image, Drawn(size=(height, width), crop=box), NOTHING)
    # Pillow rounds after the columns and again after the rows, ours once: at most 1.5 apart, so 1 in whole levels.
    assert np.abs(ours - cropped_by_pillow(image, box)).max() <= 1


def test_mean_error_against_pillow_is_that_of_rounding() -> None:
    image, box = random_image(160, 160), (0.13, 0.27, 0.6, 0.55)
    error = apply(image, Drawn(size=(160, 160), crop=box), NOTHING) - cropped_by_pillow(image, box)
    assert abs(error.mean()) < 0.02
    assert np.abs(error).mean() < 0.25


def test_what_lies_beyond_the_crop_is_real_and_not_filled() -> None:
    # Zoomed out to half its size, a crop of the middle quarter shows the whole image again.
    image = random_image(120, 120)
    drawn = Drawn(size=(120, 120), crop=(0.25, 0.25, 0.5, 0.5), zx=2, zy=2)
    np.testing.assert_array_equal(apply(image, drawn, NOTHING), image)


@pytest.mark.parametrize("fill_mode", FILL_MODES)
def test_a_crop_inside_the_image_needs_no_fill(fill_mode: str) -> None:
    image, drawn = random_image(64, 64), Drawn(size=(64, 64), crop=(0.2, 0.1, 0.5, 0.6))
    nearest, other = (apply(image, drawn, NOTHING.changed(fill_mode=mode, cval=200)) for mode in ("nearest", fill_mode))
    # Wrap computes its positions in another precision, which may round a half the other way.
    assert np.abs(nearest.astype(int) - other).max() <= 1


def test_crop_happens_before_the_rotation() -> None:
    image, box = random_image(100, 100), (0.1, 0.3, 0.5, 0.5)
    at_once = apply(image, Drawn(size=(100, 100), crop=box, theta=90.0), NOTHING)
    one_by_one = np.rot90(apply(image, Drawn(size=(100, 100), crop=box), NOTHING))
    # A quarter turn resamples nothing, so both have been interpolated once.
    assert np.abs(at_once.astype(int) - one_by_one).max() <= 1
