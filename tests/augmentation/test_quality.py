"""Blur against SciPy, noise against the normal distribution, JPEG against Pillow's codec."""

import io
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow
from scipy.ndimage import gaussian_filter

from core.augmentation import Drawn, apply
from core.errors import ImageError
from tests.augmentation.images import NOTHING, ROUNDED, Image, random_image, sides
from tests.examples import FEW

GREY = np.full((160, 160, 3), 128, np.uint8)


def ours(image: Image, **changes: Any) -> npt.NDArray[np.float64]:
    return apply(image, Drawn(size=(image.shape[0], image.shape[1]), **changes), NOTHING).astype(np.float64)


@FEW
@given(sigma=st.floats(0.01, 10), height=sides, width=sides)
def test_blur_is_that_of_scipy(sigma: float, height: int, width: int) -> None:
    image = random_image(height, width)
    theirs = gaussian_filter(image.astype(np.float64), (sigma, sigma, 0), mode="reflect", truncate=4)
    assert np.abs(ours(image, blur=sigma) - theirs).max() <= ROUNDED


def test_blur_keeps_the_light() -> None:
    image = random_image(64, 64)
    assert abs(ours(image, blur=6.0).mean() - image.mean()) < 0.05


def noise(sigma: float, seed: int, image: Image = GREY) -> npt.NDArray[np.float64]:
    return ours(image, noise=sigma, noise_seed=seed) - image


@pytest.mark.parametrize("sigma", [1.0, 7.5, 30.0])
def test_noise_is_normal(sigma: float) -> None:
    values = np.sort(noise(sigma, 3), axis=None)
    error = sigma / np.sqrt(values.size)
    assert abs(values.mean()) < 4 * error
    # Rounding to whole levels adds a twelfth to the variance.
    assert values.std() == pytest.approx(np.hypot(sigma, np.sqrt(1 / 12)), rel=0.01)
    levels = np.arange(-40, 41)
    cumulative = np.searchsorted(values, levels, side="right") / values.size
    # A value is at most the level where the number before rounding was below the level and a half.
    expected = [NormalDist(0, sigma).cdf(level + 0.5) for level in levels]
    assert np.abs(cumulative - expected).max() < 1.95 / np.sqrt(values.size)


def test_noise_of_pixels_channels_and_seeds_is_independent() -> None:
    values = noise(20, 3)
    others = {
        "right": (values[:, 1:], values[:, :-1]),
        "below": (values[1:], values[:-1]),
        "channel": (values[..., 1:], values[..., :-1]),
        "seed": (values, noise(20, 4)),
        "large seed": (values, noise(20, 3 + 2**52)),
    }
    for name, (left, right) in others.items():
        correlation = np.corrcoef(left.ravel(), right.ravel())[0, 1]
        assert abs(correlation) < 4 / np.sqrt(left.size), name


def test_noise_is_the_seeds_whatever_it_is_added_to() -> None:
    # Added to the rounded level as a whole, where nothing is cut off.
    calm = np.clip(random_image(160, 160), 100, 150)
    np.testing.assert_array_equal(noise(10, 2**53 - 1, calm), noise(10, 2**53 - 1))


def test_noise_stays_within_black_and_white() -> None:
    image = np.zeros((50, 50, 3), np.uint8)
    image[:25] = 255
    values = ours(image, noise=100.0, noise_seed=1)
    assert set(np.unique(values[:25])) >= {255.0}
    # Half of the numbers point outwards and are cut off, none comes back on the other side.
    assert np.mean(values[:25] == 255) == pytest.approx(0.5, abs=0.03)
    assert np.mean(values[25:] == 0) == pytest.approx(0.5, abs=0.03)


def test_noise_is_the_same_in_every_release() -> None:
    drawn = Drawn(size=(1, 2), noise=20.0, noise_seed=12345)
    assert apply(np.full((1, 2, 3), 128, np.uint8), drawn, NOTHING).ravel().tolist() == [142, 138, 138, 113, 143, 144]


@FEW
@given(quality=st.integers(1, 100), height=sides, width=sides)
def test_jpeg_is_that_of_pillow(quality: int, height: int, width: int) -> None:
    image, file = random_image(height, width), io.BytesIO()
    Pillow.fromarray(image).save(file, "JPEG", quality=quality)
    theirs = np.asarray(Pillow.open(file), np.float64)
    # The same library with the same tables; another build of it may round one step of its integer arithmetic otherwise.
    assert np.abs(ours(image, jpeg_quality=quality) - theirs).max() <= 2


def test_a_image_too_long_for_a_jpeg_is_refused_in_words() -> None:
    image = np.zeros((1, 65_501, 3), np.uint8)
    with pytest.raises(ImageError, match="65,500"):
        ours(image, jpeg_quality=50)
