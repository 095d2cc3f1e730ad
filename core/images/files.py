"""An image's bytes from disk, and what may be one at all. Nothing is decoded here."""

import os
import stat
from pathlib import Path

from core.errors import ImageError

MAX_BYTES = 64 * 2**20
MAX_PIXELS = 100_000_000
MAX_JPEG_PIXELS = 250_000_000
"""A JPEG is decoded at a reduced scale, and phones take photos of 200 million."""
FORMATS = "JPEG, PNG, WebP, BMP, GIF, TIFF"
EXTENSIONS = {
    "JPEG": {".jpg", ".jpeg", ".jpe", ".jfif"},
    "PNG": {".png"},
    "WEBP": {".webp"},
    "BMP": {".bmp", ".dib"},
    "GIF": {".gif"},
    "TIFF": {".tif", ".tiff"},
}
# Without waiting for what writes to a pipe; BINARY is Windows' own.
_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_image_file(path: Path | str) -> bytes:
    """The bytes of a file, for a caller that needs them for more than decoding.

    Raises:
        ImageError: It cannot be read, is larger than `MAX_BYTES` (no byte of it is read then), or is not an ordinary
            file (reading a pipe could wait for ever).
    """
    try:
        file = os.open(path, _OPEN)  # a third of the time of Path.open, which counts where files are small
        try:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                raise not_decoded("not a file")
            if status.st_size > MAX_BYTES:
                raise not_decoded(f"the file has {status.st_size / 2**20:.0f} MB")
            content = b""
            while len(content) < status.st_size and (more := os.read(file, status.st_size - len(content))):
                content += more
            return content
        finally:
            os.close(file)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise not_decoded(f"the file cannot be read: {getattr(error, 'strerror', None) or error}") from error


def refused(reason: str, expected: str, fix: str = "Open it in an image editor and save it as JPEG") -> ImageError:
    """How the decoder refuses a file: in one form, whoever finds the fault."""
    return ImageError(reason, expected, fix)


def not_decoded(reason: str) -> ImageError:
    """The error for a file that is no image of ours, with what would have been one."""
    limits = f"at most {MAX_BYTES // 2**20} MB and {MAX_PIXELS // 10**6} million pixels"
    limits += f" (as JPEG {MAX_JPEG_PIXELS // 10**6} million)"
    return refused(reason, f"an image ({FORMATS}) of {limits}")
