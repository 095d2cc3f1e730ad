"""The bytes of an image's file, or why they cannot be had."""

from pathlib import Path

import pytest

from core.errors import ImageError
from core.images.files import MAX_BYTES, read_image_file


def test_reading_a_file_gives_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"abc")
    assert read_image_file(tmp_path / "a.jpg") == b"abc"


@pytest.mark.parametrize("name", ["nothing.jpg", "nul\0.jpg", "x" * 300, "."])
def test_what_cannot_be_read_says_so(tmp_path: Path, name: str) -> None:
    with pytest.raises(ImageError, match=r"cannot be read|not a file"):
        read_image_file(f"{tmp_path}/{name}")


def test_of_a_file_that_is_too_large_no_byte_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.jpg"
    with file.open("wb") as sparse:
        sparse.truncate(MAX_BYTES + 1)

    def never(*arguments: object) -> bytes:
        raise AssertionError("a byte was read")

    monkeypatch.setattr("core.images.files.os.read", never)
    with pytest.raises(ImageError, match="64 MB"):
        read_image_file(file)
