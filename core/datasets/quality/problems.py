"""What can be wrong with one file, and why it matters for training.

The thresholds come from looking at the 3,000 photos of cats_and_dogs_filtered: each flags 0 to 10 of them, rightly. A
flagged image is one to look at, not one to delete.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from core.datasets.quality.candidates import MIN_DETAIL
from core.datasets.quality.signature import details, stack
from core.datasets.records import ImageRecord
from core.images.files import EXTENSIONS

TINY_SIDE = 64  # pixels of the shorter side: the networks take 96 to 224, so more than half would be interpolated
HUGE_PIXELS = 25_000_000  # a good camera of today
HUGE_BYTES = 20 * 2**20
ODD_ASPECT = 2.5  # longer over shorter side; film is 1.5, wide screens are 1.78
VERY_DARK = 0.2  # mean grey level, 0..1
VERY_BRIGHT = 0.8
BLURRY_SHARPNESS = 50.0  # variance of the Laplacian: a photo has about 500
BLURRY_SHARE = 0.03  # and of that over the image's coarse variance: a smooth wall is not blurry
LOW_ENTROPY = 4.5  # bits of 8; photos have 6 or more, a small image on an empty page 2 to 4
_EMPTY = hashlib.sha256().hexdigest()


@dataclass(frozen=True)
class Problem:
    """One thing to look for.

    Attributes:
        key: Never changes: filters, tests and the command line use it.
        title: Its name.
        why: What it is and why it matters.
        detail: Of a record, in a few words such as "0.07"; "" if it does not have the problem.
    """

    key: str
    title: str
    why: str
    detail: Callable[[ImageRecord], str]


def _unreadable(record: ImageRecord) -> str:
    return record.reason if record.digest != _EMPTY else ""


def _empty(record: ImageRecord) -> str:
    return "0 bytes" if record.digest == _EMPTY else ""


def _wrong_extension(record: ImageRecord) -> str:
    suffix = PurePosixPath(record.path).suffix
    if record.reason or suffix.lower() in EXTENSIONS.get(record.format, {suffix.lower()}):
        return ""
    return f"{record.format} named {suffix}" if suffix else f"{record.format} without an extension"


def _tiny(record: ImageRecord) -> str:
    return _size(record) if not record.reason and min(record.width, record.height) < TINY_SIDE else ""


def _huge(record: ImageRecord) -> str:
    if record.reason:
        return ""
    if record.width * record.height > HUGE_PIXELS:
        return _size(record)
    return f"{record.bytes / 2**20:.0f} MB" if record.bytes > HUGE_BYTES else ""


def _animated(record: ImageRecord) -> str:
    return f"{record.frames} frames" if not record.reason and record.frames > 1 else ""


def _odd_aspect(record: ImageRecord) -> str:
    shorter, longer = sorted((record.width, record.height))
    return _size(record) if not record.reason and longer > ODD_ASPECT * shorter else ""


def _very_dark(record: ImageRecord) -> str:
    return f"brightness {record.brightness:.2f}" if _measured(record) and record.brightness < VERY_DARK else ""


def _very_bright(record: ImageRecord) -> str:
    return f"brightness {record.brightness:.2f}" if _measured(record) and record.brightness > VERY_BRIGHT else ""


def _blurry(record: ImageRecord) -> str:
    if not _measured(record) or record.sharpness >= BLURRY_SHARPNESS:
        return ""
    contrast = float(details(stack([record.signature]))[0])
    blurry = contrast >= MIN_DETAIL and record.sharpness < BLURRY_SHARE * contrast**2
    return f"sharpness {record.sharpness:.0f}" if blurry else ""


def _low_information(record: ImageRecord) -> str:
    return f"entropy {record.entropy:.1f} bits" if _measured(record) and record.entropy < LOW_ENTROPY else ""


def _measured(record: ImageRecord) -> bool:
    return not record.reason and bool(record.signature)


def _size(record: ImageRecord) -> str:
    return f"{record.width}x{record.height}"


PROBLEMS: tuple[Problem, ...] = (
    Problem(
        "unreadable",
        "Unreadable",
        "The file is damaged or not an image. Training skips it, so a class with many of them is smaller than its "
        "folder looks.",
        _unreadable,
    ),
    Problem(
        "empty",
        "Empty file",
        "The file has no content, as after an interrupted download or copy. The image may still exist where it came "
        "from.",
        _empty,
    ),
    Problem(
        "wrong_extension",
        "Wrong extension",
        "The file name says one format, the content is another. Pawlab uses it, but other programs go by the name and "
        "may skip the file or fail on it.",
        _wrong_extension,
    ),
    Problem(
        "tiny",
        "Tiny",
        f"The shorter side has fewer than {TINY_SIDE} pixels. It is enlarged before training, so the network sees a "
        "blur and may learn that blur is part of the class.",
        _tiny,
    ),
    Problem(
        "huge",
        "Huge",
        f"More than {HUGE_PIXELS // 10**6} million pixels or {HUGE_BYTES // 2**20} MB. The network sees a few hundred "
        "pixels per side at most, so the rest only costs time and memory.",
        _huge,
    ),
    Problem(
        "animated",
        "Animated",
        "The file holds several frames, and only the first is used. If the animal appears later, the label does not "
        "match what the network sees.",
        _animated,
    ),
    Problem(
        "odd_aspect",
        "Odd aspect ratio",
        f"One side is more than {ODD_ASPECT} times as long as the other. Training takes squares: squeezed to one, "
        "this image is distorted a lot; cut to one, it loses most of itself.",
        _odd_aspect,
    ),
    Problem(
        "very_dark",
        "Very dark",
        "Hardly anything is visible. If one class has most of the dark images, the network learns darkness "
        "instead of the animal.",
        _very_dark,
    ),
    Problem(
        "very_bright",
        "Very bright",
        "Overexposed, or cut out on an empty page. If one class has most of the bright images, the network learns the "
        "background instead of the animal.",
        _very_bright,
    ),
    Problem(
        "blurry",
        "Blurry",
        "Fine detail such as fur and whiskers is missing, which the network would use to tell the classes apart. A few "
        "do no harm, especially if the images you classify later are blurry too.",
        _blurry,
    ),
    Problem(
        "low_information",
        "Low entropy",
        "The image has few grey levels: an empty page, a logo, a small object on a plain background. There is little "
        "in it to learn from.",
        _low_information,
    ),
)
"""In the order of the report."""
