"""What augmentation did to a set of pictures, in numbers, and in words where it goes too far.

The thresholds were looked at on 600 photos of cats and dogs at 160 pixels: their brightness had a mean of 116 and a
spread of 27 grey levels, their contrast a mean of 56.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from core.augmentation import geometry
from core.augmentation.drawing import Drawn
from core.augmentation.settings import AugmentationConfig

Image: TypeAlias = npt.NDArray[np.uint8]

MOST_FILLED_MEAN = 0.25
"""The notebook's settings, which are known to help, fill 0.22 on average."""
MOST_FILLED = 0.5
"""Beyond it a copy is more fill than picture."""
LEAST_SHOWN = 0.08
"""The least part of a picture's area that was cropped for Inception (Szegedy and others, "Going deeper with
convolutions", CVPR 2015), and since then by most who train on ImageNet. Below it the animal is often outside."""
MOST_ERASED = 0.5
"""Beyond it most of the copy is hidden; the authors of random erasing stop at 0.4 (Zhong and others, AAAI 2020)."""
FAR = 2.0
"""Spreads from the originals' mean: about one original in twenty lies beyond."""
MOST_OUTSIDE = 0.2
"""Share of copies that lie so far out: four times as many as of originals. Factors from 0.5 to 1.5 stay below it."""
MOST_SHIFT = 1.0
"""Spreads between the two means: beyond it the average copy is darker (or brighter) than five of six originals."""
LEAST_SPREAD = 10.0
"""Grey levels. One original has no spread and drawn ones have little, but 20 levels more or less do no harm."""
LOW_CONTRAST = 0.5
"""Of the originals' mean contrast: one photo in fifty has less."""
MOST_FLAT = 0.1
"""Share of copies with so little contrast: five times as many as of photos."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share of a copy, 0..1: its mean over all copies, and the greatest."""

    mean: float
    greatest: float


@dataclass(frozen=True, slots=True)
class Light:
    """Light in a set of pictures, in grey levels of the luma (ITU-R BT.601, as Pillow's "L").

    Args:
        brightness: Mean of the pictures' mean luma, 0..255.
        spread: Standard deviation of the pictures' mean luma.
        contrast: Mean of the standard deviations of luma within each picture.
    """

    brightness: float
    spread: float
    contrast: float


@dataclass(frozen=True, slots=True)
class Effect:
    """What copies look like beside their originals.

    Args:
        num_copies: 1 or more.
        filled: What comes from outside the picture, by geometry.
        erased: What the rectangle covers.
        shown_least: The least part of its original's area that a copy shows, 0..1.
        originals: Their light.
        copies: Theirs.
        num_dark: Copies that are darker than the originals' mean by more than `FAR` spreads.
        num_bright: Copies that are brighter by as much.
        num_flat: Copies with less than `LOW_CONTRAST` of the originals' contrast.
    """

    num_copies: int
    filled: Share
    erased: Share
    shown_least: float
    originals: Light
    copies: Light
    num_dark: int
    num_bright: int
    num_flat: int


FilledShare: TypeAlias = Callable[[Drawn, AugmentationConfig], float]


def measure(
    originals: Sequence[Image],
    copies: Sequence[tuple[Image, Drawn]],
    config: AugmentationConfig,
    filled_share: FilledShare = geometry.filled_share,
) -> Effect:
    """Compares a set of originals with augmented copies of them.

    Args:
        originals: One or more, each uint8 (height, width, 3), RGB.
        copies: One or more, as `augment` gives them.
        config: What they were drawn from.
        filled_share: Share of a copy that comes from outside the picture, 0..1.

    Raises:
        ValueError: There is no original, or no copy.
    """
    if not originals or not copies:
        raise ValueError(f"received {len(originals)} originals and {len(copies)} copies; expected one or more of each")
    all_drawn = [drawn for _, drawn in copies]
    filled = np.array([filled_share(drawn, config) for drawn in all_drawn])
    seen = np.array([_area(drawn) for drawn in all_drawn]) * (1 - filled)
    before, after = _luma(originals), _luma([image for image, _ in copies])
    light = _light(before)
    offset = after[:, 0] - light.brightness
    far = FAR * max(light.spread, LEAST_SPREAD)
    return Effect(
        num_copies=len(copies),
        filled=_share(filled),
        erased=_share(np.array([drawn.erased[2] * drawn.erased[3] if drawn.erased else 0.0 for drawn in all_drawn])),
        shown_least=float(np.clip(seen.min(), 0, 1)),
        originals=light,
        copies=_light(after),
        num_dark=int((offset < -far).sum()),
        num_bright=int((offset > far).sum()),
        num_flat=int((after[:, 1] < LOW_CONTRAST * light.contrast).sum()),
    )


def words(effect: Effect) -> list[str]:
    """Sentences for those who set the augmentation, one for each thing that goes too far; none where all is well."""
    sentences = (_on_geometry(effect), _on_erasing(effect), _on_brightness(effect), _on_contrast(effect))
    return [sentence for sentence in sentences if sentence]


def _on_geometry(effect: Effect) -> str:
    if effect.filled.mean > MOST_FILLED_MEAN:
        return (
            f"On average {effect.filled.mean:.0%} of a copy is filled in, not photographed: the network learns the "
            "fill too. Rotate, shift, shear or zoom less."
        )
    if effect.filled.greatest > MOST_FILLED:
        return (
            f"One copy is filled in by {effect.filled.greatest:.0%}: it holds more fill than picture. Rotate, shift, "
            "shear or zoom less."
        )
    if effect.shown_least < LEAST_SHOWN:
        return (
            f"One copy shows {effect.shown_least:.1%} of its picture: what the label names may be outside. Enlarge, "
            "shift or crop less."
        )
    return ""


def _on_erasing(effect: Effect) -> str:
    if effect.erased.greatest <= MOST_ERASED:
        return ""
    return (
        f"The rectangle covers {effect.erased.greatest:.0%} of one copy: what the label names may be hidden. Make the "
        "rectangle smaller."
    )


def _on_brightness(effect: Effect) -> str:
    shift = effect.copies.brightness - effect.originals.brightness
    if abs(shift) > MOST_SHIFT * max(effect.originals.spread, LEAST_SPREAD):
        return (
            f"The copies are {'brighter' if shift > 0 else 'darker'} than the originals by {abs(shift):.0f} of 255 "
            "grey levels on average, so the network trains on other light than it will see. Bring the ranges of "
            "brightness and channel shift back around no change."
        )
    outside = effect.num_dark + effect.num_bright
    if outside > max(1, MOST_OUTSIDE * effect.num_copies):
        return (
            f"{outside} of {effect.num_copies} copies are darker or brighter than nearly all originals "
            f"({effect.num_dark} darker, {effect.num_bright} brighter). Narrow brightness or channel shift."
        )
    return ""


def _on_contrast(effect: Effect) -> str:
    if effect.num_flat <= max(1, MOST_FLAT * effect.num_copies):
        return ""
    return (
        f"{effect.num_flat} of {effect.num_copies} copies have lost more than half of the originals' contrast: shapes "
        "and fur fade. Raise the lower end of contrast, or narrow brightness."
    )


def _area(drawn: Drawn) -> float:
    """Area of the part of the plane that a copy shows, in areas of the picture: the determinant of its matrix."""
    return drawn.zx * drawn.zy * abs(math.cos(math.radians(drawn.shear))) * drawn.crop[2] * drawn.crop[3]


def _luma(images: Sequence[Image]) -> npt.NDArray[np.float64]:
    """float64 (images, 2): mean and standard deviation of each picture's luma."""
    measured = (cv2.meanStdDev(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)) for image in images)
    return np.array([(mean[0, 0], deviation[0, 0]) for mean, deviation in measured], np.float64)


def _light(luma: npt.NDArray[np.float64]) -> Light:
    return Light(float(luma[:, 0].mean()), float(luma[:, 0].std()), float(luma[:, 1].mean()))


def _share(shares: npt.NDArray[np.float64]) -> Share:
    return Share(float(shares.mean()), float(shares.max()))
