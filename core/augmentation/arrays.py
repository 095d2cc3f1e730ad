"""What every step takes and gives."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

# uint8 (height, width, 3), RGB, 0..255.
Image: TypeAlias = npt.NDArray[np.uint8]


def as_image(array: Any) -> Image:
    """What OpenCV returned, whose type says less than is known; not copied."""
    return np.asarray(array, dtype=np.uint8)
