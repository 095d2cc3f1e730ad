"""What a user gives to be classified: files from a browser, zips among them, or a picture's address.

Covers zips (`core.archives`, with tighter limits than for a dataset) and uploads that are too many or too large. A zip
that is refused is a picture with a reason, so that it harms none of the others; an address that cannot be fetched is an
error, since it is all that was given.
"""

import hashlib
import shutil
import tempfile
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.archives import ArchiveLimits, extract_zip, is_ignored
from core.errors import ArchiveError, ImageError, InputError
from core.image_files import read_image_file
from core.progress import Progress

MAX_PICTURES = 20_000
MAX_UPLOAD_BYTES = 2**30
"""Of all uploads together, which are in the server's memory while they are classified."""
ZIP_LIMITS = ArchiveLimits(members=MAX_PICTURES, total_bytes=2 * 2**30)
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that a browser sent: an `id` that no other one has, its name or path, and its content."""

    id: str
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Picture:
    """A file to classify. `path` is what it is called, relative to what was given. `problem` says why its bytes cannot
    be had, or ""."""

    id: str
    path: str
    source: bytes | Path
    problem: str = ""

    def read(self) -> bytes:
        """Raises `ImageError`."""
        if self.problem:
            raise ImageError(self.problem)
        return self.source if isinstance(self.source, bytes) else read_image_file(self.source)


class Given:
    """What was given last. `key` changes with it. `pictures` are known once `open` has run, which it does once."""

    def __init__(self, key: str, find: Callable[[Path, Progress], list[Picture]]) -> None:
        self.key, self._find = key, find
        self.pictures: tuple[Picture, ...] | None = None

    def open(self, progress: Progress) -> tuple[Picture, ...]:
        """The pictures.

        Args:
            progress: Told of the phases "extract", in files, and "download", in bytes. What it raises stops the work.

        Raises:
            PawlabError: The address cannot be fetched.
            InputError: There are too many of them.
        """
        if self.pictures is None:
            scratch = tempfile.mkdtemp(prefix="pawlab-")
            weakref.finalize(self, shutil.rmtree, scratch, ignore_errors=True)  # goes when this object goes
            pictures = tuple(self._find(Path(scratch), progress))
            if len(pictures) > MAX_PICTURES:
                raise _too_much(f"{len(pictures):,} pictures", f"{MAX_PICTURES:,}")
            self.pictures = pictures
        return self.pictures


def from_uploads(uploads: Sequence[Upload]) -> Given:
    """Files as they were uploaded; what an operating system leaves in folders (Thumbs.db) is not among them.

    Raises:
        InputError: There are too many of them, or they are too large.
    """
    if len(uploads) > MAX_PICTURES:
        raise _too_much(f"{len(uploads):,} files", f"{MAX_PICTURES:,}")
    total = sum(len(upload.content) for upload in uploads)
    if total > MAX_UPLOAD_BYTES:
        raise _too_much(f"{total / 2**30:.2f} GB", f"{MAX_UPLOAD_BYTES / 2**30:.0f} GB")

    def find(scratch: Path, progress: Progress) -> list[Picture]:
        found: list[Picture] = []
        for upload in uploads:
            if upload.content.startswith(_ZIP):
                found += _unpacked(upload, scratch, progress)
            elif not any(map(is_ignored, upload.name.split("/"))):
                found.append(Picture(upload.id, upload.name, upload.content))
        return found

    digest = hashlib.sha256("\n".join(upload.id for upload in uploads).encode())
    return Given(digest.hexdigest()[:20], find)


def from_address(url: str, number: int = 0) -> Given:
    """The picture at a web address. Another `number` fetches it again.

    The key holds no part of the address, which may hold a secret.
    """
    key = hashlib.sha256(f"{number} {url}".encode()).hexdigest()[:20]

    def find(scratch: Path, progress: Progress) -> list[Picture]:
        from core.inference.remote_image import fetch_image  # with httpx: only for who types an address

        return [Picture(key, _name_of(url), fetch_image(url, progress))]

    return Given(key, find)


def _too_much(received: str, expected: str) -> InputError:
    return InputError(
        f"Received {received}",
        f"at most {expected} at once",
        "Give a part of it, or classify the folder where it lies: python -m core classify FOLDER --run RUN --csv FILE",
    )


def _name_of(url: str) -> str:
    path = url.split("?")[0].split("#")[0].rstrip("/")
    return path.rsplit("/", 1)[-1][:80] or "picture"


def _unpacked(upload: Upload, scratch: Path, progress: Progress) -> list[Picture]:
    folder = scratch / hashlib.sha256(upload.id.encode()).hexdigest()[:20]
    try:
        extract_zip(upload.content, folder, progress, ZIP_LIMITS)
    except ArchiveError as error:
        reason = f"{error.received[:1].lower()}{error.received[1:]}; expected {error.expected}"
        return [Picture(upload.id, upload.name, b"", reason)]
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        return [Picture(upload.id, upload.name, b"", "the zip holds no files")]
    names = [file.relative_to(folder).as_posix() for file in files]
    return [
        Picture(f"{upload.id} {name}", f"{upload.name}/{name}", file) for name, file in zip(names, files, strict=True)
    ]
