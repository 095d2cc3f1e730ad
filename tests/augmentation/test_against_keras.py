"""Rotation, shifts, shear, zoom, flips, channel shift and brightness against Keras' ImageDataGenerator."""

import inspect
import warnings
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.augmentation import PARAMETERS, AugmentationConfig, Drawn, Group, apply, augment, draw, preset
from tests.augmentation.images import DIGEST, FILL_MODES, NOTHING, Image, keras_changes, random_image

# Keras keeps the interpolated values as floats; ours are rounded to whole grey levels, which is off by 0.5 at most.
# The rest is float32 against float64 interpolation: positions differ by about 1e-5 pixel, times 255 levels a pixel.
# All fill modes take SciPy's positions, so this holds at borders and seams too.
GEOMETRY = 0.55
Oracle = Callable[[Image, Drawn, AugmentationConfig], npt.NDArray[np.float32]]


def as_keras(drawn: Drawn) -> dict[str, Any]:
    """The dictionary that Keras' `ImageDataGenerator.apply_transform` takes: what it does not know is left out."""
    same = ("theta", "tx", "ty", "shear", "zx", "zy", "flip_horizontal", "flip_vertical")
    return {
        **{name: getattr(drawn, name) for name in same},
        "channel_shift_intensity": drawn.channel_shift_intensity or None,
        "brightness": None if drawn.brightness == 1 else drawn.brightness,
    }


@pytest.fixture(scope="module")
def keras_apply(generator_class: Any) -> Oracle:
    def apply_with_keras(image: Image, drawn: Drawn, config: AugmentationConfig) -> npt.NDArray[np.float32]:
        generator = generator_class(fill_mode=config.fill_mode, cval=config.cval)
        with warnings.catch_warnings():
            # SciPy announces the end of the module through which Keras calls it.
            warnings.simplefilter("ignore", DeprecationWarning)
            return np.asarray(generator.apply_transform(image.astype(np.float32), as_keras(drawn)), np.float32)

    return apply_with_keras


def tolerance(drawn: Drawn) -> float:
    """Grey levels that ours may differ from Keras' result.

    A channel shift is added to the rounded value and the sum is rounded again: half a level more. For brightness Keras
    first truncates to whole levels: the rounded value may be one above that, times the factor, and the product is
    truncated again. Without geometry nothing was rounded before, so brightness must agree exactly.
    """
    if not drawn.moves:
        return 0.5 if drawn.channel_shift_intensity and drawn.brightness == 1 else 0
    if drawn.brightness != 1:
        return drawn.brightness + 1
    return GEOMETRY + 0.5 if drawn.channel_shift_intensity else GEOMETRY


def assert_agrees(oracle: Oracle, image: Image, drawn: Drawn, config: AugmentationConfig) -> None:
    ours = apply(image, drawn, config).astype(np.float64)
    difference = np.abs(ours - oracle(image, drawn, config))
    inexact = (drawn.theta, drawn.shear, drawn.zx, drawn.zy) != (0, 0, 1, 1)
    if difference.max() > tolerance(drawn) and inexact and config.fill_mode in ("wrap", "constant"):
        # These two jump at the border. Where a special angle puts a position onto the jump, the last bit decides which
        # side it is: there we must agree with what Keras gives a billionth of a pixel away. Shifts alone are exact.
        for x, y in product((-1e-9, 1e-9), repeat=2):
            nudged = replace(drawn, tx=drawn.tx + x, ty=drawn.ty + y)
            difference = np.minimum(difference, np.abs(ours - oracle(image, nudged, config)))
    assert difference.max() <= tolerance(drawn), np.argwhere(difference == difference.max())


ALONE: list[dict[str, Any]] = [
    {"theta": 33.0},
    {"theta": -140.5},
    {"theta": 180.0},
    {"tx": 12.3},
    {"tx": -31.0},
    {"ty": 7.7},
    {"ty": -40.2},
    {"shear": 25.0},
    {"shear": -59.0},
    {"zx": 0.37},
    {"zx": 1.9},
    {"zy": 0.6},
    {"zy": 2.5},
    {"flip_horizontal": True},
    {"flip_vertical": True},
    {"channel_shift_intensity": 41.3},
    {"channel_shift_intensity": -120.8},
    {"brightness": 0.0},
    {"brightness": 0.55},
    {"brightness": 2.7},
    {"theta": -20.0, "tx": 9.1, "ty": -14.2, "shear": 11.0, "zx": 0.8, "zy": 1.15},
    {"channel_shift_intensity": 33.7, "flip_horizontal": True, "flip_vertical": True, "brightness": 1.4},
    {"theta": 9.0, "shear": -3.0, "channel_shift_intensity": -12.6, "flip_vertical": True, "brightness": 0.7},
]


@pytest.mark.parametrize("fill_mode", FILL_MODES)
@pytest.mark.parametrize("size", [(160, 160), (61, 61), (48, 83), (97, 30)], ids=str)
def test_agrees_with_keras_for_each_parameter(keras_apply: Oracle, fill_mode: str, size: tuple[int, int]) -> None:
    config = NOTHING.changed(fill_mode=fill_mode, cval=77)
    for parameters in ALONE:
        assert_agrees(keras_apply, random_image(*size), Drawn(size=size, **parameters), config)


@given(drawn=keras_changes(), fill_mode=st.sampled_from(FILL_MODES), cval=st.integers(0, 255), seed=st.integers(0, 99))
def test_agrees_with_keras_for_all_parameters_at_once(
    keras_apply: Oracle, drawn: Drawn, fill_mode: str, cval: int, seed: int
) -> None:
    assert_agrees(keras_apply, random_image(*drawn.size, seed), drawn, NOTHING.changed(fill_mode=fill_mode, cval=cval))


@pytest.mark.parametrize("name", ["notebook", "strong"])
def test_mean_error_against_keras_is_that_of_rounding_alone(keras_apply: Oracle, name: str) -> None:
    image = random_image(96, 96)
    geometry = {parameter.name for parameter in PARAMETERS.values() if parameter.group == Group.GEOMETRY}
    config = NOTHING.changed(**preset(name).model_dump(include=geometry))
    errors = []
    for copy in range(20):
        ours, drawn = augment(image, config, 1, DIGEST, copy)
        errors.append(ours - keras_apply(image, drawn, config))
    assert abs(np.mean(errors)) < 0.02
    assert np.mean(np.abs(errors)) < 0.26


def swapped(config: AugmentationConfig, generator_class: Any) -> dict[str, Any]:
    """Arguments for ImageDataGenerator that mean the same: Keras' code has the two shift ranges swapped."""
    known = inspect.signature(generator_class).parameters
    arguments = {name: value for name, value in config.model_dump().items() if name in known}
    width, height = arguments["width_shift_range"], arguments["height_shift_range"]
    return arguments | {"width_shift_range": height, "height_shift_range": width}


def test_distribution_is_that_of_keras(generator_class: Any) -> None:
    config = AugmentationConfig(
        rotation_range=25,
        width_shift_range=0.1,
        height_shift_range=0.3,
        shear_range=15,
        zoom_range=(0.7, 1.2),
        horizontal_flip=True,
        vertical_flip=True,
        brightness_range=(0.4, 1.5),
        channel_shift_range=30,
    )
    num_draws, (height, width) = 4000, (100, 200)
    generator, ours_from = generator_class(**swapped(config, generator_class)), np.random.default_rng(1)
    np.random.seed(1)
    theirs = [generator.get_random_transform((width, height, 3)) for _ in range(num_draws)]
    ours = [as_keras(draw(config, ours_from, (height, width))) for _ in range(num_draws)]
    probabilities = np.linspace(0, 1, 21)
    for name in theirs[0]:
        a, b = (np.array([float(parameters[name]) for parameters in drawn]) for drawn in (ours, theirs))
        if name.startswith("flip"):
            assert abs(a.mean() - b.mean()) < 0.05, name
        else:
            # 5 % of the range is past six standard errors of the difference of two medians.
            assert np.abs(np.quantile(a, probabilities) - np.quantile(b, probabilities)).max() < 0.05 * np.ptp(b), name
    table = np.array([[float(value) for value in parameters.values()] for parameters in ours])
    correlation = np.corrcoef(table.T) - np.eye(table.shape[1])
    assert np.abs(correlation).max() < 0.08, "the parameters are not independent of each other"
