"""Which dataset is open survives, and a broken note of it harms nobody."""

from pathlib import Path

import pytest

from core.datasets.current import SAMPLE, current_source, remember_source


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
