"""What `load_model` reads back, and what it refuses in one line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from core.storage.models import load_model, parse_model


@dataclass(frozen=True)
class Note:
    name: str
    counts: tuple[int, ...] = ()


NOTES = st.builds(Note, name=st.text(st.characters(codec="utf-8")), counts=st.lists(st.integers()).map(tuple))


@given(NOTES)
def test_what_was_stored_comes_back(note: Note) -> None:
    assert parse_model(TypeAdapter(Note).dump_json(note), Note) == note


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "Invalid JSON"),
        (b"[" * 100_000, "Invalid JSON"),
        (b"\xff", "Invalid JSON"),
        (b'{"name": "\\ud800"}', "Invalid JSON"),
        (b"[]", "note.json: Input should be"),
        (b"{}", "name: Field required"),
        (b'{"name": 3}', "name: Input should be a valid string"),
        (b'{"name": "a", "counts": [1, "x"]}', "counts.1: "),
    ],
)
def test_what_is_not_of_the_type_is_refused_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "note.json"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"note\.json") as error:
        load_model(file, Note)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_large_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "note.json"
    file.write_text('{"name": "' + "a" * 100 + '"}')
    assert load_model(file, dict[str, Any])["name"]
    with pytest.raises(OSError, match="the limit is 50"):
        load_model(file, dict[str, Any], max_bytes=50)
