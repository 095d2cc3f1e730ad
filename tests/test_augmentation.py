"""Augmentation against Keras' ImageDataGenerator, and the properties that the preview and training rely on."""

import inspect
import math
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import fields, replace
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.augmentation import PRESETS, AugmentationConfig, Drawn, apply, augment, describe, draw, generator_for, preset
from core.config import help_of
from core.errors import ConfigError

FILL_MODES = ["nearest", "reflect", "wrap", "constant"]
DIGEST = "ab" * 32
ROOT = Path(__file__).parents[1]
NOTHING = PRESETS["none"]

# Keras keeps the interpolated values as floats; ours are rounded to whole grey levels, which is off by 0.5 at most.
# The rest is float32 against float64 interpolation: positions differ by about 1e-5 pixel, times 255 levels a pixel.
# All fill modes take SciPy's positions, so this holds at borders and seams too.
GEOMETRY = 0.55
Image = npt.NDArray[np.uint8]


def picture(height: int, width: int, seed: int = 0) -> Image:
    """Like a photo: smooth light, an edge, a disc, and noise. uint8 (height, width, 3)."""
    generator = np.random.default_rng(seed)
    row, column = np.mgrid[0:height, 0:width] / max(height, width)
    a, b, c = generator.uniform(2, 9, 3)
    planes = [np.sin(a * row + b * column + phase) for phase in (0.0, 1.5, c)]
    smooth = 128 + 90 * np.stack(planes, axis=-1)
    smooth[row + column > 0.9] += 60
    smooth[(row - 0.4) ** 2 + (column - 0.3) ** 2 < 0.03] = (240, 30, 60)
    noisy = smooth + generator.normal(0, 8, smooth.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def blob(row: int, column: int, side: int = 101) -> Image:
    image = np.zeros((side, side, 3), np.uint8)
    image[row - 3 : row + 4, column - 3 : column + 4] = 255
    return image


def extent(image: Image) -> tuple[float, float, float, float]:
    """Middle row, middle column, height and width of what is bright."""
    rows, columns = np.nonzero(image[..., 0] > 100)
    return float(rows.mean()), float(columns.mean()), float(np.ptp(rows)), float(np.ptp(columns))


@pytest.fixture(scope="module")
def generator_class() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from keras.src.legacy.preprocessing.image import ImageDataGenerator
    return ImageDataGenerator


Oracle = Callable[[Image, Drawn, AugmentationConfig], npt.NDArray[np.float32]]


@pytest.fixture(scope="module")
def keras_apply(generator_class: Any) -> Oracle:
    def apply_with_keras(image: Image, drawn: Drawn, config: AugmentationConfig) -> npt.NDArray[np.float32]:
        generator = generator_class(fill_mode=config.fill_mode, cval=config.cval)
        with warnings.catch_warnings():
            # SciPy announces the end of the module through which Keras calls it.
            warnings.simplefilter("ignore", DeprecationWarning)
            return np.asarray(generator.apply_transform(image.astype(np.float32), drawn.as_keras()), np.float32)

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
        assert_agrees(keras_apply, picture(*size), Drawn(size=size, **parameters), config)


sides = st.integers(1, 64)
numbers = {
    "theta": (-180.0, 180.0),
    "tx": (-64.0, 64.0),
    "ty": (-64.0, 64.0),
    "shear": (-60.0, 60.0),
    "zx": (0.1, 3.0),
    "zy": (0.1, 3.0),
    "channel_shift_intensity": (-255.0, 255.0),
    "brightness": (0.0, 3.0),
}


@st.composite
def drawns(draw_from: st.DrawFn) -> Drawn:
    # Four decimals: Keras and ours multiply the same matrices, but 1e-300 degrees would test floats, not pictures.
    values: dict[str, Any] = {name: round(draw_from(st.floats(low, high)), 4) for name, (low, high) in numbers.items()}
    flips = {name: draw_from(st.booleans()) for name in ("flip_horizontal", "flip_vertical")}
    return Drawn(size=(draw_from(sides), draw_from(sides)), **values, **flips)


@settings(deadline=None, max_examples=200)
@given(drawn=drawns(), fill_mode=st.sampled_from(FILL_MODES), cval=st.integers(0, 255), seed=st.integers(0, 99))
def test_agrees_with_keras_for_all_parameters_at_once(
    keras_apply: Oracle, drawn: Drawn, fill_mode: str, cval: int, seed: int
) -> None:
    assert_agrees(keras_apply, picture(*drawn.size, seed), drawn, NOTHING.changed(fill_mode=fill_mode, cval=cval))


@pytest.mark.parametrize("name", ["notebook", "strong"])
def test_mean_error_against_keras_is_that_of_rounding_alone(keras_apply: Oracle, name: str) -> None:
    config, image = preset(name).changed(brightness_range=None, channel_shift_range=0), picture(96, 96)
    errors = []
    for copy in range(20):
        ours, drawn = augment(image, config, 1, DIGEST, copy)
        errors.append(ours - keras_apply(image, drawn, config))
    assert abs(np.mean(errors)) < 0.02
    assert np.mean(np.abs(errors)) < 0.26


@settings(deadline=None, max_examples=30)
@given(height=sides, width=sides, fill_mode=st.sampled_from(FILL_MODES))
def test_nothing_drawn_gives_the_same_bytes_in_a_new_array(height: int, width: int, fill_mode: str) -> None:
    image = picture(height, width)
    result = apply(image, Drawn(size=(height, width)), NOTHING.changed(fill_mode=fill_mode))
    assert result.tobytes() == image.tobytes()
    assert not np.shares_memory(result, image)


@pytest.mark.parametrize("fill_mode", FILL_MODES)
def test_read_only_and_strided_pictures_are_taken_and_not_changed(fill_mode: str) -> None:
    plain = picture(40, 40)
    strided = np.asfortranarray(plain)[::-1]
    strided.flags.writeable = False
    before = strided.copy()
    config = preset("strong").changed(fill_mode=fill_mode)
    result, drawn = augment(strided, config, 0, DIGEST, 0)
    np.testing.assert_array_equal(result, apply(before, drawn, config))
    np.testing.assert_array_equal(strided, before)


# draw


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
    ours = [draw(config, ours_from, (height, width)).as_keras() for _ in range(num_draws)]
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


SLIDERS: dict[str, tuple[Any, set[str]]] = {
    "rotation_range": (11.0, {"theta"}),
    "width_shift_range": (0.37, {"tx"}),
    "height_shift_range": (0.37, {"ty"}),
    "shear_range": (3.0, {"shear"}),
    "zoom_range": (0.05, {"zx", "zy"}),
    "horizontal_flip": (True, {"flip_horizontal"}),
    "vertical_flip": (True, {"flip_vertical"}),
    "brightness_range": ((0.2, 0.9), {"brightness"}),
    "channel_shift_range": (55.0, {"channel_shift_intensity"}),
}


@pytest.mark.parametrize("slider", SLIDERS)
def test_moving_one_slider_changes_only_its_own_parameters(slider: str) -> None:
    value, allowed = SLIDERS[slider]
    changed: set[str] = set()
    for copy in range(20):
        before, after = (
            draw(config, generator_for(0, DIGEST, copy), (160, 120))
            for config in (AugmentationConfig(), AugmentationConfig().changed(**{slider: value}))
        )
        changed |= {field.name for field in fields(Drawn) if getattr(before, field.name) != getattr(after, field.name)}
    assert changed == allowed


def test_a_wider_range_scales_the_same_draw() -> None:
    narrow, wide = (
        draw(NOTHING.changed(rotation_range=limit), generator_for(4, DIGEST, 2), (10, 10)).theta for limit in (10, 40)
    )
    assert wide == pytest.approx(4 * narrow)


def test_width_shift_moves_along_the_width_only() -> None:
    config = NOTHING.changed(width_shift_range=0.3)
    rows, columns = zip(
        *(extent(augment(blob(50, 50), config, 0, DIGEST, copy)[0])[:2] for copy in range(9)), strict=True
    )
    assert set(rows) == {50.0}
    assert np.ptp(columns) > 20


def test_generator_depends_on_seed_digest_and_copy_and_on_nothing_else() -> None:
    keys = [(seed, digest * 64, copy) for seed in (0, 1, 11) for digest in "0a" for copy in (0, 1, 11)]
    first, second = ([generator_for(*key).random() for key in order] for order in (keys, keys[::-1]))
    assert first == second[::-1]
    assert len(set(first)) == len(keys)


def test_generator_gives_the_same_numbers_in_every_release() -> None:
    # Cached features and reports refer to these draws: a change here must be a decision.
    assert generator_for(42, DIGEST, 3).random(2).tolist() == [0.5602557736601305, 0.42057023601509314]


# AugmentationConfig


def pairs(low: float, high: float) -> st.SearchStrategy[tuple[float, float]]:
    return st.tuples(st.floats(low, high), st.floats(low, high)).map(lambda pair: (min(pair), max(pair)))


configs = st.builds(
    AugmentationConfig,
    rotation_range=st.floats(0, 180),
    width_shift_range=st.floats(0, 0.99),
    height_shift_range=st.floats(0, 0.99),
    shear_range=st.floats(0, 60),
    zoom_range=st.floats(0, 0.9) | pairs(0.1, 3),
    horizontal_flip=st.booleans(),
    vertical_flip=st.booleans(),
    brightness_range=st.none() | pairs(0, 3),
    channel_shift_range=st.floats(0, 255),
    fill_mode=st.sampled_from(FILL_MODES),
    cval=st.floats(0, 255),
)


@settings(deadline=None)
@given(config=configs)
def test_any_config_survives_json(config: AugmentationConfig) -> None:
    assert AugmentationConfig.from_json(config.to_json()) == config
    assert config.changed() == config


@settings(deadline=None, max_examples=200)
@given(config=configs, height=sides, width=sides, seed=st.integers(0, 2**64), copy=st.integers(0, 1000))
def test_any_config_on_any_picture_keeps_shape_and_dtype(
    config: AugmentationConfig, height: int, width: int, seed: int, copy: int
) -> None:
    image = picture(height, width)
    result, drawn = augment(image, config, seed, DIGEST, copy)
    assert result.shape == image.shape
    assert result.dtype == np.uint8
    assert result.flags.c_contiguous
    assert describe(drawn)
    if config.identity:
        assert result.tobytes() == image.tobytes()


@pytest.mark.parametrize("slider", SLIDERS)
def test_config_with_one_slider_moved_is_not_identity(slider: str) -> None:
    assert NOTHING.identity
    assert not NOTHING.changed(**{slider: SLIDERS[slider][0]}).identity


@pytest.mark.parametrize(
    "wrong",
    [
        {"rotation_range": 181},
        {"rotation_range": math.nan},
        {"width_shift_range": 1},
        {"height_shift_range": -0.1},
        {"shear_range": 61},
        {"zoom_range": 0.95},
        {"zoom_range": math.nan},
        {"zoom_range": (1.2, 0.8)},
        {"zoom_range": (0, 1)},
        {"zoom_range": "0.2"},
        {"brightness_range": (0.5, 3.1)},
        {"brightness_range": 0.5},
        {"brightness_range": (0.5, 1, 1.5)},
        {"brightness_range": (math.nan, 1)},
        {"channel_shift_range": 256},
        {"fill_mode": "mirror"},
        {"cval": -1},
        {"rotation": 10},
    ],
    ids=str,
)
def test_wrong_values_are_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=rf"\b{next(iter(wrong))}\. Expected ."):
        AugmentationConfig.create(wrong)


def test_presets() -> None:
    assert PRESETS["notebook"] == AugmentationConfig()
    assert [name for name, config in PRESETS.items() if config.identity] == ["none"]
    with pytest.raises(ConfigError, match="none, gentle, notebook, strong"):
        preset("extreme")


def test_every_setting_has_a_one_line_help() -> None:
    for name in AugmentationConfig.model_fields:
        assert 20 < len(help_of(AugmentationConfig, name)) < 160


# describe: the words must say what happens to a picture on the screen


def moved(start: tuple[int, int], **parameters: Any) -> tuple[str, npt.NDArray[np.float64]]:
    """The caption, and (down, right, taller, wider) of a blob in pixels."""
    drawn = Drawn(size=(101, 101), **parameters)
    before = blob(*start)
    after = apply(before, drawn, NOTHING.changed(fill_mode="constant"))
    return describe(drawn), np.array(extent(after)) - np.array(extent(before))


@pytest.mark.parametrize(
    ("parameters", "words", "start", "axis", "sign"),
    [
        ({"theta": 20.0}, "rotated 20 degrees anticlockwise", (20, 50), 1, -1),
        ({"theta": -20.4}, "rotated 20 degrees clockwise", (20, 50), 1, 1),
        ({"tx": 10.1}, "shifted 10 % left", (50, 50), 1, -1),
        ({"tx": -5.0}, "shifted 5 % right", (50, 50), 1, 1),
        ({"ty": 10.1}, "shifted 10 % up", (50, 50), 0, -1),
        ({"ty": -10.1}, "shifted 10 % down", (50, 50), 0, 1),
        ({"shear": 20.0}, "slanted 20 degrees to the left", (20, 50), 1, -1),
        ({"shear": -20.0}, "slanted 20 degrees to the right", (20, 50), 1, 1),
        ({"zx": 0.5}, "100 % wider", (50, 50), 3, 1),
        ({"zx": 2.0}, "50 % narrower", (50, 50), 3, -1),
        ({"zy": 0.5}, "100 % taller", (50, 50), 2, 1),
        ({"zy": 1.25}, "20 % shorter", (50, 50), 2, -1),
        ({"flip_horizontal": True}, "mirrored left to right", (50, 20), 1, 1),
        ({"flip_vertical": True}, "mirrored top to bottom", (20, 50), 0, 1),
    ],
    ids=str,
)
def test_caption_names_the_direction_that_the_viewer_sees(
    parameters: dict[str, Any], words: str, start: tuple[int, int], axis: int, sign: int
) -> None:
    caption, change = moved(start, **parameters)
    assert caption == words
    assert change[axis] * sign >= 1


@pytest.mark.parametrize(
    ("parameters", "words", "sign"),
    [
        ({"brightness": 1.3}, "30 % brighter", 1),
        ({"brightness": 0.7}, "30 % darker", -1),
        ({"channel_shift_intensity": 20.0}, "colours 20 levels up", 1),
        ({"channel_shift_intensity": -20.0}, "colours 20 levels down", -1),
    ],
    ids=str,
)
def test_caption_names_the_light_that_the_viewer_sees(parameters: dict[str, Any], words: str, sign: int) -> None:
    image, drawn = picture(50, 50), Drawn(size=(50, 50), **parameters)
    assert describe(drawn) == words
    assert (apply(image, drawn, NOTHING).mean() - image.mean()) * sign > 5


def test_caption_lists_steps_in_order_and_leaves_out_what_rounds_to_nothing() -> None:
    drawn = Drawn(size=(100, 200), theta=12.2, tx=10, ty=0.1, zx=0.999, flip_horizontal=True)
    assert describe(drawn) == "rotated 12 degrees anticlockwise, shifted 5 % left, mirrored left to right"
    assert describe(Drawn(size=(100, 100))) == "unchanged"


# the module as a guest in the server and in worker threads


def test_opencv_starts_no_threads_of_its_own() -> None:
    assert cv2.getNumThreads() == 1


def test_core_augmentation_loads_no_scipy_and_no_tensorflow() -> None:
    code = "import sys, core.augmentation; print({'scipy', 'keras', 'tensorflow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "set()"
