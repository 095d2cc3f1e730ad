"""Placeholder until the real one is merged."""

import numpy as np
from numpy.typing import NDArray


def signature(grey: NDArray[np.uint8]) -> bytes:
    rows = np.arange(8) * grey.shape[0] // 8
    columns = np.arange(9) * grey.shape[1] // 9
    cells = grey[rows[:, None], columns]
    return np.packbits(cells[:, 1:] > cells[:, :-1]).tobytes()
