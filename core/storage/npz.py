"""Arrays out of an .npz file that may be broken, or that a stranger made.

Covers files that are none, damage anywhere in them, objects that would have to be unpickled, and bombs: what the arrays
take once they are unpacked is limited before one is.
"""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_BYTES = 400_000_000  # answers of a million pictures to 100 classes


def load_npz(path: Path, *names: str, max_bytes: int = MAX_BYTES) -> list[NDArray[Any]]:
    """The arrays of these names, of whatever shape and type they are.

    Args:
        max_bytes: Of all arrays in the file, unpacked.

    Raises:
        OSError: The file cannot be read.
        KeyError: It has no array of this name.
        ValueError: It is no .npz, is damaged or too large.
    """
    with path.open("rb") as file:  # np.load given a path forgets to close it where it is broken
        try:
            with zipfile.ZipFile(file) as archive:
                size = sum(member.file_size for member in archive.infolist())
            if size > max_bytes:
                raise ValueError(f"it has {size / 1e6:,.0f} MB, and {max_bytes / 1e6:,.0f} are the limit")
            file.seek(0)
            with np.load(file, allow_pickle=False) as stored:
                return [stored[name] for name in names]
        except (OSError, KeyError, ValueError):
            raise
        except Exception as error:  # zipfile under attack raises nearly anything
            raise ValueError(f"it is no .npz, or damaged: {error or type(error).__name__}") from error
