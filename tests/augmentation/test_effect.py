"""What copies look like beside their originals, and when that is too much."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageStat

from core.augmentation import PRESETS, AugmentationConfig, Drawn, augment
from core.augmentation.cause import cause_of
from core.augmentation.drawing import draw
from core.augmentation.effect import MOST_FILLED, MOST_FILLED_MEAN, Effect, Fault, Light, Share, faults, measure
from core.augmentation.geometry import filled_share
from tests.drawing import draw_image

SIZE = (40, 40)
NOTHING = PRESETS["none"]
FINE = Effect(
    num_copies=20,
    filled=Share(0.2, 0.45),
    erased=Share(0.1, 0.33),
    shown_least=0.3,
    originals=Light(brightness=116, spread=27, contrast=56),
    copies=Light(brightness=110, spread=35, contrast=50),
    num_dark=2,
    num_bright=2,
    num_flat=2,
)


def grey(level: int) -> NDArray[np.uint8]:
    return np.full((*SIZE, 3), level, np.uint8)


def striped(low: int, high: int) -> NDArray[np.uint8]:
    """Half its pixels dark, half of them bright: its mean is halfway, its deviation half their distance."""
    image = grey(low)
    image[::2] = high
    return image


def measured(
    originals: list[NDArray[np.uint8]], copies: list[NDArray[np.uint8]], drawn: list[Drawn] | None = None
) -> Effect:
    drawn = drawn or [Drawn(SIZE)] * len(copies)
    return measure(originals, list(zip(copies, drawn, strict=True)), NOTHING)


def test_light_is_pillows_luma() -> None:
    images = [draw_image(seed, SIZE) for seed in range(5)]
    stats = [ImageStat.Stat(image.convert("L")) for image in images]
    light = measured([np.asarray(image) for image in images], [grey(0)]).originals
    means = [stat.mean[0] for stat in stats]
    assert light.brightness == pytest.approx(np.mean(means), abs=0.1)
    assert light.spread == pytest.approx(np.std(means), abs=0.1)
    assert light.contrast == pytest.approx(np.mean([stat.stddev[0] for stat in stats]), abs=0.1)


def test_luma_weighs_green_above_red_above_blue() -> None:
    def brightness(colour: tuple[int, int, int]) -> float:
        return measured([np.asarray(Image.new("RGB", SIZE, colour))], [grey(0)]).originals.brightness

    assert [brightness(colour) for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255))] == [76, 150, 29]


def test_copies_that_stand_far_from_the_originals_are_counted_on_both_sides() -> None:
    originals = [grey(90), grey(150)]  # 120, spread 30: far is below 60 and above 180
    effect = measured(originals, [grey(level) for level in (0, 59, 61, 120, 179, 181)])
    assert (effect.originals.brightness, effect.originals.spread) == (120, 30)
    assert (effect.num_dark, effect.num_bright) == (2, 1)


def test_one_original_has_no_spread_and_a_little_light_is_still_no_fault() -> None:
    effect = measured([grey(120)], [grey(level) for level in (69, 71, 169, 171)])
    assert (effect.num_dark, effect.num_bright) == (1, 1)


def test_copies_with_half_of_the_contrast_are_flat() -> None:
    effect = measured([striped(60, 160)], [striped(85, 135), striped(86, 134), grey(110)])
    assert effect.originals.contrast == 50
    assert effect.num_flat == 2


def test_shares_are_those_of_what_was_drawn() -> None:
    whole = Drawn(SIZE)
    drawn = [whole, replace(whole, tx=12), replace(whole, tx=24, erased=(0.1, 0.2, 0.5, 0.4))]
    effect = measured([grey(9)], [grey(9)] * 3, drawn)
    assert (effect.filled.mean, effect.filled.largest) == pytest.approx((0.3, 0.6))
    assert (effect.erased.mean, effect.erased.largest) == pytest.approx((0.2 / 3, 0.2))
    assert effect.shown_least == pytest.approx(0.4)


def test_what_a_copy_shows_of_its_image_is_zoom_slant_and_crop_together() -> None:
    drawn = Drawn(SIZE, zx=0.25, zy=0.2, shear=60, crop=(0.2, 0.2, 0.5, 0.6))
    assert measured([grey(9)], [grey(9)], [drawn]).shown_least == pytest.approx(0.25 * 0.2 * 0.5 * 0.3)


def test_a_image_that_is_zoomed_out_is_still_shown_once() -> None:
    drawn = Drawn(SIZE, zx=2, zy=2)
    assert measured([grey(9)], [grey(9)], [drawn]).shown_least == pytest.approx(1)


def test_nothing_is_said_where_nothing_goes_too_far() -> None:
    assert faults(FINE) == {}


@pytest.mark.parametrize(
    ("effect", "sentence"),
    [
        (replace(FINE, filled=Share(0.29, 0.4)), "29% of a copy is fill"),
        (replace(FINE, filled=Share(0.2, 0.6)), "60% of one copy is fill"),
        (replace(FINE, shown_least=0.05), "shows only 5.0% of its image"),
        (replace(FINE, erased=Share(0.1, 0.7)), "erasing covers 70%"),
        (replace(FINE, copies=Light(80, 20, 50)), "darker than the originals by 36 of 255"),
        (replace(FINE, copies=Light(150, 20, 50)), "brighter than the originals by 34 of 255"),
        (replace(FINE, num_dark=1, num_bright=6), "7 of 20 copies are darker or brighter"),
        (replace(FINE, num_flat=3), "3 of 20 copies have less than half"),
    ],
)
def test_each_fault_has_one_sentence_of_its_own(effect: Effect, sentence: str) -> None:
    (advice,) = faults(effect).values()
    assert sentence in advice


def test_one_odd_copy_of_few_is_chance() -> None:
    assert faults(replace(FINE, num_copies=2, num_dark=1, num_bright=0, num_flat=1)) == {}


def advice_on(config: AugmentationConfig) -> str:
    originals = [np.asarray(draw_image(seed, SIZE)) for seed in range(8)]
    copies = [augment(image, config, 0, str(seed), copy) for seed, image in enumerate(originals) for copy in range(6)]
    return " ".join(faults(measure(originals, copies, config)).values())


def test_gentle_light_is_fine_and_wild_light_is_not() -> None:
    assert advice_on(NOTHING.changed(brightness_range=(0.8, 1.2))) == ""
    assert "darker or brighter than nearly all" in advice_on(NOTHING.changed(brightness_range=(0, 2.5)))
    assert "copies are darker than the originals" in advice_on(NOTHING.changed(brightness_range=(0.2, 0.4)))
    assert "contrast" in advice_on(NOTHING.changed(brightness_range=(0, 0.5)))


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_seldom_fills_so_much_that_it_is_warned_of(name: str) -> None:
    config, generator = PRESETS[name], np.random.default_rng(0)
    fill = np.array([[filled_share(draw(config, generator, SIZE), config) for _ in range(16)] for _ in range(200)])
    assert fill.mean() < 0.9 * MOST_FILLED_MEAN
    assert np.mean(fill.mean(axis=1) > MOST_FILLED_MEAN) <= 0.1  # of previews with 16 copies
    assert fill.max() <= MOST_FILLED


@pytest.mark.parametrize(
    ("changes", "fault", "cause"),
    [
        ({"rotation_range": 180, "width_shift_range": 0.05, "zoom_range": (1.3, 1.4)}, "fill", "zoom_range"),
        ({"rotation_range": 90, "width_shift_range": 0.9}, "fill", "width_shift_range"),
        ({"height_shift_range": 0.9, "shear_range": 5}, "fill", "height_shift_range"),
        ({"zoom_range": (0.9, 1.0), "crop_scale": (0.05, 0.06)}, "out of frame", "crop_scale"),
        ({"zoom_range": (0.1, 0.15), "crop_scale": (0.9, 1)}, "out of frame", "zoom_range"),
        ({"erasing_probability": 1, "erasing_scale": (0.7, 0.8)}, "erased", "erasing_scale"),
        ({"brightness_range": (0.2, 0.4), "channel_shift_range": 5}, "brightness", "brightness_range"),
        ({"brightness_range": (0.95, 1.05), "channel_shift_range": 200}, "brightness", "channel_shift_range"),
        ({"contrast_range": (0.1, 0.2), "brightness_range": (0.9, 1)}, "contrast", "contrast_range"),
        ({"height_shift_range": 0.9, "fill_mode": "constant", "cval": 255}, "brightness", ""),
        ({"contrast_range": (0.9, 1), "brightness_range": (0.1, 0.2)}, "contrast", "brightness_range"),
    ],
)
def test_a_fault_is_laid_to_the_setting_that_does_most_of_it(
    changes: dict[str, object], fault: Fault, cause: str
) -> None:
    config = NOTHING.changed(**changes)
    originals = [np.asarray(draw_image(seed, SIZE)) for seed in range(8)]
    copies = [augment(image, config, 0, str(seed), copy) for seed, image in enumerate(originals) for copy in range(6)]
    effect = measure(originals, copies, config)
    assert fault in faults(effect)
    assert cause_of(fault, [drawn for _, drawn in copies], config, effect.originals.brightness) == cause


@pytest.mark.parametrize("originals", [0, 1])
def test_nothing_cannot_be_compared(originals: int) -> None:
    with pytest.raises(ValueError, match=f"received {originals} originals"):
        measured([grey(1)] * originals, [] if originals else [grey(1)])


def test_the_fill_is_that_of_the_geometry() -> None:
    config = NOTHING.changed(fill_mode="constant")
    effect = measure([grey(9)], [(grey(9), Drawn(SIZE, tx=10)), (grey(9), Drawn(SIZE))], config)
    assert effect.filled.largest == pytest.approx(0.25, abs=0.02)
    assert effect.shown_least == pytest.approx(0.75, abs=0.02)
