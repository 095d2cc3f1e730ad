"""Pictures that show the same photo although their files differ: re-encoded, resized, cropped by up to a tenth a side,
mirrored, brighter or darker.

Signatures propose pairs (`core.datasets.candidates`), pixels decide (`core.datasets.same_photo`), and groups do not
chain (`core.datasets.grouping`). `benchmarks/near_duplicates.py` states precision and recall.

Not found: crops beyond a tenth, rotation, pictures upside down, collages; and flat pictures, which all look alike: two
white pictures are duplicates when their bytes are the same and not otherwise. Found although they differ: some drawings
and pages of text that are the same but for a letter or a line. Files with the same bytes count as one picture here; a
report lists them as exact duplicates.
"""

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.datasets import same_photo, signature
from core.datasets.candidates import find_candidates
from core.datasets.grouping import group
from core.datasets.records import Dataset, ImageRecord
from core.errors import ImageError
from core.files import write_atomic
from core.home import subfolder
from core.images import decode_image
from core.progress import Progress, silent

VERSION = 1  # count it up when other pairs would be found: what an older version remembered is dropped
THUMBNAILS = 8192  # in memory during a search, 9 kB each at most


def near_duplicates(dataset: Dataset, progress: Progress = silent) -> list[list[ImageRecord]]:
    """Groups of two or more readable pictures that show the same photo, excluded ones among them.

    Found once and remembered below `home()`, by the pictures' content. Each group is in the order of paths, as are the
    groups; of files with the same bytes only the first is in it.

    Args:
        progress: Told of the phases "compare", in pictures, and "verify", in pairs.

    Raises:
        Cancelled: From `progress`; nothing is remembered then.
    """
    distinct: dict[str, ImageRecord] = {}
    for record in dataset.readable():
        distinct.setdefault(record.digest, record)
    memory = _memory(distinct.values())
    digests = _recall(memory, distinct)
    if digests is None:
        digests = _search(dataset, list(distinct.values()), progress)
        with suppress(OSError):  # a full disk costs the next search, not this one
            write_atomic(memory, json.dumps(digests, separators=(",", ":")))
    groups = [sorted((distinct[digest] for digest in members), key=lambda one: one.path) for members in digests]
    return sorted(groups, key=lambda members: members[0].path)


def look_alikes(dataset: Dataset, record: ImageRecord, number: int = 6) -> list[tuple[ImageRecord, float]]:
    """The readable pictures whose signatures are nearest to the record's, mirrored or not, the nearest first.

    Only signatures are compared, so the first may show the same photo and the last only the same pose or light.

    Returns:
        At most `number` records with their similarity, up to 1; none for a record that does not decode.
    """
    others = [one for one in dataset.readable() if one.path != record.path and one.signature]
    query = signature.coefficients(signature.stack([record.signature]))
    if not others or not query.any():
        return []
    queries = signature.vectors(np.concatenate([query, signature.cropped(query, (0.06, 0.06), (0.06, 0.06))]))
    stacked = signature.vectors(signature.coefficients(signature.stack(one.signature for one in others)))
    values = signature.similarity(queries, stacked)[0].max(axis=0)
    nearest = np.argsort(-values, kind="stable")[:number]
    return [(others[index], min(float(values[index]), 1.0)) for index in nearest]


def _search(dataset: Dataset, records: list[ImageRecord], progress: Progress) -> list[list[str]]:
    @lru_cache(maxsize=THUMBNAILS)
    def thumbnail(index: int) -> NDArray[np.uint8]:
        try:
            picture = decode_image(dataset.file(records[index]), same_photo.SIDE)
        except ImageError:  # changed or gone since it was scanned
            return np.zeros((1, 1), np.uint8)
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)

    def check(first: int, second: int, mirrored: bool) -> bool:
        other = thumbnail(second)
        return same_photo.same_photo(thumbnail(first), np.ascontiguousarray(other[:, ::-1]) if mirrored else other)

    candidates = find_candidates(signature.stack(record.signature for record in records), progress)
    groups = group(candidates, [record.width * record.height for record in records], check, progress)
    return [[records[index].digest for index in members] for members in groups]


def _memory(records: Iterable[ImageRecord]) -> Path:
    """Where the groups of exactly these pictures are remembered, whatever their names."""
    content = hashlib.sha256(f"{VERSION} {signature.VERSION}".encode())
    for line in sorted(record.digest.encode() + record.signature for record in records):
        content.update(len(line).to_bytes(4) + line)
    return subfolder("cache", "near") / f"{content.hexdigest()[:20]}.json"


def _recall(memory: Path, known: Iterable[str]) -> list[list[str]] | None:
    """The remembered groups, as digests; None when there are none or a search cannot have written them."""
    try:
        groups: Any = json.loads(memory.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(groups, list) or not all(isinstance(members, list) and len(members) > 1 for members in groups):
        return None
    digests = [digest for members in groups for digest in members]
    if not all(isinstance(digest, str) for digest in digests):
        return None
    return groups if len(set(digests)) == len(digests) and set(digests) <= set(known) else None
