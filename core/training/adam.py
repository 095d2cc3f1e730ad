"""One pass of Adam over a block of weights, compiled.

NumPy would need eleven passes, and Keras with XLA several. Compiled by Numba on the first call and kept on disk.
Source: Kingma and Ba 2015, in the form of `keras.optimizers.Adam`, whose defaults these are.
"""

import math

import numba
import numpy as np
from numpy.typing import NDArray

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7


def adam(
    weights: NDArray[np.float32],
    m: NDArray[np.float32],
    v: NDArray[np.float32],
    gradient: NDArray[np.float32],
    l2: float,
    rate: float,
) -> float:
    """Updates `weights` and both moments in place, all float32 (rows, columns). Releases the GIL.

    The moments are kept without their factors (1 - beta), which stand in the rate and in epsilon instead.

    Args:
        l2: The penalty's factor; its gradient 2 * l2 * weights is added to `gradient`.
        rate: The learning rate with Adam's correction for early steps.

    Returns:
        The sum of the squares of the new weights: what the penalty of the next step needs.
    """
    root = math.sqrt(1 - BETA_2)
    single = np.float32
    return float(
        _pass(weights, m, v, gradient, single(2 * l2), single(EPSILON / root), single(rate * (1 - BETA_1) / root))
    )


@numba.njit(nogil=True, cache=True, fastmath={"contract", "reassoc", "nsz", "arcp"}, error_model="numpy")
def _pass(weights, m, v, gradient, decay, epsilon, rate):  # type: ignore[no-untyped-def]
    beta_1, beta_2 = np.float32(BETA_1), np.float32(BETA_2)
    squares = 0.0
    for row in range(weights.shape[0]):
        w, m_row, v_row, g_row = weights[row], m[row], v[row], gradient[row]
        row_squares = np.float32(0)
        for i in range(w.shape[0]):
            g = g_row[i] + decay * w[i]
            first = beta_1 * m_row[i] + g
            second = beta_2 * v_row[i] + g * g
            m_row[i] = first
            v_row[i] = second
            updated = w[i] - rate * first / (np.sqrt(second) + epsilon)
            w[i] = updated
            row_squares += updated * updated
        squares += float(row_squares)
    return squares
