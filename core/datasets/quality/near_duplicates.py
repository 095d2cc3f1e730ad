"""Images that show the same photo although their files differ: re-encoded, resized, cropped by up to a tenth per side,
mirrored, brighter or darker.

Signatures propose pairs (`core.datasets.quality.candidates`), pixels decide (`core.datasets.quality.verify_pair`), and
groups do not chain (`core.datasets.quality.grouping`). `benchmarks/near_duplicates.py` measures precision and recall.

False negatives: crops beyond a tenth, rotations, images upside down, collages; and flat images, which all look alike:
two white images count as duplicates only if their bytes are equal. False positives: some drawings and pages of text
that differ in a letter or a line. Files with equal bytes count as one image here; the report lists them as exact
duplicates.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from core.datasets.quality import signature
from core.datasets.quality import verify_pair as same_photo
from core.datasets.quality.candidates import find_candidates
from core.datasets.quality.grouping import group
from core.datasets.records import Dataset, ImageRecord
from core.errors import ImageError
from core.images.isolated import decode_image
from core.jobs.progress import Progress, silent
from core.storage.files import write_atomic
from core.storage.home import subfolder
from core.storage.models import load_model

VERSION = 1  # increase it with every change of the result: results cached by an older version are dropped
MAX_CACHE_BYTES = 64 * 2**20
THUMBNAILS = 8192  # in memory during a search, 9 kB each at most


def near_duplicates(dataset: Dataset, progress: Progress = silent) -> list[list[ImageRecord]]:
    """Groups of two or more readable images that show the same photo, excluded ones among them.

    Found once and cached below `home()`, by the images' content. Groups and their members are sorted by path; of files
    with equal bytes only the first is included.

    Args:
        progress: Told of the phases "compare", in images, and "verify", in pairs.

    Raises:
        Cancelled: From `progress`; nothing is cached then.
    """
    return same_photos(dataset.readable(), dataset.file, progress)


def same_photos(
    records: Iterable[ImageRecord], file: Callable[[ImageRecord], Path], progress: Progress = silent
) -> list[list[ImageRecord]]:
    """The same among any readable records, which may be of several datasets; `file` says where the file of each is."""
    distinct: dict[str, ImageRecord] = {}
    for record in records:
        distinct.setdefault(record.digest, record)
    cache = _cache_file(distinct.values())
    digests = _cached(cache, distinct)
    if digests is None:
        digests = _search(list(distinct.values()), file, progress)
        with suppress(OSError):  # a full disk costs the next search, not this one
            write_atomic(cache, json.dumps(digests, separators=(",", ":")))
    groups = [sorted((distinct[digest] for digest in members), key=lambda record: record.path) for members in digests]
    return sorted(groups, key=lambda members: members[0].path)


def look_alikes(dataset: Dataset, record: ImageRecord, number: int = 6) -> list[tuple[ImageRecord, float]]:
    """The readable images whose signatures are nearest to the record's, mirrored or not, the nearest first.

    Only signatures are compared, so the first may show the same photo and the last only the same pose or light.

    Returns:
        At most `number` records with their similarity, up to 1; none for a record that does not decode.
    """
    others = [other for other in dataset.readable() if other.path != record.path and other.signature]
    query = signature.coefficients(signature.stack([record.signature]))
    if not others or not query.any():
        return []
    queries = signature.vectors(np.concatenate([query, signature.cropped(query, (0.06, 0.06), (0.06, 0.06))]))
    stacked = signature.vectors(signature.coefficients(signature.stack(other.signature for other in others)))
    values = signature.similarity(queries, stacked)[0].max(axis=0)
    nearest = np.argsort(-values, kind="stable")[:number]
    return [(others[index], min(float(values[index]), 1.0)) for index in nearest]


def _search(records: list[ImageRecord], file: Callable[[ImageRecord], Path], progress: Progress) -> list[list[str]]:
    @lru_cache(maxsize=THUMBNAILS)
    def thumbnail(index: int) -> NDArray[np.uint8]:
        try:
            image = decode_image(file(records[index]), same_photo.SIDE)
        except ImageError:  # changed or gone since the scan
            return np.zeros((1, 1), np.uint8)
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)

    def check(first: int, second: int, *, mirrored: bool) -> bool:
        other = thumbnail(second)
        return same_photo.same_photo(thumbnail(first), np.ascontiguousarray(other[:, ::-1]) if mirrored else other)

    candidates = find_candidates(signature.stack(record.signature for record in records), progress)
    groups = group(candidates, [record.width * record.height for record in records], check, progress)
    return [[records[index].digest for index in members] for members in groups]


def _cache_file(records: Iterable[ImageRecord]) -> Path:
    """Where the groups of exactly these images are cached, whatever their names."""
    content = hashlib.sha256(f"{VERSION} {signature.VERSION}".encode())
    for line in sorted(record.digest.encode() + record.signature for record in records):
        content.update(len(line).to_bytes(4) + line)
    return subfolder("cache", "near") / f"{content.hexdigest()[:20]}.json"


def _cached(cache: Path, known: Iterable[str]) -> list[list[str]] | None:
    """The cached groups, as digests; None if there are none or a search cannot have written them."""
    try:
        groups = load_model(cache, list[list[str]], max_bytes=MAX_CACHE_BYTES)
    except (OSError, ValueError):
        return None
    digests = [digest for members in groups for digest in members]
    sound = min(map(len, groups), default=2) > 1 and len(set(digests)) == len(digests) and set(digests) <= set(known)
    return groups if sound else None
