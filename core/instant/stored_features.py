"""Features on disk, so that a collection that is opened again costs a read and not a pass through the base.

One append-only file for each set of weights and image size, below `home()/cache/instant`: records of one length, each
with the SHA-256 of its image, the feature in float16, as the reference set of a run has it, and the CRC-32 of both.
Covers a writer killed in the middle of a record, another process that writes at the same time, a full disk and
damage: a record whose checksum does not fit is not there. Does not cover who forges records in the user's own cache.
"""

import logging
import os
import zlib
from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from core.backbone.architecture import FEATURES
from core.errors import PawlabError
from core.images.crop import Crop
from core.storage.files import open_regular, write_atomic
from core.storage.home import subfolder
from core.storage.locks import locked

_RECORD = np.dtype([("image", "V32"), ("feature", "<f2", FEATURES), ("checksum", "<u4")])
BYTES = _RECORD.itemsize
MAX_RECORDS = 40_000  # 104 MB: when they are exceeded the older half goes
_CHUNK = 1_000  # records in memory at once

Floats = NDArray[np.float32]


def rounded(feature: Floats) -> Floats:
    """A feature, float32, with the precision that is stored: a model of today and one that is opened again then give
    the same numbers."""
    return feature.astype(np.float16).astype(np.float32)


class StoredFeatures:
    """The features of images by their SHA-256. Safe to use from several threads and processes.

    Args:
        weights_digest: Of the base.
        image_size: Pixels of a side, as the base sees the images.
        crop: How they became squares.
        unit: Whether the features have length 1, as all of one file do.
    """

    def __init__(self, weights_digest: str, image_size: int, crop: Crop = "squeeze", *, unit: bool = True) -> None:
        cropped = "" if crop == "squeeze" else f"-{crop}"
        pooled = "" if unit else "-pooled"
        self.path = subfolder("cache", "instant") / f"{weights_digest[:20]}-{image_size}{cropped}{pooled}.features"
        self._lock = self.path.with_suffix(".lock")

    def read(self, images: Collection[str]) -> dict[str, Floats]:
        """float32 (1280,) of those of `images` (hexadecimal SHA-256) that are stored and undamaged."""
        if not images:
            return {}
        wanted, found = {bytes.fromhex(image): image for image in images}, {}
        try:
            with open_regular(self.path, 2 * MAX_RECORDS * BYTES) as file:
                while len(content := file.read(_CHUNK * BYTES)) >= BYTES:
                    records = np.frombuffer(content, _RECORD, len(content) // BYTES)
                    for row, key in enumerate(records["image"].tolist()):
                        if key in wanted and _undamaged(content[row * BYTES : (row + 1) * BYTES]):
                            found[wanted[key]] = records["feature"][row].astype(np.float32)
        except FileNotFoundError:
            pass
        except OSError as error:
            logging.getLogger(__name__).warning("features are computed again: %s", error)
        return found

    def append(self, features: Mapping[str, Floats]) -> None:
        """Stores features, float32 (1280,), by the SHA-256 of their image. Where the disk is full they are only not
        stored: it costs the next opening time, and nobody a picture."""
        content = b"".join(_record(image, feature) for image, feature in features.items())
        try:
            with locked(self._lock):
                self._make_room(len(content))
                with self.path.open("ab") as file:
                    # A writer was killed in the middle of a record: what is left of it would shift all that follow.
                    file.truncate(os.fstat(file.fileno()).st_size // BYTES * BYTES)
                    file.write(content)
        except (OSError, PawlabError) as error:
            logging.getLogger(__name__).warning("features are not stored: %s", error)

    def _make_room(self, bytes_more: int) -> None:
        try:
            with open_regular(self.path, 2 * MAX_RECORDS * BYTES) as file:
                size = os.fstat(file.fileno()).st_size
                if size + bytes_more <= MAX_RECORDS * BYTES:
                    return
                kept = MAX_RECORDS // 2 * BYTES
                file.seek(max(0, size // BYTES * BYTES - kept))
                newest = file.read(kept)
        except FileNotFoundError:
            return
        write_atomic(self.path, newest)


def _record(image: str, feature: Floats) -> bytes:
    body = bytes.fromhex(image) + feature.astype("<f2").tobytes()
    return body + zlib.crc32(body).to_bytes(4, "little")


def _undamaged(record: bytes) -> bool:
    return zlib.crc32(record[:-4]) == int.from_bytes(record[-4:], "little")
