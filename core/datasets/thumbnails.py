"""Small images for a gallery: made when they are first looked at, kept on disk under their content's digest.

A thumbnail in the cache is shown again only while its file is as it was when the thumbnail was made (by size and time
of change); else the file is read again and its digest compared with the scan's. So a file that changed or vanished is
told, and never shown as something that it no longer is.

JPEG, not WebP: a thumbnail of a photo takes 1.7 ms and 6.4 KB against 2.8 ms and 4.6 KB, and a page of them crosses the
loopback only.
"""

import hashlib
import io
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from core.datasets.records import Dataset, ImageRecord
from core.errors import ImageError
from core.images.files import read_image_file
from core.images.isolated import decode_image
from core.jobs.parallel import ordered_map
from core.storage.files import write_atomic
from core.storage.home import subfolder

LONGEST = 192  # pixels: a cell of 130 on a screen with 1.5 device pixels to one of its own
LARGEST = 1600
QUALITY = 80
LIMIT = 2**30  # bytes of all thumbnails: about 160,000
SHARDS = 256  # folders, by the first two digits of the digest
KEEP = 0.8  # share of the limit that pruning leaves, so that the next write need not prune again
GONE = "the file is gone"
CHANGED = "the file has changed since it was read: open the dataset again"
_HOUR = 3_600_000_000_000  # nanoseconds between two notes that a thumbnail is in use


@dataclass(frozen=True, slots=True)
class Rendered:
    """An image for the browser: the bytes of a JPEG the right way up, or b"" with the `reason` why there is none."""

    content: bytes
    reason: str = ""


def thumbnails(dataset: Dataset, records: Sequence[ImageRecord]) -> list[Rendered]:
    """One thumbnail a record, in their order, longest side 192 pixels; missing ones are made on all cores."""
    folder = _folder()
    found = [_kept(dataset.file(record), record, folder) for record in records]
    missing = [record for record, one in zip(records, found, strict=True) if one is None]
    made = (
        ordered_map(lambda record: _made(dataset.file(record), record), missing, "thumbnail") if missing else iter(())
    )
    return [one or next(made) for one in found]


def enlarged(dataset: Dataset, record: ImageRecord) -> Rendered:
    """The image for a large view: its longest side at most 1600 pixels. Nothing is kept."""
    if record.reason:
        return Rendered(b"", record.reason)
    return _rendered(dataset.file(record), record.digest, LARGEST)


def _kept(file: Path, record: ImageRecord, folder: Path) -> Rendered | None:
    """The thumbnail if it is in the cache and still true, or the reason if there can be none; else None."""
    if record.reason:
        return Rendered(b"", record.reason)
    try:
        status = file.stat()
    except (OSError, ValueError):
        return Rendered(b"", GONE)
    if not record.digest:
        return None
    if status.st_size != record.bytes:
        return Rendered(b"", CHANGED)
    kept = _place(folder, record.digest)
    try:
        made = kept.stat()
        if max(status.st_mtime_ns, status.st_ctime_ns) > made.st_mtime_ns:
            return None
        content = kept.read_bytes()
        now = time.time_ns()
        if now - made.st_atime_ns > _HOUR:
            os.utime(kept, ns=(now, made.st_mtime_ns))
    except OSError:
        return None
    whole = content.startswith(b"\xff\xd8") and content.endswith(b"\xff\xd9")
    return Rendered(content) if whole else None


def _made(file: Path, record: ImageRecord) -> Rendered:
    began = time.time_ns()  # before the read: a change while we work makes the thumbnail out of date
    rendered = _rendered(file, record.digest, LONGEST)
    if rendered.content and record.digest:
        with suppress(OSError):  # a full disk costs time, not the image
            _keep(record.digest, rendered.content, began)
    return rendered


def _rendered(file: Path, digest: str, longest: int) -> Rendered:
    try:
        content = read_image_file(file)
        if digest and hashlib.sha256(content).hexdigest() != digest:
            return Rendered(b"", CHANGED)
        jpeg = io.BytesIO()
        Image.fromarray(decode_image(content, longest)).save(jpeg, "JPEG", quality=QUALITY)
    except ImageError as error:
        return Rendered(b"", error.received if file.exists() else GONE)
    return Rendered(jpeg.getvalue())


def _folder() -> Path:
    return subfolder("cache", "thumbnails")


def _place(folder: Path, digest: str) -> Path:
    return folder / digest[:2] / f"{digest}.{LONGEST}.jpg"


def _keep(digest: str, content: bytes, began: int) -> None:
    place = _place(_folder(), digest)
    place.parent.mkdir(exist_ok=True)
    write_atomic(place, content)
    os.utime(place, ns=(began, began))
    if digest[2] == "0":  # one write in 16 looks after its shard: a few hundred files, and no count to keep anywhere
        prune(place.parent, LIMIT // SHARDS)


def prune(shard: Path, limit: int) -> None:
    """Removes the thumbnails of a shard that were not used for longest, if all of them exceed `limit` bytes."""
    files = []
    with os.scandir(shard) as entries:
        for entry in entries:
            with suppress(OSError):  # another process prunes too
                status = entry.stat(follow_symlinks=False)
                files.append((status.st_atime_ns, status.st_size, entry.path))
    total = sum(size for _, size, _ in files)
    if total <= limit:
        return
    for _, size, path in sorted(files):
        if total <= KEEP * limit:
            return
        with suppress(OSError):
            Path(path).unlink()
        total -= size
