"""Figures in words."""

import pytest

from pages.ui.shared.text import duration


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.0271, "27 ms"), (0.3, "0.3 s"), (12.4, "12 s"), (89.0, "89 s"), (300.0, "5 min")]
)
def test_a_duration_has_the_unit_in_which_it_says_something(seconds: float, words: str) -> None:
    assert duration(seconds) == words
