"""Uploads: kept under their own names, refused whole where a name is hostile."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.datasets import open_dataset, uploads
from core.datasets.uploads import keep_folder, keep_zip
from core.errors import ArchiveError, DatasetError, PawlabError
from core.storage.home import subfolder
from core.text.file_names import file_name
from tests.drawing import image_bytes, make_zip, write_images, zip_folder
from tests.examples import FEW

FILES = [
    (f"pets/{label}/{n}.jpg", image_bytes(n + 9 * (label == "dogs"))) for label in ("cats", "dogs") for n in (1, 2)
]


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_an_uploaded_zip_keeps_its_name(tmp_path: Path) -> None:
    content = zip_folder(write_images(tmp_path / "data", {"cats": 3, "dogs": 3}))
    path = keep_zip(memoryview(content), "Our Größte Pets.zip")
    dataset = open_dataset(str(path))
    assert (dataset.name, dataset.source.text) == ("Our Größte Pets", str(path))


def test_the_same_name_with_other_content_is_another_zip() -> None:
    one, other = make_zip({"a": b"1"}), make_zip({"a": b"2"})
    assert keep_zip(one, "a.zip") != keep_zip(other, "a.zip")
    assert keep_zip(one, "a.zip").read_bytes() == one


@FEW
@given(st.text(max_size=300))
@pytest.mark.parametrize("before", ["", "../../", "/etc/", "C:\\x\\", "con", "nul."])
def test_no_name_leads_out_of_the_uploads(before: str, name: str) -> None:
    path = keep_zip(make_zip({"a": b"1"}), before + name)
    assert path.is_file()
    assert path.parent.parent == subfolder("uploads")
    assert path.stem == file_name(path.stem)
    assert path.suffix == ".zip"
    assert len(path.name.encode()) <= 120


@pytest.mark.parametrize("content", [b"", b"PK", b"<html>", image_bytes()])
def test_what_is_no_zip_is_not_kept(pawlab_home: Path, content: bytes) -> None:
    with pytest.raises(ArchiveError, match=r"zip is broken: .* does not begin like one"):
        keep_zip(content, "a.zip")
    assert not (pawlab_home / "uploads").exists()


def test_an_uploaded_folder_is_a_source_with_its_name() -> None:
    path = keep_folder(FILES)
    dataset = open_dataset(str(path))
    assert dataset.name == "pets"
    assert {record.path for record in dataset.usable()} == {name.removeprefix("pets/") for name, _ in FILES}
    assert dataset.file(dataset.usable()[0]).read_bytes() == FILES[0][1]


def test_a_browser_that_leaves_out_the_folders_name() -> None:
    path = keep_folder([(name.removeprefix("pets/"), content) for name, content in FILES])
    assert path.name == uploads.NAMELESS
    assert open_dataset(path).classes == ("cats", "dogs")


def test_the_same_folder_is_written_once_and_in_any_order(pawlab_home: Path) -> None:
    assert keep_folder(FILES) == keep_folder(FILES[::-1])
    assert len(list((pawlab_home / "datasets").iterdir())) == 1
    assert keep_folder([*FILES[:-1], (FILES[-1][0], b"other")]) != keep_folder(FILES)


def test_what_no_dataset_means_is_left_out() -> None:
    path = keep_folder([*FILES, ("pets/.git/config", b"x"), ("pets/cats/Thumbs.db", b"x"), (".hidden", b"x")])
    assert len(files_below(path)) == len(FILES)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil.jpg", "leads out"),
        ("pets/../../evil.jpg", "leads out"),
        ("/etc/evil.jpg", "leads out"),
        ("C:/evil.jpg", "leads out"),
        ("c:evil.jpg", "leads out"),
        ("pets\\..\\evil.jpg", "no file can have"),
        ("pets/a\0b.jpg", "no file can have"),
        ("pets/\ud800.jpg", "no file can have"),
        ("", "no file can have"),
        ("./", "no file can have"),
        ("pets/" + "d/" * 40 + "x.jpg", "a file in more than 31 folders"),
        ("pets/" + "ü" * 128 + ".jpg", "a name of more than 255 bytes"),
        ("pets/cats/1.jpg", "same name twice"),
        ("pets/CATS/1.JPG", "same name twice"),
        ("pets/cats", "a file and a folder"),
        ("pets/cats/1.jpg/x.jpg", "a file and a folder"),
        ("pets/cats/CON", "Windows reserves"),
        ("pets/nul.jpg", "Windows reserves"),
    ],
)
def test_a_hostile_name_refuses_the_whole_folder(tmp_path: Path, pawlab_home: Path, name: str, reason: str) -> None:
    with pytest.raises(DatasetError, match=reason):
        keep_folder([*FILES, (name, b"x")])
    assert files_below(tmp_path) == []


def test_two_spellings_of_one_name_are_refused() -> None:
    with pytest.raises(DatasetError, match="same name twice"):
        keep_folder([("a/\u00e9.jpg", b"1"), ("a/e\u0301.jpg", b"2")])


def test_too_many_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_FILES", 3)
    with pytest.raises(DatasetError, match="has 4 files"):
        keep_folder(FILES)


def test_too_many_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_FOLDER_BYTES", 100)
    with pytest.raises(DatasetError, match="Expected at most"):
        keep_folder(FILES)


@pytest.mark.parametrize("files", [[], [(".hidden", b"x")]])
def test_an_empty_folder_is_refused(files: list[tuple[str, bytes]]) -> None:
    with pytest.raises(DatasetError, match="holds no files"):
        keep_folder(files)


def test_a_folder_that_cannot_be_written_whole_leaves_nothing(
    pawlab_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = 0
    write = Path.write_bytes

    def fails(path: Path, content: bytes) -> int:
        nonlocal written
        written += 1
        if written == 3:
            raise OSError("disk full")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", fails)
    with pytest.raises(PawlabError, match=f"cannot be stored in {pawlab_home}/datasets: disk full"):
        keep_folder(FILES)
    assert list((pawlab_home / "datasets").iterdir()) == []
