"""Careful access to HDF5 files of strangers: stay inside the file, and look at sizes before reading.

Covers links and raw data that lead to other files, virtual datasets, and attributes or chunks that are far too large.
Does not cover bugs in the HDF5 library itself.
"""

from pathlib import PurePosixPath
from typing import Any

import h5py

from core.errors import InputError

MAX_CHUNK_BYTES = 64 * 2**20
"""HDF5 allocates a whole chunk to read one value of it. Our largest weight has 1.6 MB."""
MAX_STRINGS = 10_000
"""In one attribute: names of layers or of a layer's weights. MobileNetV2 has 155 layers."""

READ_ERRORS = (ArithmeticError, AttributeError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError)
"""What h5py raises for broken files: it has no error of its own."""


def member(root: h5py.Group, path: str) -> h5py.Group | h5py.Dataset:
    """The group or dataset at `path` below `root`, reached through hard links only.

    Raises:
        InputError: Nothing is there, or a link leads away, perhaps into another file.
    """
    node = root
    for part in PurePosixPath(path).parts:
        link = node.get(part, getlink=True) if isinstance(node, h5py.Group) and part not in ("/", ".") else None
        if link is None:
            raise InputError(f"The file holds no {path}", "a file of MobileNetV2 weights")
        if not isinstance(link, h5py.HardLink):
            raise InputError(f"{path} is a link to another place", "data in the file itself")
        node = node[part]
    return node


def has(root: h5py.Group, path: str) -> bool:
    """Whether `member` finds something at `path`."""
    try:
        member(root, path)
    except InputError:
        return False
    return True


def dataset(root: h5py.Group, path: str) -> h5py.Dataset:
    """The dataset at `path`, not yet read: the caller checks its shape and type first.

    Raises:
        InputError: It is no dataset, keeps its data outside of the file, or has chunks above `MAX_CHUNK_BYTES`.
    """
    array = member(root, path)
    if not isinstance(array, h5py.Dataset):
        raise InputError(f"{path} is not a dataset", "an array of numbers")
    if array.external or array.is_virtual:
        raise InputError(f"{path} keeps its data in another file", "data in the file itself")
    chunk_bytes = array.dtype.itemsize
    for length in array.chunks or ():
        chunk_bytes *= length
    if chunk_bytes > MAX_CHUNK_BYTES:
        raise InputError(f"{path} is stored in chunks of {chunk_bytes} bytes", f"at most {MAX_CHUNK_BYTES}")
    return array


def strings(group: h5py.Group, attribute: str) -> list[str]:
    """An attribute that holds a list of names, at most `MAX_STRINGS`; an absent one is an empty list."""
    if attribute not in group.attrs:
        return []
    shape = group.attrs.get_id(attribute).shape
    if len(shape) != 1 or shape[0] > MAX_STRINGS:
        raise InputError(f"The attribute {attribute} has shape {shape}", f"a list of at most {MAX_STRINGS} names")
    values: list[Any] = list(group.attrs[attribute])
    return [value.decode() if isinstance(value, bytes) else str(value) for value in values]
