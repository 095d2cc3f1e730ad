"""The burst of an image stands in its name, and in no other name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.datasets.collect.bursts import burst_of, image_name, is_burst, new_burst, number_of

BURST = "20261129-223510-a1b2c3"


@given(st.integers(1, 10**9), st.sampled_from([".jpg", ".png", ".webp"]), st.sampled_from(["", "cats/", "a/b/"]))
def test_a_name_gives_back_its_burst_and_number(number: int, suffix: str, folder: str) -> None:
    burst = new_burst()
    path = folder + image_name(burst, number, suffix)
    assert is_burst(burst)
    assert (burst_of(path), number_of(path)) == (burst, number)


def test_bursts_differ() -> None:
    assert len({new_burst() for _ in range(100)}) == 100


def test_a_copy_that_a_zip_renamed_keeps_its_burst() -> None:
    assert burst_of(f"train/cats/pawlab-{BURST}-0001-2.jpg") == BURST


@pytest.mark.parametrize(
    "name",
    [
        "cat.0.jpg",
        f"{BURST}-0001.jpg",
        f"pawlab-{BURST}-001.jpg",
        f"pawlab-{BURST}-0001",
        f"pawlab-{BURST}-0001.jpg\n",
        f"pawlab-{BURST.upper()}-0001.jpg",
        f"xpawlab-{BURST}-0001.jpg",
        f"pawlab-{BURST}-0001.jpg/cat.jpg",
        "pawlab-٢0261129-223510-a1b2c3-0001.jpg",
        "",
    ],
)
def test_another_name_has_none(name: str) -> None:
    assert (burst_of(name), number_of(name)) == ("", 0)
