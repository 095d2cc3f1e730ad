"""Which label is asked for next: typical images, then doubtful ones, and one in five that nobody has chosen."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.backbone.neighbours import unit
from core.errors import Cancelled
from core.instant import typical
from core.instant.asking import HELD_OUT_EVERY, HELD_OUT_PLACE, TYPICAL_PER_CLASS, next_to_ask, suggestions
from core.instant.typical import typical_order

Floats = NDArray[np.float32]


def blobs(sizes: list[int], spread: float = 0.08, width: int = 12) -> tuple[Floats, NDArray[np.int64]]:
    """Features of unit length in groups that lie far apart, with the number of each one's group."""
    rng = np.random.default_rng(len(sizes))
    groups = np.repeat(np.arange(len(sizes)), sizes)
    around = np.eye(width)[groups] + spread * rng.normal(size=(len(groups), width))
    return unit(around.astype(np.float32)), groups


def nothing(number: int) -> NDArray[np.bool_]:
    return np.zeros(number, np.bool_)


def test_each_next_typical_image_brings_all_nearest_and_large_groups_come_first() -> None:
    features, groups = blobs([80, 40, 20, 10])
    order = typical_order(features, 6)
    assert groups[order[:4]].tolist() == [0, 1, 2, 3]

    def nearness(rows: list[int]) -> float:
        return float((features @ features[rows].T).clip(0).max(axis=1).sum())

    for number in range(1, 7):
        best = max(nearness([*order[: number - 1], row]) for row in range(150))
        assert nearness(order[:number]) == pytest.approx(best, abs=1e-3)


def test_an_outlier_is_not_typical() -> None:
    features, groups = blobs([30, 30, 1])
    assert 2 not in groups[typical_order(features, 2)]


def test_equal_images_are_no_trouble() -> None:
    features = np.repeat(np.eye(3, dtype=np.float32), 4, axis=0)
    assert sorted(typical_order(features)) == list(range(12))
    assert typical_order(features[:1], 5) == [0]
    assert typical_order(features[:0]) == []


def test_of_very_many_some_stand_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typical, "MOST_COMPARED", 50)
    features, groups = blobs([80, 40, 20, 10])
    order = typical_order(features)
    assert len(order) == len(set(order)) == 50
    assert set(groups[order[:4]]) == {0, 1, 2, 3}


counts = st.integers(1, 25)


@given(counts, st.integers(1, 40), st.data())
def test_it_asks_for_what_has_no_label_each_once_and_for_what_was_skipped_last(
    rows: int, number: int, data: Any
) -> None:
    def drawn(kind: Any) -> NDArray[Any]:
        return np.array(data.draw(st.lists(kind, min_size=rows, max_size=rows)))

    labels, held_out, skipped = drawn(st.integers(-1, 2)), drawn(st.booleans()), drawn(st.booleans())
    features = unit(np.random.default_rng(rows).normal(size=(rows, 4)).astype(np.float32))
    order = typical_order(features, 9)
    asked = next_to_ask(features, labels, held_out, order, skipped=np.flatnonzero(skipped).tolist(), number=number)
    free = np.flatnonzero(labels < 0).tolist()
    assert len(asked) == len(set(asked)) == min(number, len(free))
    assert set(asked) <= set(free)
    assert skipped[asked].tolist() == sorted(skipped[asked].tolist())


def test_one_question_in_five_is_for_validation_and_drawn_whatever_the_images_are() -> None:
    features, groups = blobs([40, 40])
    held_out = np.random.default_rng(0).random(80) < 0.4
    asked: dict[str, list[int]] = {"as it is": [], "turned": []}
    for name, shown in (("as it is", features), ("turned", features[::-1])):
        labels, order = np.full(80, -1), typical_order(shown)
        for number in range(30):
            (row,) = next_to_ask(shown, labels, held_out, order)
            assert held_out[row] == (number % HELD_OUT_EVERY == HELD_OUT_PLACE)
            labels[row] = groups[row]
            asked[name] += [row] if held_out[row] else []
    assert asked["as it is"] == asked["turned"]
    assert len(asked["turned"]) == 6


def test_after_the_typical_ones_it_asks_where_the_model_is_least_sure() -> None:
    angles = np.linspace(0, np.pi / 2, 61)
    features = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    labels = np.full(61, -1)
    labels[:TYPICAL_PER_CLASS] = 0
    labels[-TYPICAL_PER_CLASS:] = 1
    asked = next_to_ask(features, labels, nothing(61), range(61), number=5)
    assert sorted(asked) == [28, 29, 30, 31, 32], "the middle, where both classes are as near"
    found = suggestions(features, labels)
    assert len(found.rows) == 51
    assert found.labels.tolist() == (found.rows > 30).astype(int).tolist() or abs(found.rows[-1] - 30) <= 1
    assert np.all(np.diff(found.margins) <= 0)
    assert set(asked) == set(found.rows[-5:].tolist())


def test_one_class_alone_gives_no_suggestions() -> None:
    features, _ = blobs([10, 10])
    labels = np.full(20, -1)
    labels[3] = 0
    assert len(suggestions(features, labels).rows) == 0


def test_few_labels_know_more_groups_than_chance_finds() -> None:
    """Of nine groups, the smallest a 25th of the largest."""
    features, groups = blobs([200, 100, 80, 60, 40, 30, 20, 10, 8])
    labels, order = np.full(len(groups), -1), typical_order(features)
    for _ in range(9):
        (row,) = next_to_ask(features, labels, nothing(len(groups)), order)
        labels[row] = groups[row]
    rng = np.random.default_rng(0)
    by_chance = [len(set(rng.choice(groups, 9, replace=False))) for _ in range(200)]
    assert len(set(labels.tolist()) - {-1}) >= 8 > np.quantile(by_chance, 0.99)


def test_it_can_be_stopped() -> None:
    def stop(phase: str, done: int, total: int) -> None:
        if (phase, done) == ("typical", 3):
            raise Cancelled("Stopped")

    with pytest.raises(Cancelled):
        typical_order(blobs([20, 20])[0], progress=stop)
