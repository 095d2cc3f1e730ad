"""Adam, compiled: one weight's step, and one pass over a block of weights.

NumPy would need eleven passes, and Keras with XLA several. Compiled by Numba on the first call and kept on disk.
Source: Kingma and Ba 2015, in the form of `keras.optimizers.Adam`, whose defaults these are.

The moments are kept without their factors (1 - beta), which stand in the rate and in epsilon instead.
"""

import math

import numba
import numpy as np
from numpy.typing import NDArray

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7
COMPILED = {
    "nogil": True,
    "cache": True,
    "fastmath": {"contract", "reassoc", "nsz", "arcp"},  # not "nnan": what is broken must show
    "error_model": "numpy",
}


def scaled(rate: float) -> tuple[np.float32, np.float32]:
    """The rate and the epsilon that `step` takes for a learning rate with Adam's correction for early steps."""
    root = math.sqrt(1 - BETA_2)
    return np.float32(rate * (1 - BETA_1) / root), np.float32(EPSILON / root)


def adam(
    weights: NDArray[np.float32],
    m: NDArray[np.float32],
    v: NDArray[np.float32],
    gradient: NDArray[np.float32],
    rate: float,
) -> None:
    """Updates `weights` and both moments in place, all float32 (rows, columns).

    Args:
        rate: The learning rate with Adam's correction for early steps.
    """
    _pass(weights, m, v, gradient, *scaled(rate))


@numba.njit(**COMPILED)
def step(weight, m, v, gradient, rate, epsilon):  # type: ignore[no-untyped-def]
    """The new weight and moments, float32 all."""
    first = np.float32(BETA_1) * m + gradient
    second = np.float32(BETA_2) * v + gradient * gradient
    return weight - rate * first / (np.sqrt(second) + epsilon), first, second


@numba.njit(**COMPILED)
def _pass(weights, m, v, gradient, rate, epsilon):  # type: ignore[no-untyped-def]
    for row in range(weights.shape[0]):
        w, m_row, v_row, g = weights[row], m[row], v[row], gradient[row]
        for i in range(w.shape[0]):
            w[i], m_row[i], v_row[i] = step(w[i], m_row[i], v_row[i], g[i], rate, epsilon)
