"""`describe`: the words must say what happens to an image on the screen."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from core.augmentation import Drawn, apply, describe
from tests.augmentation.images import NOTHING, blob, extent, random_image


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
        ({"tx": 10.1}, "shifted 10% left", (50, 50), 1, -1),
        ({"tx": -5.0}, "shifted 5% right", (50, 50), 1, 1),
        ({"ty": 10.1}, "shifted 10% up", (50, 50), 0, -1),
        ({"ty": -10.1}, "shifted 10% down", (50, 50), 0, 1),
        ({"shear": 20.0}, "sheared 20 degrees to the left", (20, 50), 1, -1),
        ({"shear": -20.0}, "sheared 20 degrees to the right", (20, 50), 1, 1),
        ({"zx": 0.5}, "100% wider", (50, 50), 3, 1),
        ({"zx": 2.0}, "50% narrower", (50, 50), 3, -1),
        ({"zy": 0.5}, "100% taller", (50, 50), 2, 1),
        ({"zy": 1.25}, "20% shorter", (50, 50), 2, -1),
        ({"flip_horizontal": True}, "flipped horizontally", (50, 20), 1, 1),
        ({"flip_vertical": True}, "flipped vertically", (20, 50), 0, 1),
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
        ({"brightness": 1.3}, "30% brighter", 1),
        ({"brightness": 0.7}, "30% darker", -1),
        ({"channel_shift_intensity": 20.0}, "colours shifted 20 levels up", 1),
        ({"channel_shift_intensity": -20.0}, "colours shifted 20 levels down", -1),
    ],
    ids=str,
)
def test_caption_names_the_light_that_the_viewer_sees(parameters: dict[str, Any], words: str, sign: int) -> None:
    image, drawn = random_image(50, 50), Drawn(size=(50, 50), **parameters)
    assert describe(drawn) == words
    assert (apply(image, drawn, NOTHING).mean() - image.mean()) * sign > 5


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"crop": (0.1, 0.2, 0.5, 0.8)}, "cropped to 40% of the area"),
        ({"contrast": 1.25}, "25% more contrast"),
        ({"contrast": 0.5}, "50% less contrast"),
        ({"saturation": 1.4}, "40% more saturated"),
        ({"saturation": 0.0}, "100% less saturated"),
        ({"hue": 12.3}, "hue rotated 12 degrees from red to yellow"),
        ({"hue": -1.0}, "hue rotated 1 degree from red to violet"),
        ({"grayscale": True}, "greyscale"),
        ({"blur": 1.24}, "blurred by 1.2 pixels"),
        ({"noise": 12.4, "noise_seed": 5}, "noise of 12 grey levels"),
        ({"noise": 1.2}, "noise of 1 grey level"),
        ({"jpeg_quality": 45}, "JPEG quality 45"),
        ({"erased": (0.0, 0.0, 0.5, 0.3)}, "15% erased"),
    ],
    ids=str,
)
def test_caption_of_what_practice_adds(parameters: dict[str, Any], words: str) -> None:
    assert describe(Drawn(size=(50, 50), **parameters)) == words


@pytest.mark.parametrize(("hue", "channel"), [(30.0, 1), (-30.0, 2)])
def test_caption_names_the_way_that_red_turns(hue: float, channel: int) -> None:
    red, drawn = np.full((4, 4, 3), (255, 0, 0), np.uint8), Drawn(size=(4, 4), hue=hue)
    turned = apply(red, drawn, NOTHING)[0, 0]
    assert describe(drawn).endswith("yellow" if channel == 1 else "violet")
    assert turned[channel] > turned[3 - channel]


def test_caption_lists_steps_in_order() -> None:
    drawn = Drawn(size=(100, 200), theta=12.2, tx=10, ty=0.1, zx=0.999, flip_horizontal=True)
    assert describe(drawn) == "rotated 12 degrees anticlockwise, shifted 5% left, flipped horizontally"
    assert describe(Drawn(size=(100, 100))) == "unchanged"


def test_caption_leaves_out_what_rounds_to_nothing() -> None:
    nothing: dict[str, Any] = {"contrast": 1.004, "saturation": 0.997, "hue": -0.4, "blur": 0.04, "noise": 0.3}
    drawn = Drawn(size=(9, 9), crop=(0, 0, 0.999, 0.999), erased=(0, 0, 0.05, 0.05), **nothing)
    assert describe(drawn) == "unchanged"
