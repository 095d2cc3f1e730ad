"""Which label is asked for next: typical images, then doubtful ones, and one in five that nobody has chosen."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.backbone.neighbours import unit
from core.errors import Cancelled
from core.instant.asking import HELD_OUT_EVERY, HELD_OUT_PLACE, TYPICAL_PER_CLASS, next_to_ask, suggestions
from core.instant.typical import k_means, most_typical

Floats = NDArray[np.float32]


def blobs(sizes: list[int], spread: float = 0.08, width: int = 12) -> tuple[Floats, NDArray[np.int64]]:
    """Features of unit length in groups that lie far apart, with the number of each one's group."""
    rng = np.random.default_rng(len(sizes))
    groups = np.repeat(np.arange(len(sizes)), sizes)
    around = np.eye(width)[groups] + spread * rng.normal(size=(len(groups), width))
    return unit(around.astype(np.float32)), groups


def nothing(number: int) -> NDArray[np.bool_]:
    return np.zeros(number, np.bool_)


def test_clusters_are_the_groups_however_unequal() -> None:
    features, groups = blobs([80, 40, 10, 5])
    clusters = k_means(features, 4, seed=0)
    assert len(set(zip(clusters.tolist(), groups.tolist(), strict=True))) == 4


def test_each_group_gives_its_densest_image_the_largest_group_first() -> None:
    features, groups = blobs([80, 40, 20, 10])
    chosen = most_typical(features, nothing(150), 4)
    assert groups[chosen].tolist() == [0, 1, 2, 3]
    for place, group in zip(chosen, range(4), strict=True):
        members = features[groups == group]
        near = min(20, len(members) - 1)
        apart = np.linalg.norm(members[:, np.newaxis] - members, axis=2)
        means = np.sort(apart, axis=1)[:, 1 : near + 1].mean(axis=1)
        assert np.array_equal(features[place], members[means.argmin()])


def test_groups_with_a_label_come_after_those_without() -> None:
    features, groups = blobs([80, 40, 20, 10])
    labelled = nothing(150)
    labelled[[0, 90]] = True
    assert groups[most_typical(features, labelled, 2)].tolist() == [2, 3]


def test_equal_images_are_no_trouble() -> None:
    features = np.repeat(np.eye(3, dtype=np.float32), 4, axis=0)
    assert sorted(most_typical(features, nothing(12), 12)) == list(range(12))
    assert sorted(most_typical(features[:1], nothing(1), 5)) == [0]


counts = st.integers(1, 25)


@given(counts, st.integers(1, 40), st.data())
def test_it_asks_for_what_has_no_label_each_once_and_for_what_was_skipped_last(
    rows: int, number: int, data: Any
) -> None:
    def drawn(kind: Any) -> NDArray[Any]:
        return np.array(data.draw(st.lists(kind, min_size=rows, max_size=rows)))

    labels, held_out, skipped = drawn(st.integers(-1, 2)), drawn(st.booleans()), drawn(st.booleans())
    features = unit(np.random.default_rng(rows).normal(size=(rows, 4)).astype(np.float32))
    asked = next_to_ask(features, labels, held_out, skipped=np.flatnonzero(skipped).tolist(), number=number)
    free = np.flatnonzero(labels < 0).tolist()
    assert len(asked) == len(set(asked)) == min(number, len(free))
    assert set(asked) <= set(free)
    assert skipped[asked].tolist() == sorted(skipped[asked].tolist())


def test_one_question_in_five_is_for_validation_and_drawn_whatever_the_images_are() -> None:
    features, groups = blobs([40, 40])
    held_out = np.random.default_rng(0).random(80) < 0.4
    asked: dict[str, list[int]] = {"as it is": [], "turned": []}
    for name, shown in (("as it is", features), ("turned", features[::-1])):
        labels = np.full(80, -1)
        for number in range(30):
            (row,) = next_to_ask(shown, labels, held_out, seed=3)
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
    asked = next_to_ask(features, labels, nothing(61), number=5)
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
    labels = np.full(len(groups), -1)
    for _ in range(9):
        (row,) = next_to_ask(features, labels, nothing(len(groups)))
        labels[row] = groups[row]
    rng = np.random.default_rng(0)
    by_chance = [len(set(rng.choice(groups, 9, replace=False))) for _ in range(200)]
    assert len(set(labels.tolist()) - {-1}) >= 8 > np.quantile(by_chance, 0.99)


def test_it_can_be_stopped() -> None:
    def stop() -> None:
        raise Cancelled("Stopped")

    features, _ = blobs([20, 20])
    with pytest.raises(Cancelled):
        next_to_ask(features, np.full(40, -1), nothing(40), stop=stop)
