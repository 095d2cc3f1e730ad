"""What can be wrong with one file, in words that say why it matters for training.

The thresholds were chosen by looking at the 3,000 photos of cats_and_dogs_filtered: each flags 0 to 10 of them, and
those that it flags are what it says. A flagged picture is a picture to look at, not one to delete.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from core.datasets.candidates import MIN_DETAIL
from core.datasets.records import ImageRecord
from core.datasets.signature import details, stack
from core.images import LARGE_PIXELS

TINY_SIDE = 64  # pixels of the shorter side: the networks look at 96 to 224, so more than half would be made up
HUGE_PIXELS = LARGE_PIXELS  # from here on pictures are decoded one at a time
HUGE_BYTES = 20 * 2**20
ODD_ASPECT = 2.5  # longer over shorter side; film is 1.5, wide screens are 1.78
VERY_DARK = 0.2  # mean grey level, 0..1
VERY_BRIGHT = 0.8
BLURRY_SHARPNESS = 50.0  # variance of the Laplacian: a photo has about 500
BLURRY_SHARE = 0.03  # and of that over the variance of the picture in the large: a smooth wall is not blurred
LOW_ENTROPY = 4.5  # bits of 8; photos have 6 and more, a small picture on an empty page 2 to 4
EXTENSIONS = {
    "JPEG": {".jpg", ".jpeg", ".jpe", ".jfif"},
    "PNG": {".png"},
    "WEBP": {".webp"},
    "BMP": {".bmp", ".dib"},
    "GIF": {".gif"},
    "TIFF": {".tif", ".tiff"},
}
_EMPTY = hashlib.sha256().hexdigest()


@dataclass(frozen=True)
class Problem:
    """One thing to look for.

    `key` never changes: filters, tests and the command line use it. `title` names the problem and `why` says what it is
    and why it matters. `detail(record)` is a few words about this file, such as "0.07", and "" when it does not have
    the problem.
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
        "The file is not a picture, or it is damaged. It is left out of training; a class with many of them is smaller "
        "than its folder looks.",
        _unreadable,
    ),
    Problem(
        "empty",
        "Empty file",
        "The file has no content, as after a download or a copy that broke off. The picture may still exist where it "
        "came from.",
        _empty,
    ),
    Problem(
        "wrong_extension",
        "Wrong extension",
        "The name says one format and the content is another. It is used here, but other programs go by the name and "
        "will skip the file or fail on it.",
        _wrong_extension,
    ),
    Problem(
        "tiny",
        "Tiny",
        f"The shorter side has fewer than {TINY_SIDE} pixels. It is enlarged before training, so the network sees a "
        "blur and may learn that blur belongs to the class.",
        _tiny,
    ),
    Problem(
        "huge",
        "Huge",
        f"More than {HUGE_PIXELS // 10**6} million pixels or {HUGE_BYTES // 2**20} MB. The network sees at most some "
        "hundred pixels a side, so the rest only costs time and memory.",
        _huge,
    ),
    Problem(
        "animated",
        "Animated",
        "The file holds several frames and only the first is used. If the animal comes later, the label is wrong for "
        "what the network sees.",
        _animated,
    ),
    Problem(
        "odd_aspect",
        "Odd aspect",
        f"One side is more than {ODD_ASPECT} times as long as the other. Pictures are squeezed to a square before "
        "training, which distorts this one strongly.",
        _odd_aspect,
    ),
    Problem(
        "very_dark",
        "Very dark",
        "Hardly anything can be made out. If one class has most of the dark pictures, the network learns darkness "
        "instead of the animal.",
        _very_dark,
    ),
    Problem(
        "very_bright",
        "Very bright",
        "Mostly white: overexposed, or cut out on an empty page. If one class has most of them, the network learns the "
        "background instead of the animal.",
        _very_bright,
    ),
    Problem(
        "blurry",
        "Blurry",
        "Fine structure such as fur and whiskers is missing, which the network would use to tell the classes apart. "
        "A few do no harm if the pictures to classify later are blurred as well.",
        _blurry,
    ),
    Problem(
        "low_information",
        "Low information",
        "The picture has few different grey levels: an empty page, a logo, a small picture on a plain ground. There is "
        "little in it to learn from.",
        _low_information,
    ),
)
"""In the order of a report."""
