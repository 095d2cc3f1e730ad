"""Names that become files elsewhere."""

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.archives import is_ignored
from core.datasets.names import FILE_BYTES, FORBIDDEN, check_class_name, safe_name
from core.errors import DatasetError

ORDINARY = ["cat.0001.jpg", "größe.png", "猫.webp", "a b (2).jpg", "it's.jpg", "no suffix", "COM10.jpg", "console.jpg"]


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_names_stay(name: str) -> None:
    assert safe_name(name) == name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a:b?.jpg", "a_b_.jpg"),
        ("a\nb\\c.jpg", "a_b_c.jpg"),
        ("con.jpg", "_con.jpg"),
        ("LPT1", "_LPT1"),
        ("aux .txt", "_aux .txt"),
        ("dots...", "dots"),
        (" space ", "space"),
        (".hidden.jpg", "_.hidden.jpg"),
        ("Thumbs.db", "_Thumbs.db"),
        ("...", "_"),
        ("gpj.\u202etac", "gpj._tac"),
        ("e\u0301.jpg", "é.jpg"),
    ],
)
def test_odd_names_become_safe_and_stay_readable(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_long_name_keeps_its_suffix() -> None:
    name = safe_name("猫" * 100 + ".jpeg")
    assert name.endswith("猫.jpeg")
    assert FILE_BYTES - 3 < len(name.encode()) <= FILE_BYTES


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=300))
@example("\udc80.jpg")
@example("a" * 112 + " . .jpeg")
@example("x" * 300 + "." + "猫" * 10)
def test_every_name_becomes_one_that_all_file_systems_take(name: str) -> None:
    safe = safe_name(name)
    assert 0 < len(safe.encode()) <= FILE_BYTES
    assert not set(safe) & set(FORBIDDEN)
    assert not any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in safe)
    assert safe == safe.lstrip() and safe[-1] not in " ."
    assert not is_ignored(safe)
    assert safe.split(".")[0].strip().upper() not in {"CON", "PRN", "AUX", "NUL", "COM1", "LPT9"}
    assert safe_name(safe) == safe


@pytest.mark.parametrize("name", ["cats", "birds", "猫", "not sure", "v1.2", "x" * 100])
def test_a_class_or_a_name_that_can_be_a_folder_is_taken(name: str) -> None:
    check_class_name(name, ["cats", "dogs"])


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a/b",
        "..",
        ".",
        "../../etc",
        "a\nb",
        "nul",
        "x" * 101,
        "猫" * 101,
        ".git",
        "dogs ",
        "Dogs",
        "a:b",
        "\ud800",
    ],
)
def test_a_name_that_cannot_be_a_folder_or_is_nearly_a_class_is_refused(name: str) -> None:
    with pytest.raises(DatasetError, match="Expected"):
        check_class_name(name, ["cats", "dogs"])


def test_a_class_that_is_there_is_taken_however_odd() -> None:
    check_class_name("a:b ", ["a:b ", "c"])
