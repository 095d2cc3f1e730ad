"""`draw`: the same numbers for ever, each setting for itself, even over its range."""

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from core.augmentation import PARAMETERS, AugmentationConfig, Drawn, augment, draw, generator_for
from tests.augmentation.images import DIGEST, EVERYTHING, NOTHING, blob, configs, extent
from tests.examples import FEW

# Another value than in EVERYTHING, and the drawn parameters that it may change.
SLIDERS: dict[str, tuple[Any, set[str]]] = {
    "rotation_range": (11.0, {"theta"}),
    "width_shift_range": (0.37, {"tx"}),
    "height_shift_range": (0.37, {"ty"}),
    "shear_range": (3.0, {"shear"}),
    "zoom_range": (0.05, {"zx", "zy"}),
    "crop_scale": ((0.1, 0.4), {"crop"}),
    "horizontal_flip": (False, {"flip_horizontal"}),
    "vertical_flip": (False, {"flip_vertical"}),
    "channel_shift_range": (55.0, {"channel_shift_intensity"}),
    "brightness_range": ((0.2, 0.9), {"brightness"}),
    "contrast_range": ((1.2, 1.9), {"contrast"}),
    "saturation_range": ((0.0, 0.1), {"saturation"}),
    "hue_range": (120.0, {"hue"}),
    "grayscale_probability": (0.8, {"grayscale"}),
    "blur_range": (7.0, {"blur"}),
    "noise_range": (40.0, {"noise"}),
    "jpeg_quality_range": ((1.0, 5.0), {"jpeg_quality"}),
    "erasing_probability": (0.95, {"erased"}),
    "erasing_scale": ((0.6, 0.7), {"erased"}),
}
# These say how a change looks, not how much of it is drawn.
LOOKS = {"fill_mode": "wrap", "cval": 9.0, "erasing_value": 99.0}


def changed_by(before: AugmentationConfig, after: AugmentationConfig) -> set[str]:
    """Fields of `Drawn` that differ between the two settings in any of 40 copies."""
    changed: set[str] = set()
    for copy in range(40):
        one, other = (draw(config, generator_for(0, DIGEST, copy), (160, 120)) for config in (before, after))
        changed |= {field.name for field in fields(Drawn) if getattr(one, field.name) != getattr(other, field.name)}
    return changed


def test_every_setting_is_tested_here() -> None:
    assert SLIDERS.keys() | LOOKS.keys() == PARAMETERS.keys()
    assert set().union(*(names for _, names in SLIDERS.values())) == {field.name for field in fields(Drawn)} - {
        "size",
        "noise_seed",
    }


@pytest.mark.parametrize("slider", SLIDERS)
def test_moving_one_slider_changes_only_its_own_parameters(slider: str) -> None:
    value, allowed = SLIDERS[slider]
    assert changed_by(EVERYTHING, EVERYTHING.changed(**{slider: value})) == allowed


@pytest.mark.parametrize("slider", SLIDERS)
def test_switching_one_on_changes_only_its_own_parameters(slider: str) -> None:
    on = PARAMETERS[slider].on
    if on is not None:
        seeds = {"noise_seed"} if slider == "noise_range" else set()
        assert changed_by(NOTHING, NOTHING.changed(**{slider: on})) == SLIDERS[slider][1] | seeds


@pytest.mark.parametrize("name", LOOKS)
def test_how_it_looks_changes_nothing_that_is_drawn(name: str) -> None:
    assert changed_by(EVERYTHING, EVERYTHING.changed(**{name: LOOKS[name]})) == set()


@pytest.mark.parametrize("slider", SLIDERS)
def test_config_with_one_slider_moved_is_not_identity(slider: str) -> None:
    on = PARAMETERS[slider].on
    assert NOTHING.identity
    assert NOTHING.changed(**{slider: on if on is not None else SLIDERS[slider][0]}).identity == (on is None)


def test_nothing_set_draws_nothing() -> None:
    for copy in range(20):
        assert draw(NOTHING, generator_for(0, DIGEST, copy), (20, 30)) == Drawn(size=(20, 30))


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


def test_old_seeds_give_the_old_changes() -> None:
    # Drawn by Pawlab 0.1, when these were all that there was.
    config = AugmentationConfig(
        horizontal_flip=True, vertical_flip=True, brightness_range=(0.4, 1.5), channel_shift_range=30
    )
    old = {
        "theta": 4.820461892810437,
        "tx": -6.35438111879255,
        "ty": 13.167241801550054,
        "shear": 8.586356481998308,
        "zx": 1.1740106225949414,
        "zy": 1.025625250964001,
        "channel_shift_intensity": -3.4208001710753555,
        "flip_horizontal": False,
        "flip_vertical": False,
        "brightness": 0.7544997911541669,
    }
    drawn = draw(config, generator_for(42, DIGEST, 3), (100, 200))
    assert {name: getattr(drawn, name) for name in old} == old


@FEW
@given(config=configs)
def test_every_copy_takes_equally_many_numbers(config: AugmentationConfig) -> None:
    ours, theirs = generator_for(0, DIGEST, 0), generator_for(0, DIGEST, 0)
    draw(config, ours, (16, 16))
    draw(NOTHING, theirs, (16, 16))
    assert ours.random() == theirs.random()


# How the new ones are spread; those that Keras has are compared with Keras in test_against_keras.py

EVEN = {
    "contrast": (0.7, 1.3),
    "saturation": (0.5, 1.5),
    "hue": (-18.0, 18.0),
    "blur": (0.0, 1.5),
    "noise": (0.0, 15.0),
    "noise_seed": (0, 2**53),
}
NUM = 4000


@pytest.fixture(scope="module")
def many() -> list[Drawn]:
    generator = np.random.default_rng(3)
    return [draw(EVERYTHING, generator, (100, 100)) for _ in range(NUM)]


@pytest.mark.parametrize("name", EVEN)
def test_amounts_are_even_over_their_range(many: list[Drawn], name: str) -> None:
    low, high = EVEN[name]
    places = (np.sort([getattr(drawn, name) for drawn in many]) - low) / (high - low)
    assert places[0] >= 0
    assert places[-1] <= 1
    # Kolmogorov and Smirnov: 1.95 / sqrt(NUM) is passed by chance once in 1,000, and these draws never change.
    assert np.abs(places - np.linspace(0, 1, NUM)).max() < 1.95 / np.sqrt(NUM)


def test_grey_and_erased_are_as_frequent_as_set(many: list[Drawn]) -> None:
    assert np.mean([drawn.grayscale for drawn in many]) == pytest.approx(0.2, abs=0.02)
    assert np.mean([drawn.erased is not None for drawn in many]) == pytest.approx(0.5, abs=0.025)


def test_every_quality_is_equally_likely() -> None:
    config, generator = NOTHING.changed(jpeg_quality_range=(30, 39)), np.random.default_rng(0)
    counts = np.bincount([draw(config, generator, (8, 8)).jpeg_quality for _ in range(NUM)])
    assert counts[:30].sum() == 0
    assert counts.size == 40
    # Six standard deviations of a count of 400.
    assert np.abs(counts[30:] - NUM / 10).max() < 6 * np.sqrt(NUM / 10)


def test_no_amount_tells_anything_of_another(many: list[Drawn]) -> None:
    rows = []
    for drawn in many:
        left, top, wide, tall = drawn.crop
        numbers = [
            getattr(drawn, field.name) for field in fields(Drawn) if field.name not in ("size", "crop", "erased")
        ]
        # The place as a share of what the crop's size leaves free.
        rows.append([*numbers, left / (1 - wide), top / (1 - tall), wide * tall, drawn.erased is not None])
    table = np.array(rows, float)
    assert np.abs(np.corrcoef(table.T) - np.eye(table.shape[1])).max() < 0.08
