"""Images to classify, from a page: files, zips of files, the web address of an image, or a path on this machine.

Covers zips (`core.storage.archives`, with tighter limits than for a dataset) and uploads that are too many or too
large. A zip that is refused is an image with a reason, so that it does not affect the others; an address that cannot be
fetched is an error, since there is nothing else to classify.
"""

import hashlib
import shutil
import tempfile
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import ArchiveError, ImageError, InputError
from core.images.files import read_image_file
from core.inference.inputs import InputFiles, check_exists
from core.jobs.process import PROGRAM
from core.jobs.progress import Progress
from core.storage.archives import ArchiveLimits, extract_zip
from core.storage.files import stamp_of
from core.text.file_names import is_ignored

MAX_IMAGES = 20_000
MAX_UPLOAD_BYTES = 2**30
"""Of all uploads together, which are in the server's memory while they are classified."""
ZIP_LIMITS = ArchiveLimits(members=MAX_IMAGES, total_bytes=2 * 2**30)
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that a browser sent: a unique `id`, its name or path, and its content."""

    id: str
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class InputImage:
    """A file to classify. `path` is its name, relative to the upload. `problem` says why it cannot be read, or ""."""

    id: str
    path: str
    source: bytes | Path
    problem: str = ""

    def read(self) -> bytes:
        """Raises `ImageError`."""
        if self.problem:
            raise ImageError(self.problem)
        return self.source if isinstance(self.source, bytes) else read_image_file(self.source)


class ClassifyInput:
    """The latest input. `key` identifies it. `images` is None until `open` has run, which does its work once."""

    def __init__(self, key: str, find: Callable[[Path, Progress], list[InputImage]]) -> None:
        self.key, self._find = key, find
        self.images: tuple[InputImage, ...] | None = None

    def open(self, progress: Progress) -> tuple[InputImage, ...]:
        """The images.

        Args:
            progress: Reports the phases "extract", in files, and "download", in bytes. What it raises stops the work.

        Raises:
            PawlabError: The address cannot be fetched.
            InputError: There are too many images.
        """
        if self.images is None:
            scratch = tempfile.mkdtemp(prefix="pawlab-")
            weakref.finalize(self, shutil.rmtree, scratch, ignore_errors=True)  # goes when this object goes
            images = tuple(self._find(Path(scratch), progress))
            if len(images) > MAX_IMAGES:
                raise _too_much(f"{len(images):,} images", f"{MAX_IMAGES:,}")
            self.images = images
        return self.images


def from_uploads(uploads: Sequence[Upload]) -> ClassifyInput:
    """Uploaded files, without what operating systems leave in folders (Thumbs.db).

    Raises:
        InputError: There are too many files, or they are too large.
    """
    if len(uploads) > MAX_IMAGES:
        raise _too_much(f"{len(uploads):,} files", f"{MAX_IMAGES:,}")
    total = sum(len(upload.content) for upload in uploads)
    if total > MAX_UPLOAD_BYTES:
        raise _too_much(f"{total / 2**30:.2f} GB", f"{MAX_UPLOAD_BYTES / 2**30:.0f} GB")

    def find(scratch: Path, progress: Progress) -> list[InputImage]:
        images: list[InputImage] = []
        for upload in uploads:
            if upload.content.startswith(_ZIP) or upload.name.lower().endswith(".zip"):
                images += _unpacked(upload, scratch, progress)
            elif not any(map(is_ignored, upload.name.split("/"))):
                images.append(InputImage(upload.id, upload.name, upload.content))
        return images

    digest = hashlib.sha256("\n".join(upload.id for upload in uploads).encode())
    return ClassifyInput(digest.hexdigest()[:20], find)


def from_address(url: str, number: int = 0) -> ClassifyInput:
    """The image at a web address. Another `number` fetches it again.

    The key contains no part of the address, which may contain a secret.
    """
    key = hashlib.sha256(f"{number} {url}".encode()).hexdigest()[:20]

    def find(scratch: Path, progress: Progress) -> list[InputImage]:
        from core.net.image_url import fetch_image  # with httpx: only for who types an address

        return [InputImage(key, _name_of(url), fetch_image(url, progress))]

    return ClassifyInput(key, find)


def from_path(path: Path, number: int = 0) -> ClassifyInput:
    """The images in a folder or a zip on this machine, or one image; names are relative to it. Another `number` reads
    it again.

    Raises:
        InputError: There is nothing at the path.
    """
    path = path.expanduser().absolute()
    check_exists(path)

    def find(scratch: Path, progress: Progress) -> list[InputImage]:
        images: list[InputImage] = []
        for found in InputFiles([path], scratch, (), progress):
            if len(images) == MAX_IMAGES:
                raise _too_much(f"more than {MAX_IMAGES:,} images", f"{MAX_IMAGES:,}")
            name = found.path.removeprefix(f"{path}/") if found.file != path else path.name
            images.append(InputImage(f"{found.file} {stamp_of(found.file)}", name, found.file, found.problem))
        return images

    return ClassifyInput(hashlib.sha256(f"{number} {path}".encode("utf-8", "surrogateescape")).hexdigest()[:20], find)


def _too_much(received: str, expected: str) -> InputError:
    return InputError(
        f"Received {received}",
        f"at most {expected} at once",
        f"Choose fewer, or classify the folder on the command line: {PROGRAM} classify FOLDER --run RUN --csv FILE",
    )


def _name_of(url: str) -> str:
    path = url.split("?")[0].split("#")[0].rstrip("/")
    return path.rsplit("/", 1)[-1][:80] or "image"


def _unpacked(upload: Upload, scratch: Path, progress: Progress) -> list[InputImage]:
    folder = scratch / hashlib.sha256(upload.id.encode()).hexdigest()[:20]
    try:
        extract_zip(upload.content, folder, progress, ZIP_LIMITS)
    except ArchiveError as error:
        reason = f"{error.received[:1].lower()}{error.received[1:]}; expected {error.expected}"
        return [InputImage(upload.id, upload.name, b"", reason)]
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        return [InputImage(upload.id, upload.name, b"", "the zip contains no files")]
    names = [file.relative_to(folder).as_posix() for file in files]
    return [
        InputImage(f"{upload.id} {name}", f"{upload.name}/{name}", file)
        for name, file in zip(names, files, strict=True)
    ]
