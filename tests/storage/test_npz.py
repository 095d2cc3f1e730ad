"""Arrays out of files that are broken or hostile: refused in one way, with no handle left open."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from core.storage.npz import load_npz


def npz(compressed: bool = False) -> bytes:
    file = io.BytesIO()
    save = np.savez_compressed if compressed else np.savez
    save(file, a=np.arange(1000), b=np.ones((2, 3), np.float32))
    return file.getvalue()


def flipped(content: bytes) -> bytes:
    """With a byte of the first member's compressed data changed."""
    at = content.index(b"a.npy") + 60
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


def marked(content: bytes, offset: int, value: int) -> bytes:
    """With a field of every entry in the table of contents and of every member's own header changed."""
    changed = bytearray(content)
    for mark, shift in ((b"PK\x01\x02", 2), (b"PK\x03\x04", 0)):
        at = -1
        while (at := content.find(mark, at + 1)) >= 0:
            changed[at + offset + shift] = value
    return bytes(changed)


def plain_array() -> bytes:
    file = io.BytesIO()
    np.save(file, np.arange(3))
    return file.getvalue()


def pickled() -> bytes:
    file = io.BytesIO()
    np.savez(file, a=np.array([{}], object), allow_pickle=True)
    return file.getvalue()


def lying() -> bytes:
    """An array whose header promises a hundred times what any machine has."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (10**15,)})
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.npy", header.getvalue())
    return file.getvalue()


def test_arrays_are_read_in_the_order_asked_for(tmp_path: Path) -> None:
    (tmp_path / "x.npz").write_bytes(npz())
    b, a = load_npz(tmp_path / "x.npz", "b", "a")
    np.testing.assert_array_equal(a, np.arange(1000))
    np.testing.assert_array_equal(b, np.ones((2, 3), np.float32), strict=True)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"text",
        b"PK\x03\x04",
        b"PK\x05\x06" + bytes(17),
        npz()[:-40],
        flipped(npz(compressed=True)),
        marked(npz(), 6, 1),  # protected by a password
        marked(npz(), 8, 97),  # a compression that nobody knows
        plain_array(),
        pickled(),
        lying(),
    ],
)
def test_what_is_broken_is_one_kind_of_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"."):
        load_npz(tmp_path / "x.npz", "a")


def test_a_bomb_is_refused_by_what_it_declares(tmp_path: Path) -> None:
    with (tmp_path / "x.npz").open("wb") as file:
        np.savez_compressed(file, a=np.zeros(10**6, np.uint8))
    with pytest.raises(ValueError, match="limit"):
        load_npz(tmp_path / "x.npz", "a", max_bytes=10**6)


def test_a_missing_array_and_a_missing_file_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "x.npz").write_bytes(npz())
    with pytest.raises(KeyError):
        load_npz(tmp_path / "x.npz", "c")
    with pytest.raises(FileNotFoundError):
        load_npz(tmp_path / "y.npz", "a")
