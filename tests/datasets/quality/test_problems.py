import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.datasets.quality.problems import (
    BLURRY_SHARPNESS,
    HUGE_BYTES,
    HUGE_PIXELS,
    LOW_ENTROPY,
    ODD_ASPECT,
    PROBLEMS,
    TINY_SIDE,
    VERY_BRIGHT,
    VERY_DARK,
    Problem,
)
from core.datasets.quality.signature import signature
from core.datasets.records import ImageRecord
from tests.datasets.look_alike_files import drawing, small_grey

SIGNATURE = signature(small_grey(drawing(1)))
EMPTY = hashlib.sha256(b"").hexdigest()
GOOD = ImageRecord(
    "train/cats/a.jpg", "train", "cats", "0" * 64, 50_000, 500, 375, "JPEG", "RGB", "", 1, 0.45, 500.0, 7.4, SIGNATURE
)


def problems_of(record: ImageRecord) -> list[Problem]:
    return [problem for problem in PROBLEMS if problem.detail(record)]


def keys(**changes: Any) -> list[str]:
    return [problem.key for problem in problems_of(replace(GOOD, **changes))]


def test_a_good_photo_has_no_problem() -> None:
    assert keys() == []


@pytest.mark.parametrize(
    ("key", "bad", "just_good"),
    [
        ("wrong_extension", {"format": "PNG"}, {"path": "train/cats/a.PNG", "format": "PNG"}),
        ("wrong_extension", {"path": "train/cats/a"}, {"path": "train/cats/a.jpeg"}),
        ("tiny", {"height": TINY_SIDE - 1, "width": 100}, {"height": TINY_SIDE, "width": 100}),
        ("tiny", {"width": TINY_SIDE - 1, "height": 100}, {"width": TINY_SIDE, "height": 100}),
        ("huge", {"width": 5000, "height": HUGE_PIXELS // 5000 + 1}, {"width": 5000, "height": HUGE_PIXELS // 5000}),
        ("huge", {"bytes": HUGE_BYTES + 1}, {"bytes": HUGE_BYTES}),
        ("animated", {"frames": 2}, {"frames": 1}),
        ("odd_aspect", {"width": int(200 * ODD_ASPECT) + 1, "height": 200}, {"width": int(200 * ODD_ASPECT)}),
        ("odd_aspect", {"height": int(200 * ODD_ASPECT) + 1, "width": 200}, {"height": int(200 * ODD_ASPECT)}),
        ("very_dark", {"brightness": VERY_DARK - 0.001}, {"brightness": VERY_DARK}),
        ("very_bright", {"brightness": VERY_BRIGHT + 0.001}, {"brightness": VERY_BRIGHT}),
        ("blurry", {"sharpness": 5.0}, {"sharpness": BLURRY_SHARPNESS}),
        ("low_information", {"entropy": LOW_ENTROPY - 0.001}, {"entropy": LOW_ENTROPY}),
    ],
)
def test_each_problem_begins_at_its_threshold(key: str, bad: dict[str, Any], just_good: dict[str, Any]) -> None:
    assert keys(**bad) == [key]
    assert keys(**just_good) == []


def test_a_smooth_image_is_not_blurred() -> None:
    """Little contrast gives little sharpness, however sharp the edges are."""
    pale = signature((small_grey(drawing(1)) * 0.2 + 100).astype(np.uint8))
    assert keys(sharpness=20.0) == ["blurry"]
    assert keys(sharpness=20.0, signature=pale) == []


def test_an_unreadable_file_has_that_problem_alone() -> None:
    broken = {"reason": "the image is cut off", "width": 0, "height": 0, "format": "", "signature": b""}
    assert keys(**broken, brightness=0.0, entropy=0.0, sharpness=0.0, bytes=10 * HUGE_BYTES) == ["unreadable"]
    (problem,) = problems_of(replace(GOOD, reason="the image is cut off"))
    assert problem.detail(replace(GOOD, reason="the image is cut off")) == "the image is cut off"


def test_an_empty_file_is_empty_and_not_unreadable() -> None:
    assert keys(reason="the file is empty", digest=EMPTY, bytes=0, signature=b"") == ["empty"]
    assert keys(reason="the file cannot be read", digest="", bytes=0, signature=b"") == ["unreadable"]


def test_what_was_not_measured_is_not_judged() -> None:
    assert keys(brightness=0.0, sharpness=0.0, entropy=0.0, signature=b"") == []


@pytest.mark.parametrize("forged", [b"x", b"\x80" * 81, b"\0" * 81, b"x" * 1000])
def test_a_forged_signature_is_survived(forged: bytes) -> None:
    assert keys(signature=forged, sharpness=1e-3) in (["blurry"], [])


def test_keys_are_unique_and_words_are_there() -> None:
    assert len({problem.key for problem in PROBLEMS}) == len(PROBLEMS)
    for problem in PROBLEMS:
        assert problem.title and problem.why.endswith(".") and problem.key.isidentifier()
