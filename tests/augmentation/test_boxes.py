"""Where the crop and the erased rectangle lie, and of what shape and size they are."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.augmentation import draw, generator_for
from tests.augmentation.images import DIGEST, NOTHING, pairs

Box = tuple[float, float, float, float]
RATIOS = {"crop": (3 / 4, 4 / 3), "erased": (0.3, 3.3)}


def drawn_boxes(name: str, areas: tuple[float, float], size: tuple[int, int], num: int) -> list[Box]:
    changes: dict[str, dict[str, Any]] = {
        "crop": {"crop_scale": areas},
        "erased": {"erasing_scale": areas, "erasing_probability": 1},
    }
    config = NOTHING.changed(**changes[name])
    return [getattr(draw(config, generator_for(0, DIGEST, copy), size), name) for copy in range(num)]


@given(
    name=st.sampled_from(sorted(RATIOS)), areas=pairs(0.05, 1), height=st.integers(1, 500), width=st.integers(1, 500)
)
def test_box_lies_inside_with_the_area_that_was_asked_for(
    name: str, areas: tuple[float, float], height: int, width: int
) -> None:
    for left, top, wide, tall in drawn_boxes(name, areas, (height, width), 5):
        assert min(left, top) >= 0
        assert max(left + wide, top + tall) <= 1 + 1e-12
        assert areas[0] - 1e-12 <= wide * tall <= areas[1] + 1e-12
        low, high = RATIOS[name]
        ratio = (wide * width) / (tall * height)
        # Outside of the ratios only where nothing else fits: then one side is as long as the image's.
        assert low - 1e-9 <= ratio <= high + 1e-9 or max(wide, tall) == pytest.approx(1)


@pytest.mark.parametrize("size", [(160, 160), (50, 200), (1, 1)], ids=str)
def test_a_crop_of_the_whole_area_is_no_crop(size: tuple[int, int]) -> None:
    config = NOTHING.changed(crop_scale=(1, 1), rotation_range=10)
    drawn = [draw(config, generator_for(0, DIGEST, copy), size) for copy in range(9)]
    assert {copy.crop for copy in drawn} == {(0.0, 0.0, 1.0, 1.0)}


@pytest.mark.parametrize("name", RATIOS)
def test_area_ratio_and_place_are_even(name: str) -> None:
    # Up to 0.3 every ratio fits, so nothing is narrowed.
    num, (low, high) = 3000, RATIOS[name]
    left, top, wide, tall = np.array(drawn_boxes(name, (0.1, 0.3), (90, 90), num)).T
    shares = {
        "area": (wide * tall - 0.1) / 0.2,
        "ratio": np.log(wide / tall / low) / math.log(high / low),
        "left": left / (1 - wide),
        "top": top / (1 - tall),
    }
    for what, values in shares.items():
        assert np.abs(np.sort(values) - np.linspace(0, 1, num)).max() < 1.95 / math.sqrt(num), what
    assert np.abs(np.corrcoef(list(shares.values())) - np.eye(4)).max() < 0.08


def test_large_areas_are_as_frequent_as_small_ones() -> None:
    # Drawing again until it fits would make them rarer.
    _, _, wide, tall = np.array(drawn_boxes("erased", (0.02, 1), (80, 80), 2000)).T
    assert np.median(wide * tall) == pytest.approx(0.51, abs=0.03)
