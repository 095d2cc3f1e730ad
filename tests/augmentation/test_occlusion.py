"""Random erasing: the pixels whose middle lies in the rectangle, and no others."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.augmentation import Drawn, apply
from tests.augmentation.images import NOTHING, boxes, random_image, sides

Box = tuple[float, float, float, float]


@given(box=boxes(), height=sides, width=sides, value=st.floats(0, 255))
def test_erases_what_lies_in_the_rectangle(box: Box, height: int, width: int, value: float) -> None:
    image, (left, top, wide, tall) = random_image(height, width), box
    result = apply(image, Drawn(size=(height, width), erased=box), NOTHING.changed(erasing_value=value))
    expected = image.copy()
    for row in range(height):
        for column in range(width):
            x, y = (column + 0.5) / width - left, (row + 0.5) / height - top
            # Where a middle lies on the edge to the last bit, either is right.
            if -1e-12 <= x < wide + 1e-12 and -1e-12 <= y < tall + 1e-12:
                near = min(abs(x), abs(y), abs(x - wide), abs(y - tall)) < 1e-12
                expected[row, column] = result[row, column] if near else round(value)
    np.testing.assert_array_equal(result, expected)


def test_erases_keras_mask_half_a_pixel_on(layers: Any) -> None:
    # Keras takes a pixel's corner for its place where we take its middle.
    layer, (height, width) = layers.RandomErasing(), (40, 60)
    for left, top, wide, tall in [(0.1, 0.2, 0.33, 0.41), (0.0, 0.0, 1.0, 0.5), (0.61, 0.07, 0.39, 0.9)]:
        corners = np.array([left * width, (left + wide) * width, top * height, (top + tall) * height]) - 0.5
        mask = np.asarray(layer._generate_batch_mask((1, height, width, 3), corners[:, None].astype(np.float32)))[0]
        drawn = Drawn(size=(height, width), erased=(left, top, wide, tall))
        result = apply(np.full((height, width, 3), 255, np.uint8), drawn, NOTHING)
        np.testing.assert_array_equal(result == 0, mask)


def test_area_is_that_of_the_box() -> None:
    drawn = Drawn(size=(160, 160), erased=(0.25, 0.1, 0.5, 0.3))
    result = apply(np.full((160, 160, 3), 255, np.uint8), drawn, NOTHING)
    assert np.mean(result == 0) == pytest.approx(0.15, abs=1e-9)
