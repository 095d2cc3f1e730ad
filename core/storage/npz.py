"""Arrays from an .npz file that may be broken or made by a stranger.

Covers other files, damage anywhere in them, objects that would have to be unpickled, and zip bombs: the size is
checked before anything is unpacked.
"""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.storage.files import open_regular

MAX_BYTES = 400_000_000  # predictions of a million images to 100 classes


def load_npz(path: Path, *names: str, max_bytes: int = MAX_BYTES) -> list[NDArray[Any]]:
    """The arrays of these names, of any shape and dtype.

    Args:
        max_bytes: Of all arrays in the file, unpacked.

    Raises:
        OSError: The file cannot be read.
        KeyError: It has no array of this name.
        ValueError: It is no .npz, is damaged or too large.
    """
    with open_regular(path, 2 * max_bytes) as file:  # np.load given a path forgets to close it where it is broken
        try:
            with zipfile.ZipFile(file) as archive:
                size = sum(member.file_size for member in archive.infolist())
            if size > max_bytes:
                raise ValueError(f"it unpacks to {size / 1e6:,.0f} MB, and the limit is {max_bytes / 1e6:,.0f} MB")
            file.seek(0)
            with np.load(file, allow_pickle=False) as stored:
                return [stored[name] for name in names]
        except (OSError, KeyError, ValueError):
            raise
        except Exception as error:  # zipfile under attack raises nearly anything
            raise ValueError(
                f"it is not an .npz file, or damaged: {str(error)[:200] or type(error).__name__}"
            ) from error
