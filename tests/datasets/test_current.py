"""Which dataset is open survives, and a broken note of it harms nobody."""

import json
from pathlib import Path

import pytest

from core.datasets.current import current_source, recent_paths, remember_source
from core.datasets.source import SAMPLE


def test_the_drawn_sample_is_open_at_first() -> None:
    assert current_source().text == SAMPLE


def test_a_source_is_remembered() -> None:
    remember_source('/photos/Größe "x"')
    assert current_source().text == '/photos/Größe "x"'


@pytest.mark.parametrize("content", [b"", b"[]", b'{"source": 7}', b'{"source": ""}', b"\xff"])
def test_a_broken_note_counts_as_none(pawlab_home: Path, content: bytes) -> None:
    remember_source("/photos")
    (pawlab_home / "dataset.json").write_bytes(content)
    assert current_source().text == SAMPLE


def test_folders_and_zips_are_remembered_the_latest_first(tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in ("a", "b", "c")]
    for path in paths:
        Path(path).mkdir()
    for source in (*paths, "sample", "cats_and_dogs", "https://host/a.zip", paths[1]):
        remember_source(source)
    assert recent_paths() == [paths[1], paths[2], paths[0]]
    assert current_source().text == paths[1]


def test_at_most_eight_are_remembered_and_those_that_are_gone_stand_last(tmp_path: Path) -> None:
    paths = [str(tmp_path / str(number)) for number in range(10)]
    for number, path in enumerate(paths):
        if number % 2:
            Path(path).mkdir()
        remember_source(path)
    assert recent_paths() == [paths[n] for n in (9, 7, 5, 3, 8, 6, 4, 2)]


@pytest.mark.parametrize("recent", [7, {"a": 1}, [1, None], [""], ["\ud800"]])
def test_a_forged_list_is_read_as_no_file(pawlab_home: Path, recent: object) -> None:
    pawlab_home.mkdir(parents=True, exist_ok=True)
    (pawlab_home / "dataset.json").write_text(json.dumps({"source": "/photos", "recent": recent}))
    assert recent_paths() == []
    assert current_source().text == SAMPLE
    remember_source("/other")
    assert recent_paths() == ["/other"]


@pytest.mark.parametrize("path", ["a\0b", "~nobody-of-this-name", "x" * 5000])
def test_a_path_that_cannot_be_is_listed_and_harms_nobody(pawlab_home: Path, path: str) -> None:
    pawlab_home.mkdir(parents=True, exist_ok=True)
    (pawlab_home / "dataset.json").write_text(json.dumps({"source": path, "recent": ["/a", "/a", path]}))
    assert recent_paths() == ["/a", path]
    assert current_source().kind == "folder"
