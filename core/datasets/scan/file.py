"""What a scan finds in one file, and how that is written down for the index and for a pipe."""

import hashlib
import math
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image

from core.datasets.scan.measures import Measures, measure
from core.errors import ImageError, LargeImageError
from core.images.decode import ImageFacts, inspect_image
from core.images.files import read_image_file
from core.images.limits import ORDINARY, Limits

_is_digest = re.compile(r"[0-9a-f]{64}").fullmatch
_is_signature = re.compile(r"(?:[0-9a-f]{2}){1,512}").fullmatch


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan found in a file: `facts` and `measures` when it decodes, else None for both and a `reason`.

    `bytes` and `changed` (nanoseconds, the file system's time of change) tell whether the file is still the same.
    `digest` is the hexadecimal SHA-256 of its content, "" when that could not be read.
    """

    bytes: int
    changed: int
    digest: str
    facts: ImageFacts | None
    measures: Measures | None
    reason: str


def look_at(path: str, limits: Limits = ORDINARY) -> tuple[Scanned, Image.Image | None]:
    """What is in a file, whatever it is, without the measures; and the image to measure, None when there is none.

    Raises:
        LargeImageError: As `inspect_image`.
    """
    size = changed = 0
    digest = ""
    try:
        size, changed = stamp(path)
        content = read_image_file(path)
        digest = hashlib.sha256(content).hexdigest()
        facts, grey = inspect_image(content, limits)
        return Scanned(size, changed, digest, facts, None, ""), grey
    except LargeImageError:
        raise
    except ImageError as error:
        return Scanned(size, changed, digest, None, None, error.received), None
    except (OSError, ValueError) as error:
        return Scanned(size, changed, digest, None, None, f"the file cannot be read: {error}"), None


def measured(files: Sequence[tuple[Scanned, Image.Image | None]]) -> list[Scanned]:
    """What `look_at` gave of each, with the measures of the images."""
    measures = iter(measure([grey for _, grey in files if grey]))
    return [replace(scanned, measures=next(measures)) if grey else scanned for scanned, grey in files]


def stamp(path: str) -> tuple[int, int]:
    """A file's size in bytes and time of change in nanoseconds.

    Raises:
        OSError: It is not there.
        ValueError: Its name is none.
    """
    status = os.stat(path)  # noqa: PTH116 (pathlib takes three times as long)
    return status.st_size, status.st_mtime_ns


def to_row(scanned: Scanned) -> list[Any]:
    """As JSON can hold it: [bytes, changed, digest, reason or [facts and measures]]."""
    facts, measures = scanned.facts, scanned.measures
    outcome: str | list[Any] = scanned.reason
    if facts and measures:
        outcome = [facts.width, facts.height, facts.format, facts.mode, facts.frames]
        outcome += [measures.brightness, measures.sharpness, measures.entropy, measures.signature.hex()]
    return [scanned.bytes, scanned.changed, scanned.digest, outcome]


def from_row(row: Any) -> Scanned:
    """What `to_row` was given.

    Raises:
        ValueError: It cannot have written this.
    """
    try:
        size, changed, digest, outcome = row
        if (
            type(size) is type(changed) is int
            and type(outcome) is str
            and outcome
            and (not digest or _is_digest(digest))
        ):
            return Scanned(size, changed, digest, None, None, outcome)
        width, height, format_, mode, frames, brightness, sharpness, entropy, signature = outcome
        if (
            type(size) is type(changed) is type(width) is type(height) is type(frames) is int
            and type(brightness) is type(sharpness) is type(entropy) is float
            and width > 0 < height
            and frames > 0 <= sharpness < math.inf
            and 0 <= brightness <= 1
            and 0 <= entropy <= 8
            and _is_digest(digest)
            and _is_signature(signature)
        ):
            facts = ImageFacts(width, height, sys.intern(format_), sys.intern(mode), frames)
            measures = Measures(brightness, sharpness, entropy, bytes.fromhex(signature))
            return Scanned(size, changed, digest, facts, measures, "")
    except (TypeError, ValueError):
        pass
    raise ValueError(f"no row of a scan: {str(row)[:80]}")
