"""What a user gives becomes one value: its kind, name and place, and nothing secret in what is shown or stored."""

from pathlib import Path

import pytest

from core.datasets.source import address_name, resolve_source, typed_path
from core.errors import DatasetError
from tests.drawing import write_images, zip_folder


def test_each_kind_is_told_from_what_is_given(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "pets", {"cats": 1})
    (tmp_path / "all pets.zip").write_bytes(zip_folder(folder))
    given: list[str | Path] = [
        "sample",
        "cats_and_dogs",
        "https://host/our.zip",
        str(folder),
        tmp_path / "all pets.zip",
    ]
    sources = [resolve_source(source) for source in given]
    assert [source.kind for source in sources] == ["sample", "public", "web", "folder", "zip"]
    assert [source.name for source in sources] == ["sample", "cats_and_dogs_filtered", "our", "pets", "all pets"]
    assert [source.is_remote for source in sources] == [False, True, True, False, False]
    assert [source.text for source in sources] == [str(source) for source in given]


@pytest.mark.parametrize(
    "text", ["./sample", "./cats_and_dogs", "ftp://host/a.zip", "file:///a.zip", "cats", "x" * 5000]
)
def test_any_other_text_is_a_path(text: str) -> None:
    assert resolve_source(text).kind == "folder"


def test_a_path_is_never_a_word_or_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert resolve_source(Path("sample")).text == str(tmp_path / "sample")
    assert resolve_source(Path("https://host/a.zip")).kind == "folder"


def test_a_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    assert resolve_source("pets").text == str(tmp_path / "pets")
    assert resolve_source("~/pets").text == "/home/me/pets"
    assert resolve_source("~nobody-of-this-name/x").text == "~nobody-of-this-name/x"
    assert resolve_source(".").name == tmp_path.name


def test_nothing_is_no_source() -> None:
    with pytest.raises(DatasetError, match="no folder and no zip at ''"):
        resolve_source("")


@pytest.mark.parametrize("text", [' "/a b/c"', "'/a b/c' ", "/a b/c"])
def test_a_typed_path_may_be_in_quotation_marks(text: str) -> None:
    assert typed_path(text) == Path("/a b/c")


def test_what_is_stored_gives_the_same_source_without_its_secrets() -> None:
    source = resolve_source("https://me:hush@host/our pets.zip?token=hush#hush")
    assert "hush" not in f"{source} {source.text} {source.name} {source.path}"
    again = resolve_source(source.text)
    assert (again, again.path, again.name, again.url) == (source, source.path, "our pets", "")


def test_different_secrets_are_different_sources() -> None:
    one, other = (resolve_source(f"https://host/a.zip?x={number}") for number in (1, 2))
    assert one != other
    assert one.path != other.path


def test_only_what_is_among_the_users_own_files_may_change(tmp_path: Path, pawlab_home: Path) -> None:
    assert resolve_source(tmp_path / "pets.zip").may_change
    kept = str(pawlab_home / "uploads" / "pets.zip")
    assert not any(
        resolve_source(source).may_change for source in ("sample", "cats_and_dogs", "https://host/a.zip", kept)
    )


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://host/a/pets.zip?x=1", "pets"),
        ("https://host", "host"),
        ("https://host/", "host"),
        ("https://host/%0A%0Dx%00y.zip", "xy"),
        ("https://host/" + "n" * 500, "n" * 80),
        ("https://host/..%2f..%2fetc", "etc"),
        ("http://[", "The address"),
    ],
)
def test_a_name_comes_from_the_address(url: str, name: str) -> None:
    assert address_name(url) == name
