"""Names that become files elsewhere."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.text.file_names import FILE_BYTES, FORBIDDEN, file_name, folded, is_device, is_ignored
from core.text.lines import is_hidden

ORDINARY = [
    "cat.0001.jpg",
    "größe.png",
    "猫.webp",
    "a b (2).jpg",
    "it's.jpg",
    "no suffix",
    "COM10.jpg",
    "console.jpg",
    "👩\u200d🔬",
]


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_names_stay(name: str) -> None:
    assert file_name(name) == name


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
        ("a\u200eb\u2028c", "a_b_c"),
        ("e\u0301.jpg", "é.jpg"),
    ],
)
def test_odd_names_become_safe_and_stay_readable(name: str, safe: str) -> None:
    assert file_name(name) == safe


def test_a_long_name_keeps_its_suffix() -> None:
    name = file_name("猫" * 100 + ".jpeg")
    assert name.endswith("猫.jpeg")
    assert FILE_BYTES - 3 < len(name.encode()) <= FILE_BYTES


@given(st.text(max_size=300))
@example("\udc80.jpg")
@example("a" * 112 + " . .jpeg")
@example("x" * 300 + "." + "猫" * 10)
def test_every_name_becomes_one_that_all_file_systems_take(name: str) -> None:
    safe = file_name(name)
    assert 0 < len(safe.encode()) <= FILE_BYTES
    assert not set(safe) & set(FORBIDDEN)
    assert not any(map(is_hidden, safe))
    assert safe == safe.lstrip() and safe[-1] not in " ."
    assert not is_ignored(safe)
    assert safe.split(".")[0].strip().upper() not in {"CON", "PRN", "AUX", "NUL", "COM1", "LPT9"}
    assert file_name(safe) == safe


def test_a_name_of_which_nothing_is_left_has_another() -> None:
    assert file_name(" . ", fallback="zip") == "zip"


@given(st.text(max_size=40))
@example("ẞ")
@example("e\u0301É")
@example("\u0345\u0301")
def test_spellings_that_one_file_system_takes_for_one_name_are_folded_alike(text: str) -> None:
    assert folded(folded(text)) == folded(text)
    assert folded(unicodedata.normalize("NFD", text)) == folded(text)
    assert folded(text.swapcase().swapcase()) == folded(text.swapcase().swapcase().casefold())


@pytest.mark.parametrize("name", ["con", "NUL.txt", "com1", "lpt9.jpg", "aux .txt", "CONIN$"])
def test_a_device_is_known_by_its_name_whatever_the_suffix(name: str) -> None:
    assert is_device(name)
    assert not is_device(f"x{name}")
