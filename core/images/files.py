"""A picture's bytes from disk, and what may be one at all. Nothing is decoded here."""

import os
import stat
from pathlib import Path

from core.errors import ImageError
from core.refusal import refused

MAX_BYTES = 64 * 2**20
MAX_PIXELS = 100_000_000
FORMATS = "JPEG, PNG, WebP, BMP, GIF, TIFF"
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


def not_decoded(reason: str) -> ImageError:
    """The error for a file that is no picture of ours, with what would have been one."""
    limits = f"at most {MAX_BYTES // 2**20} MB and {MAX_PIXELS // 10**6} million pixels"
    return refused(reason, f"an image ({FORMATS}) of {limits}")
