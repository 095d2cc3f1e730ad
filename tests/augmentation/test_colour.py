"""Contrast, saturation, hue and grey against Keras' preprocessing layers with the same factor."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.augmentation import Drawn, apply
from tests.augmentation.images import NOTHING, ROUNDED, Image, every_colour, random_image, sides
from tests.examples import FEW

factors = st.floats(0, 3)
angles = st.floats(-180, 180)
Floats = npt.NDArray[np.float64]


def ours(image: Image, **changes: Any) -> Floats:
    return apply(image, Drawn(size=(image.shape[0], image.shape[1]), **changes), NOTHING).astype(np.float64)


def batch(image: Image, scale: float = 1) -> npt.NDArray[np.float32]:
    return np.asarray(image[None] / scale, np.float32)


def saturated_by_keras(layers: Any, image: Image, factor: float) -> Floats:
    # With value_range (0, 255) the layer would let the saturation itself go up to 255.
    layer = layers.RandomSaturation(0.5, value_range=(0, 1))
    result = layer.transform_images(batch(image, 255), {"factor": np.array([factor], np.float32)})
    floats: Floats = 255 * np.asarray(result, np.float64)[0]
    return floats


def turned_by_keras(layers: Any, image: npt.NDArray[Any], degrees: float) -> Floats:
    layer = layers.RandomHue(0.5, value_range=(0, 255))
    result = layer.transform_images(batch(image), {"factor": np.array([degrees / 360], np.float32)})
    floats: Floats = np.asarray(result, np.float64)[0]
    return floats


@FEW
@given(factor=factors, height=sides, width=sides)
def test_contrast_is_that_of_keras(layers: Any, factor: float, height: int, width: int) -> None:
    image = random_image(height, width)
    theirs = layers.RandomContrast(1.0).transform_images(batch(image), {"contrast_factor": np.float32(factor)})
    assert np.abs(ours(image, contrast=factor) - np.asarray(theirs)[0]).max() <= ROUNDED


@FEW
@given(factor=factors)
def test_saturation_is_that_of_keras(layers: Any, factor: float) -> None:
    for image in (every_colour(), random_image(33, 47)):
        assert np.abs(ours(image, saturation=factor) - saturated_by_keras(layers, image, factor)).max() <= ROUNDED


@FEW
@given(degrees=angles)
def test_hue_is_that_of_keras(layers: Any, degrees: float) -> None:
    for image in (every_colour(), random_image(33, 47)):
        assert np.abs(ours(image, hue=degrees) - turned_by_keras(layers, image, degrees)).max() <= ROUNDED


@FEW
@given(factor=factors, degrees=angles)
def test_saturation_and_hue_at_once_are_rounded_once(layers: Any, factor: float, degrees: float) -> None:
    image = every_colour()
    theirs = turned_by_keras(layers, saturated_by_keras(layers, image, factor), degrees)
    assert np.abs(ours(image, saturation=factor, hue=degrees) - theirs).max() <= ROUNDED


def test_grey_is_that_of_keras(layers: Any) -> None:
    image = every_colour()
    result = ours(image, grayscale=True)
    theirs = np.asarray(layers.RandomGrayscale(1.0)(batch(image)), np.float64)[0]
    # Keras' weights sum to 0.9999: red counts 0.2989 where ours is 0.299, at most 0.0255 of a level.
    assert np.abs(result - theirs).max() <= ROUNDED + 0.03
    assert np.ptp(result, axis=-1).max() == 0


@pytest.mark.parametrize("changes", [{"saturation": 2.5}, {"hue": 77.0}, {"grayscale": True}], ids=str)
def test_greys_have_no_colour_to_change(changes: dict[str, Any]) -> None:
    image = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(16, 16, 3)
    np.testing.assert_array_equal(ours(image, **changes), image)


@pytest.mark.parametrize(("degrees", "channels"), [(120.0, (2, 0, 1)), (-120.0, (1, 2, 0))])
def test_a_third_of_a_turn_swaps_the_channels(degrees: float, channels: tuple[int, ...]) -> None:
    image = random_image(40, 40)
    np.testing.assert_array_equal(ours(image, hue=degrees), image[..., channels])


def test_no_contrast_leaves_each_channels_mean() -> None:
    image = random_image(40, 40)
    assert np.abs(ours(image, contrast=0.0) - image.mean((0, 1))).max() <= ROUNDED


def test_no_saturation_leaves_each_pixels_greatest_channel() -> None:
    image = random_image(40, 40)
    np.testing.assert_array_equal(ours(image, saturation=0.0), np.repeat(image.max(-1, keepdims=True), 3, -1))
