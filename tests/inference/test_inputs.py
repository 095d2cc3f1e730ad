"""What is found behind files, folders and zips: everything, in order, and never all at once."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import ArchiveError, InputError
from core.inference import inputs
from core.inference.inputs import InputFile, find_images
from tests.drawing import image_bytes, make_zip


def test_zips_folders_and_files_are_walked_and_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    folder = tmp_path / "in"
    (folder / "deep" / ".hidden").mkdir(parents=True)
    for name in ("b.jpg", "deep/a.jpg", "deep/.hidden/c.jpg", "Thumbs.db"):
        (folder / name).write_bytes(image_bytes())
    (folder / "link.jpg").symlink_to(folder / "b.jpg")
    archive = tmp_path / "more.zip"
    archive.write_bytes(make_zip({"x/1.jpg": image_bytes(), "__MACOSX/x/._1.jpg": b""}))
    with find_images([folder, archive, folder / "b.jpg", folder / "link.jpg"]) as files:
        assert all(image.file.is_file() for image in files)
        names = [image.path.removeprefix(f"{tmp_path}/") for image in files]
        assert names == [image.path.removeprefix(f"{tmp_path}/") for image in files]  # a second time
    assert names == ["in/b.jpg", "in/deep/a.jpg", "in/link.jpg", "more.zip/x/1.jpg", "in/b.jpg", "in/link.jpg"]
    assert not list(scratch.iterdir())


def test_links_are_followed_within_the_folder_and_named_where_they_leave_it(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / ".store" / "below").mkdir(parents=True)
    (folder / ".store" / "a").write_bytes(image_bytes())
    (tmp_path / "outside.jpg").write_bytes(image_bytes())
    targets = {"a.jpg": ".store/a", "below": ".store/below", "circle": "circle", "gone": "x", "out": "../outside.jpg"}
    for name, target in targets.items():
        (folder / name).symlink_to(target)
    (tmp_path / "same").symlink_to(folder)  # an input may be a link itself
    with find_images([tmp_path / "same"]) as files:
        found = {image.file.name: image.problem for image in files}
    assert found == {
        "a.jpg": "",
        "circle": "a link that leads nowhere",
        "gone": "a link that leads nowhere",
        "out": f"a link that leads out of the folder, to {tmp_path / 'outside.jpg'}",
    }


@pytest.mark.parametrize("name", ["nowhere", "pipe", "x" * 300, "nul\0"])
def test_what_is_no_file_and_no_folder_is_refused_before_the_walk(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError), find_images([tmp_path, tmp_path / name]):
        pytest.fail("went on")


def test_a_broken_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04")
    with find_images([tmp_path / "a.zip"]) as files, pytest.raises(ArchiveError):
        list(files)


def test_a_large_folder_is_listed_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "SORTED_AT_ONCE", 10)
    wanted = {f"{number:03}.jpg" for number in range(95)}
    for name in wanted:
        (tmp_path / name).touch()
    taken = 0
    scandir = os.scandir

    class Counted:
        """The system's own listing, with a count of what is taken from it."""

        def __init__(self, path: Any) -> None:
            self.entries = scandir(path)

        def __enter__(self) -> Iterator[os.DirEntry[str]]:
            return self.each()

        def __exit__(self, *_: object) -> None:
            self.entries.close()

        def each(self) -> Iterator[os.DirEntry[str]]:
            nonlocal taken
            for entry in self.entries:
                taken += 1
                yield entry

    monkeypatch.setattr("os.scandir", Counted)
    with find_images([tmp_path]) as files:
        for number, _ in enumerate(files):
            assert taken <= number + 10
        names = [Path(image.path).name for image in files]
    assert set(names) == wanted
    assert all(names[start : start + 10] == sorted(names[start : start + 10]) for start in range(0, 95, 10))


def test_folders_deeper_than_pythons_calls_are_walked(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    place = os.open(tmp_path / "d", os.O_DIRECTORY)
    try:
        for _ in range(1200):
            os.mkdir("d", dir_fd=place)
            below = os.open("d", os.O_DIRECTORY, dir_fd=place)
            os.close(place)
            place = below
        os.close(os.open("deep.jpg", os.O_CREAT | os.O_WRONLY, dir_fd=place))
        with find_images([tmp_path]) as files:
            assert [image.file.name for image in files] == ["deep.jpg"]
    finally:
        os.close(place)
        subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)  # pytest's own clean-up recurses


def test_what_cannot_be_listed_or_printed_is_found_with_words(tmp_path: Path) -> None:
    place = os.open(tmp_path, os.O_DIRECTORY)
    for _ in range(20):  # no path leads to the end of it
        os.mkdir("l" * 250, dir_fd=place)
        below = os.open("l" * 250, os.O_DIRECTORY, dir_fd=place)
        os.close(place)
        place = below
    os.close(place)
    (tmp_path / os.fsdecode(b"not \xff unicode.jpg")).write_bytes(image_bytes())
    with find_images([tmp_path]) as files:
        deep, odd = files
    assert "cannot be listed" in deep.problem
    assert odd.path.endswith("not \\xff unicode.jpg")
    assert odd.file.read_bytes() == image_bytes()


def test_the_table_that_is_written_is_no_image(tmp_path: Path) -> None:
    for name in ("a.csv", "b.jpg"):
        (tmp_path / name).touch()
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "a.csv").touch()
    with find_images([tmp_path], skip=[tmp_path / "below" / ".." / "a.csv"]) as files:
        names = [image.path.removeprefix(f"{tmp_path}/") for image in files]
    assert names == ["b.jpg", "below/a.csv"]


def test_a_folder_that_is_written_into_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.jpg", "sorted/cats/a.jpg", "sorted too.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    with find_images([Path()], skip=[tmp_path / "sorted", tmp_path.parent]) as files:
        assert [image.path for image in files] == ["a.jpg", "sorted too.jpg"]


def test_found_is_small() -> None:
    assert not hasattr(InputFile("a", Path("a")), "__dict__")
