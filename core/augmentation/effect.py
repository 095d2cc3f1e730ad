"""What augmentation does to a set of images, in numbers, and in words where it goes too far.

The thresholds were chosen by eye on 600 photos of cats and dogs at 160 pixels: their brightness had a mean of 116 and a
spread of 27 grey levels, their contrast a mean of 56.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from core.augmentation.arrays import Image
from core.augmentation.drawing import Drawn
from core.augmentation.geometry import filled_share
from core.augmentation.settings import AugmentationConfig

MOST_FILLED_MEAN = 0.25
"""The notebook's settings, which are known to help, fill 0.22 on average."""
MOST_FILLED = 0.5
"""Above it a copy is more fill than image."""
LEAST_SHOWN = 0.08
"""The smallest share of an image's area that was cropped for Inception (Szegedy et al., "Going deeper with
convolutions", CVPR 2015), and since then by most who train on ImageNet. Below it the object is often outside."""
MOST_ERASED = 0.5
"""Above it most of the copy is hidden; the authors of random erasing stop at 0.4 (Zhong et al., AAAI 2020)."""
FAR = 2.0
"""Standard deviations from the originals' mean: about one original in twenty lies further away."""
MOST_OUTSIDE = 0.2
"""Share of copies that far away: four times that of originals. Brightness factors from 0.5 to 1.5 stay below it."""
MOST_SHIFT = 1.0
"""Standard deviations between the two means: above it the average copy is darker (or brighter) than five originals
in six."""
LEAST_SPREAD = 25.0
"""Grey levels: the spread to assume at least. One original has none, the few of a preview often half of what photos
have, and the lighting of photos is what a model meets."""
LOW_CONTRAST = 0.5
"""Fraction of the originals' mean contrast: one photo in fifty has less."""
MOST_FLAT = 0.1
"""Share of copies with so little contrast: five times that of photos."""

Fault = Literal["fill", "out of frame", "erased", "brightness", "contrast"]


@dataclass(frozen=True, slots=True)
class Share:
    """A share of a copy, 0..1: its mean over all copies, and the largest."""

    mean: float
    largest: float


@dataclass(frozen=True, slots=True)
class Light:
    """Brightness and contrast of a set of images, in grey levels of the luma (ITU-R BT.601, as Pillow's "L").

    Args:
        brightness: Mean of the images' mean luma, 0..255.
        spread: Standard deviation of the images' mean luma.
        contrast: Mean of the standard deviations of luma within each image.
    """

    brightness: float
    spread: float
    contrast: float


@dataclass(frozen=True, slots=True)
class Effect:
    """How copies differ from their originals.

    Args:
        num_copies: 1 or more.
        filled: Share that lies outside the image, by geometry.
        erased: Share that the rectangle covers.
        shown_least: The smallest share of its original's area that a copy shows, 0..1.
        originals: Brightness and contrast of the originals.
        copies: The same of the copies.
        num_dark: Copies darker than the originals' mean by more than `FAR` standard deviations.
        num_bright: Copies brighter by as much.
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


def measure(originals: Sequence[Image], copies: Sequence[tuple[Image, Drawn]], config: AugmentationConfig) -> Effect:
    """Compares a set of originals with augmented copies of them.

    Args:
        originals: One or more, each uint8 (height, width, 3), RGB.
        copies: One or more, as `augment` gives them.
        config: The settings that they were drawn from.

    Raises:
        ValueError: There is no original, or no copy.
    """
    if not originals or not copies:
        raise ValueError(f"received {len(originals)} originals and {len(copies)} copies; expected one or more of each")
    all_drawn = [drawn for _, drawn in copies]
    filled = np.array([filled_share(drawn, config) for drawn in all_drawn])
    areas = np.array([_area(drawn) for drawn in all_drawn]) * (1 - filled)
    before, after = _luma(originals), _luma([image for image, _ in copies])
    light = _light(before)
    offset = after[:, 0] - light.brightness
    far = FAR * max(light.spread, LEAST_SPREAD)
    return Effect(
        num_copies=len(copies),
        filled=_share(filled),
        erased=_share(np.array([drawn.erased[2] * drawn.erased[3] if drawn.erased else 0.0 for drawn in all_drawn])),
        shown_least=float(np.clip(areas.min(), 0, 1)),
        originals=light,
        copies=_light(after),
        num_dark=int((offset < -far).sum()),
        num_bright=int((offset > far).sum()),
        num_flat=int((after[:, 1] < LOW_CONTRAST * light.contrast).sum()),
    )


def faults(effect: Effect) -> dict[Fault, str]:
    """What goes too far, with one sentence of advice on each; none where all is well."""
    fill, out_of_frame = _on_fill(effect), _on_frame(effect)
    found: dict[Fault, str] = {
        "fill": fill,
        "out of frame": "" if fill else out_of_frame,
        "erased": _on_erasing(effect),
        "brightness": _on_brightness(effect),
        "contrast": _on_contrast(effect),
    }
    return {fault: sentence for fault, sentence in found.items() if sentence}


def shown_share(drawn: Drawn, config: AugmentationConfig) -> float:
    """The share of its image's area that a copy shows, 0..1; fill is none of it."""
    return _area(drawn) * (1 - filled_share(drawn, config))


def _on_fill(effect: Effect) -> str:
    if effect.filled.mean > MOST_FILLED_MEAN:
        return (
            f"On average {effect.filled.mean:.0%} of a copy is fill rather than image, and the model learns the fill "
            "too. Reduce rotation, shift, shear or zoom."
        )
    if effect.filled.largest > MOST_FILLED:
        return (
            f"{effect.filled.largest:.0%} of one copy is fill, more than the image itself. Reduce rotation, shift, "
            "shear or zoom."
        )
    return ""


def _on_frame(effect: Effect) -> str:
    if effect.shown_least < LEAST_SHOWN:
        return (
            f"One copy shows only {effect.shown_least:.1%} of its image, so the labelled object may be out of frame. "
            "Reduce zoom, shift or crop."
        )
    return ""


def _on_erasing(effect: Effect) -> str:
    if effect.erased.largest <= MOST_ERASED:
        return ""
    return (
        f"Random erasing covers {effect.erased.largest:.0%} of one copy, so the labelled object may be hidden. Reduce "
        "the erased area."
    )


def _on_brightness(effect: Effect) -> str:
    shift = effect.copies.brightness - effect.originals.brightness
    if abs(shift) > MOST_SHIFT * max(effect.originals.spread, LEAST_SPREAD):
        return (
            f"On average the copies are {'brighter' if shift > 0 else 'darker'} than the originals by {abs(shift):.0f} "
            "of 255 grey levels, so the model trains on lighting it will not meet. Centre the brightness range on 1, "
            "or reduce channel shift."
        )
    outside = effect.num_dark + effect.num_bright
    if outside > max(1, MOST_OUTSIDE * effect.num_copies):
        return (
            f"{outside} of {effect.num_copies} copies are darker or brighter than nearly all originals "
            f"({effect.num_dark} darker, {effect.num_bright} brighter). Narrow the brightness range or reduce "
            "channel shift."
        )
    return ""


def _on_contrast(effect: Effect) -> str:
    if effect.num_flat <= max(1, MOST_FLAT * effect.num_copies):
        return ""
    return (
        f"{effect.num_flat} of {effect.num_copies} copies have less than half the originals' contrast, so outlines "
        "and texture fade. Raise the lower end of the contrast range, or narrow the brightness range."
    )


def _area(drawn: Drawn) -> float:
    """Area of the plane that a copy shows, in units of the image's area: the determinant of its matrix."""
    return drawn.zx * drawn.zy * abs(math.cos(math.radians(drawn.shear))) * drawn.crop[2] * drawn.crop[3]


def _luma(images: Sequence[Image]) -> npt.NDArray[np.float64]:
    """float64 (images, 2): mean and standard deviation of each image's luma."""
    measured = (cv2.meanStdDev(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)) for image in images)
    return np.array([(mean[0, 0], deviation[0, 0]) for mean, deviation in measured], np.float64)


def _light(luma: npt.NDArray[np.float64]) -> Light:
    return Light(float(luma[:, 0].mean()), float(luma[:, 0].std()), float(luma[:, 1].mean()))


def _share(shares: npt.NDArray[np.float64]) -> Share:
    return Share(float(shares.mean()), float(shares.max()))
