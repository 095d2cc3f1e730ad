"""Which dataset is open survives, and a broken note of it harms nobody."""

import json
from pathlib import Path

import pytest

from core.datasets.current import SAMPLE, current_source, local_source, may_change, recent_paths, remember_source


def test_the_drawn_sample_is_open_at_first() -> None:
    assert current_source() == SAMPLE


def test_a_source_is_remembered() -> None:
    remember_source('/photos/Größe "x"')
    assert current_source() == '/photos/Größe "x"'


@pytest.mark.parametrize("content", [b"", b"[]", b'{"source": 7}', b'{"source": ""}', b"\xff"])
def test_a_broken_note_counts_as_none(pawlab_home: Path, content: bytes) -> None:
    remember_source("/photos")
    (pawlab_home / "dataset.json").write_bytes(content)
    assert current_source() == SAMPLE


def test_folders_and_zips_are_remembered_the_latest_first(tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in ("a", "b", "c")]
    for path in paths:
        Path(path).mkdir()
    for source in (*paths, "sample", "cats_and_dogs", "https://host/a.zip", paths[1]):
        remember_source(source)
    assert recent_paths() == [paths[1], paths[2], paths[0]]
    assert current_source() == paths[1]


def test_at_most_eight_are_remembered_and_those_that_are_gone_stand_last(tmp_path: Path) -> None:
    paths = [str(tmp_path / str(number)) for number in range(10)]
    for number, path in enumerate(paths):
        if number % 2:
            Path(path).mkdir()
        remember_source(path)
    assert recent_paths() == [paths[n] for n in (9, 7, 5, 3, 8, 6, 4, 2)]


@pytest.mark.parametrize(
    ("recent", "read"),
    [
        (7, []),
        ({"a": 1}, []),
        ([1, None, "", ["x"], "/a"], ["/a"]),
        (["/a", "/a"], ["/a"]),
        (["a\0b", "~nobody-of-this-name"], ["a\0b", "~nobody-of-this-name"]),
        (["\ud800"], []),
    ],
)
def test_a_forged_list_is_read_safely(pawlab_home: Path, recent: object, read: list[str]) -> None:
    remember_source("sample")
    (pawlab_home / "dataset.json").write_text(json.dumps({"source": "/photos", "recent": recent}))
    assert recent_paths() == read
    assert current_source() == "/photos"
    remember_source("/other")
    assert recent_paths()[0] == "/other"


def test_a_typed_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    assert local_source(" sample ") == str(tmp_path / "sample")
    assert local_source('"/a b/c"') == "/a b/c"
    assert local_source("'/a b/c'") == "/a b/c"
    assert local_source("~/pets") == "/home/me/pets"
    assert local_source("~nobody-of-this-name/x") == "~nobody-of-this-name/x"


def test_only_what_lies_in_a_place_of_the_users_own_may_change(tmp_path: Path, pawlab_home: Path) -> None:
    assert may_change(str(tmp_path / "pets.zip"))
    kept = str(pawlab_home / "uploads" / "pets.zip")
    assert not any(may_change(source) for source in (SAMPLE, "cats_and_dogs", "https://host/a.zip", kept))
