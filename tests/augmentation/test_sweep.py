"""One change alone, and all changes weaker or stronger."""

import itertools
import math
from dataclasses import fields
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.augmentation import PARAMETERS, PRESETS, AugmentationConfig, Drawn, apply, draw, generator_for
from core.augmentation.sweep import UNCHANGED, scaled, sweep
from core.errors import ConfigError
from tests.drawing import draw_image
from tests.examples import FEW

SIZE = (60, 90)
SWITCHED = [name for name, parameter in PARAMETERS.items() if parameter.has_switch]
TWO_STEPS = {"horizontal_flip", "vertical_flip", "grayscale_probability"}
RANGES = [name for name in SWITCHED if name not in TWO_STEPS]
NOTHING = PRESETS["none"]
NEUTRAL = Drawn(SIZE)
EITHER_WAY = {"rotation_range", "width_shift_range", "height_shift_range", "shear_range", "channel_shift_range"} | {
    "hue_range"
}
FIELDS = {
    "rotation_range": {"theta"},
    "width_shift_range": {"tx"},
    "height_shift_range": {"ty"},
    "shear_range": {"shear"},
    "zoom_range": {"zx", "zy"},
    "crop_scale": {"crop"},
    "horizontal_flip": {"flip_horizontal"},
    "vertical_flip": {"flip_vertical"},
    "channel_shift_range": {"channel_shift_intensity"},
    "brightness_range": {"brightness"},
    "contrast_range": {"contrast"},
    "saturation_range": {"saturation"},
    "hue_range": {"hue"},
    "grayscale_probability": {"grayscale"},
    "blur_range": {"blur"},
    "noise_range": {"noise", "noise_seed"},
    "jpeg_quality_range": {"jpeg_quality"},
    "erasing_probability": {"erased"},
}


def pairs(lowest: float, highest: float) -> st.SearchStrategy[tuple[float, float]]:
    number = st.floats(lowest, highest)
    return st.tuples(number, number).map(lambda pair: (min(pair), max(pair)))


def values(name: str) -> st.SearchStrategy[Any]:
    parameter = PARAMETERS[name]
    if name == "fill_mode":
        return st.sampled_from(["nearest", "reflect", "wrap", "constant"])
    if name == "zoom_range":
        return st.floats(0, 0.9) | pairs(parameter.lowest, parameter.highest)
    if not parameter.step:
        return st.booleans()
    if not parameter.pair:
        return st.floats(parameter.lowest, parameter.highest)
    values: st.SearchStrategy[Any] = pairs(parameter.lowest, parameter.highest)
    return values | st.none() if parameter.has_switch else values


CONFIGS = st.fixed_dictionaries({}, optional={name: values(name) for name in PARAMETERS}).map(AugmentationConfig.create)
STRENGTHS = st.floats(0, 5)


def changed_fields(drawn: Drawn) -> set[str]:
    return {field.name for field in fields(drawn) if getattr(drawn, field.name) != getattr(NEUTRAL, field.name)}


def amount_of(drawn: Drawn, name: str) -> float:
    """The one number of a step, growing from left to right along the slider, in the setting's units."""
    if name == "crop_scale":
        return drawn.crop[2] * drawn.crop[3]
    if name == "erasing_probability":
        assert drawn.erased is not None
        return drawn.erased[2] * drawn.erased[3]
    value = float(getattr(drawn, min(FIELDS[name])))
    if name == "width_shift_range":
        return -value / SIZE[1]
    if name == "height_shift_range":
        return value / SIZE[0]
    return -value if name in ("rotation_range", "shear_range") else value


def span_of(config: AugmentationConfig, name: str, *, full_range: bool) -> tuple[float, float]:
    """The range that the settings' own texts promise, written down once more for the test."""
    parameter = PARAMETERS["erasing_scale" if name == "erasing_probability" else name]
    value: Any = parameter.on if parameter.has_switch and not config.is_on(name) else getattr(config, parameter.name)
    if full_range:
        low, high = parameter.lowest, parameter.highest
    elif isinstance(value, tuple):
        low, high = value
    elif name == "zoom_range":
        low, high = 1 - value, 1 + value
    else:
        low, high = 0.0, value
    return (-high, high) if name in EITHER_WAY else (low, high)


@given(name=st.sampled_from(SWITCHED), full_range=st.booleans(), config=CONFIGS, steps=st.integers(2, 12))
def test_each_step_changes_only_its_own_parameter(
    name: str, full_range: bool, config: AugmentationConfig, steps: int
) -> None:
    steps_drawn = sweep(config, name, SIZE, steps, full_range=full_range)
    assert 1 <= len(steps_drawn) <= max(2, steps)
    assert all(drawn.size == SIZE and changed_fields(drawn) <= FIELDS[name] for _, drawn in steps_drawn)
    assert len({label for label, _ in steps_drawn}) == len(steps_drawn)


@given(name=st.sampled_from(RANGES), full_range=st.booleans(), config=CONFIGS, steps=st.integers(2, 12))
def test_steps_go_from_the_least_to_the_greatest_that_can_be_drawn(
    name: str, full_range: bool, config: AugmentationConfig, steps: int
) -> None:
    amounts = [amount_of(drawn, name) for _, drawn in sweep(config, name, SIZE, steps, full_range=full_range)]
    low, high = span_of(config, name, full_range=full_range)
    if name == "jpeg_quality_range":
        amounts.reverse()
        assert math.floor(low) <= amounts[0] <= math.ceil(low)
        assert math.floor(high) <= amounts[-1] <= math.ceil(high)
    elif high - low > 0.01:
        assert (amounts[0], amounts[-1]) == pytest.approx((low, high), abs=1e-6)
    assert all(left < right for left, right in itertools.pairwise(amounts))


@pytest.mark.parametrize("name", SWITCHED)
def test_a_change_that_is_off_is_shown_as_when_it_is_switched_on(name: str) -> None:
    on = NOTHING.changed(**{name: PARAMETERS[name].on})
    assert sweep(NOTHING, name, SIZE) == sweep(on, name, SIZE)


def test_labels_say_what_a_viewer_sees() -> None:
    labels = {name: [label for label, _ in sweep(NOTHING, name, SIZE, 3)] for name in SWITCHED}
    assert labels == {
        "rotation_range": ["−40°", "0°", "40°"],
        "width_shift_range": ["−20%", "0%", "20%"],
        "height_shift_range": ["−20%", "0%", "20%"],
        "shear_range": ["−20°", "0°", "20°"],
        "zoom_range": ["0.8", "1", "1.2"],
        "crop_scale": ["50%", "75%", "100%"],
        "horizontal_flip": [UNCHANGED, "flipped"],
        "vertical_flip": [UNCHANGED, "flipped"],
        "channel_shift_range": ["−30", "0", "30"],
        "brightness_range": ["0.7", "1", "1.3"],
        "contrast_range": ["0.7", "1", "1.3"],
        "saturation_range": ["0.5", "1", "1.5"],
        "hue_range": ["−18°", "0°", "18°"],
        "grayscale_probability": [UNCHANGED, "greyscale"],
        "blur_range": ["0 px", "0.8 px", "1.5 px"],
        "noise_range": ["0", "8", "15"],
        "jpeg_quality_range": ["90", "60", "30"],
        "erasing_probability": ["2%", "18%", "33%"],
    }


@pytest.mark.parametrize(
    ("name", "axis", "sign"), [("width_shift_range", 1, 1), ("height_shift_range", 0, -1), ("shear_range", None, 1)]
)
def test_plus_moves_the_image_to_the_right_or_up(name: str, axis: int | None, sign: int) -> None:
    image = np.zeros((61, 61, 3), np.uint8)
    image[28:33, 28:33] = 255
    if axis is None:  # a slant to the right moves what is above the middle to the right
        image = np.roll(image, -15, axis=0)
        axis = 1
    config = NOTHING.changed(fill_mode="constant")
    centres = [
        np.argwhere(apply(image, drawn, config)[..., 0] > 100)[:, axis].mean()
        for _, drawn in sweep(config, name, image.shape[:2], 3)
    ]
    assert np.all(np.diff(centres) * sign > 3)


def test_plus_turns_clockwise() -> None:
    image = np.zeros((61, 61, 3), np.uint8)
    image[5:15, 28:33] = 255  # twelve o'clock
    first, _, last = sweep(NOTHING.changed(rotation_range=90), "rotation_range", (61, 61), 3)
    left, right = (apply(image, drawn, NOTHING)[..., 0].mean(axis=0) for _, drawn in (first, last))
    assert np.argmax(left) < 20
    assert np.argmax(right) > 40


def test_a_brightness_sweep_of_a_image_grows_brighter() -> None:
    image = np.asarray(draw_image(2, SIZE[::-1]))
    means = [
        apply(image, drawn, NOTHING).mean() for _, drawn in sweep(NOTHING, "brightness_range", SIZE, full_range=True)
    ]
    assert means[0] == 0
    assert np.all(np.diff(means) > 0)


def test_a_crop_of_all_and_a_shift_by_nothing_change_nothing() -> None:
    assert sweep(NOTHING, "crop_scale", SIZE)[-1][1] == NEUTRAL
    for name in EITHER_WAY:
        assert sweep(NOTHING, name, SIZE)[3][1] == NEUTRAL


@pytest.mark.parametrize("name", ["crop_scale", "erasing_probability"])
def test_the_part_stays_within_the_image_and_in_its_middle(name: str) -> None:
    for _, drawn in sweep(NOTHING, name, SIZE, full_range=True):
        left, top, width, height = drawn.crop if name == "crop_scale" else drawn.erased or (0, 0, 0, 0)
        assert (left, top) == pytest.approx(((1 - width) / 2, (1 - height) / 2))
        assert 0 <= left <= left + width <= 1
        assert 0 <= top <= top + height <= 1


def test_every_strength_of_noise_has_the_same_grain() -> None:
    assert len({drawn.noise_seed for _, drawn in sweep(NOTHING, "noise_range", SIZE)[1:]}) == 1


def test_a_range_without_width_is_one_step() -> None:
    assert len(sweep(NOTHING.changed(contrast_range=(0.5, 0.5)), "contrast_range", SIZE)) == 1


@pytest.mark.parametrize("least", [5e-324, 1e-308, 1e-12])
def test_a_range_too_small_for_a_label_is_one_step(least: float) -> None:
    assert [label for label, _ in sweep(NOTHING.changed(blur_range=least), "blur_range", SIZE)] == ["0 px"]


@pytest.mark.parametrize("name", ["fill_mode", "erasing_scale", "nonsense"])
def test_only_what_can_be_switched_can_be_swept(name: str) -> None:
    with pytest.raises(ConfigError, match="rotation_range"):
        sweep(NOTHING, name, SIZE)


def test_one_step_is_no_sweep() -> None:
    with pytest.raises(ValueError, match="2 or more"):
        sweep(NOTHING, "rotation_range", SIZE, 1)


@given(CONFIGS)
def test_strength_1_is_as_set_and_0_is_nothing(config: AugmentationConfig) -> None:
    assert scaled(config, 1) == config
    assert scaled(config, 0).identity


@given(CONFIGS, STRENGTHS)
def test_any_strength_gives_settings_that_can_be_saved(config: AugmentationConfig, strength: float) -> None:
    steps_drawn = scaled(config, strength)
    assert AugmentationConfig.from_json(steps_drawn.to_json()) == steps_drawn


@given(CONFIGS, STRENGTHS, STRENGTHS)
def test_more_strength_never_goes_less_far(config: AugmentationConfig, one: float, other: float) -> None:
    weak, strong = (scaled(config, strength) for strength in sorted((one, other)))
    for name in SWITCHED:
        before, after = (distances(steps_drawn, name) for steps_drawn in (weak, strong))
        assert all(less <= more + 1e-9 for less, more in zip(before, after, strict=True)), name


def distances(config: AugmentationConfig, name: str) -> list[float]:
    """How far each end of a range is from changing nothing."""
    value: Any = config.zoom_limits if name == "zoom_range" else getattr(config, name)
    if not PARAMETERS[name].pair:
        return [abs(float(value))]
    neutral = 100 if name == "jpeg_quality_range" else 1
    return [abs(end - neutral) for end in value or (neutral, neutral)]


@pytest.mark.parametrize(
    ("values", "strength", "expected"),
    [
        ({"rotation_range": 40}, 2, {"rotation_range": 80}),
        ({"rotation_range": 40}, 10, {"rotation_range": 180}),
        ({"brightness_range": (0.7, 1.3)}, 2, {"brightness_range": (0.4, 1.6)}),
        ({"contrast_range": (0.4, 1.3)}, 2, {"contrast_range": (0, 1.6)}),
        ({"zoom_range": 0.2}, 0.5, {"zoom_range": 0.1}),
        ({"zoom_range": 0.6}, 2, {"zoom_range": (0.1, 2.2)}),
        ({"crop_scale": (0.5, 1)}, 0.5, {"crop_scale": (0.75, 1)}),
        ({"jpeg_quality_range": (30, 90)}, 0.5, {"jpeg_quality_range": (65, 95)}),
        ({"jpeg_quality_range": (30, 90)}, 2, {"jpeg_quality_range": (1, 80)}),
        ({"grayscale_probability": 0.2}, 0.5, {"grayscale_probability": 0.1}),
        ({"erasing_probability": 0.6}, 2, {"erasing_probability": 1}),
        ({"horizontal_flip": True}, 0.01, {"horizontal_flip": True}),
        ({"horizontal_flip": True}, 0, {"horizontal_flip": False}),
        ({"fill_mode": "wrap", "cval": 9}, 0, {"fill_mode": "wrap", "cval": 9}),
    ],
)
def test_amounts_are_multiplied_and_factors_move_away_from_1(
    values: dict[str, Any], strength: float, expected: dict[str, Any]
) -> None:
    steps_drawn = scaled(NOTHING.changed(**values), strength)
    for name, value in expected.items():
        assert getattr(steps_drawn, name) == (value if isinstance(value, str) else pytest.approx(value)), name


@FEW
@given(st.integers(0, 1000), st.floats(0.1, 2))
def test_the_same_draw_at_another_strength_goes_the_same_way(copy: int, strength: float) -> None:
    config = AugmentationConfig(horizontal_flip=True)
    once, scaled_once = (
        draw(steps_drawn, generator_for(0, "image", copy), SIZE) for steps_drawn in (config, scaled(config, strength))
    )
    assert scaled_once.flip_horizontal == once.flip_horizontal
    for name in ("theta", "tx", "ty", "shear"):
        assert getattr(scaled_once, name) == pytest.approx(strength * getattr(once, name))


@pytest.mark.parametrize("strength", [-0.1, math.nan, math.inf])
def test_a_strength_is_a_number_from_0_on(strength: float) -> None:
    with pytest.raises(ConfigError, match="0 or more"):
        scaled(NOTHING, strength)


def test_the_grain_and_blocks_of_a_sweep_reach_the_image() -> None:
    image = np.asarray(draw_image(3, SIZE[::-1]))
    for name in SWITCHED:
        steps = [apply(image, drawn, NOTHING) for _, drawn in sweep(NOTHING, name, SIZE, full_range=True)]
        assert cv2.norm(steps[0], steps[-1]) > 0 or name in ("rotation_range", "hue_range"), name
        assert len({step.tobytes() for step in steps}) > 1, name
