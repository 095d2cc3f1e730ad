"""The base's weights as arrays: what is accepted as such, and the digest that tells two sets apart."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.backbone.architecture import WEIGHT_SHAPES
from core.errors import InputError

Arrays = Mapping[str, NDArray[np.float32]]
"""`"<layer>/<weight>"` (Keras 3's names) to float32; `architecture.WEIGHT_SHAPES` lists them all with their shapes."""


def validated(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
    """The weights of the base among `arrays` as read-only float32, in the network's order; extra entries are left out.

    Raises:
        InputError: One is missing, has another shape, is not a float, is not finite, or is a negative variance.
    """
    checked = {}
    for name in WEIGHT_SHAPES:
        if name not in arrays:
            raise InputError(f"The weight {name} is missing", "all weights of MobileNetV2 1.0 without its top")
        array = arrays[name]
        check_form(name, array.shape, array.dtype)
        with np.errstate(over="ignore"):  # a float64 beyond float32 becomes infinite, which is refused below
            array = np.array(array, dtype=np.float32, order="C")
        if not np.isfinite(array).all():
            raise InputError(f"The weight {name} holds values that are not finite", "finite numbers")
        if name.endswith("/moving_variance") and array.min() < 0:
            raise InputError(f"The weight {name} holds a negative variance", "0 or more")
        array.setflags(write=False)
        checked[name] = array
    return checked


def check_form(name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raises InputError when a weight's shape or type is not the network's; needs no values, so runs before reading."""
    expected = WEIGHT_SHAPES[name]
    if tuple(shape) != expected:
        raise InputError(f"The weight {name} has shape {tuple(shape)}", f"{expected}, as in MobileNetV2 1.0")
    if dtype.kind != "f" or dtype.itemsize > 8:
        raise InputError(f"The weight {name} has type {dtype}", "floating-point numbers of at most 64 bits")


def digest_of(arrays: Arrays) -> str:
    """Hexadecimal SHA-256 over names, shapes and little-endian float32 bytes, in the order of the names."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name], dtype="<f4")
        digest.update(f"{name}{array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
