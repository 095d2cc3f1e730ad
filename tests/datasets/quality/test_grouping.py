from itertools import combinations
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.datasets.quality import grouping
from core.datasets.quality.candidates import Candidates
from core.datasets.quality.grouping import group


def candidates(pairs: list[tuple[int, int]], mirrored: list[bool] | None = None) -> Candidates:
    return Candidates(
        np.array(pairs, np.int32).reshape(-1, 2),
        np.linspace(1, 0.9, len(pairs), dtype=np.float32),
        np.array(mirrored if mirrored else [False] * len(pairs), np.bool_),
    )


def everyone(number: int) -> Candidates:
    return candidates(list(combinations(range(number), 2)))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=25))
def test_true_groups_are_found_from_any_proposals_that_connect_them(kinds: list[int]) -> None:
    areas = [100 + 7 * (index * 13 % 11) for index in range(len(kinds))]
    with mock.patch.object(grouping, "MOST_FAILURES", 1000):
        found = group(everyone(len(kinds)), areas, lambda first, second, mirrored: kinds[first] == kinds[second])
    expected = [[index for index, one in enumerate(kinds) if one == kind] for kind in set(kinds)]
    assert sorted(found) == sorted(members for members in expected if len(members) > 1)


@pytest.mark.parametrize("largest", ["first", "last", "same"])
def test_images_that_resemble_their_neighbours_do_not_chain(largest: str) -> None:
    areas = {"first": range(60, 0, -1), "last": range(60), "same": [1] * 60}[largest]
    chain = candidates([(index, index + 1) for index in range(59)])
    found = group(chain, list(areas), lambda first, second, mirrored: abs(first - second) <= 1)
    assert max(len(members) for members in found) <= 3


def test_orientation_is_carried_to_the_leader() -> None:
    asked: list[tuple[int, int, bool]] = []

    def check(first: int, second: int, *, mirrored: bool) -> bool:
        asked.append((first, second, mirrored))
        return True

    # 0 leads; 1 is its mirror image, 2 that of 1, 3 that of 2
    found = group(candidates([(0, 1), (1, 2), (2, 3)], [True] * 3), [9, 1, 1, 1], check)
    assert found == [[0, 1, 2, 3]]
    assert {(first, second): mirrored for first, second, mirrored in asked if first == 0} == {
        (0, 1): True,
        (0, 2): False,
        (0, 3): True,
    }


def test_a_group_that_the_leader_hardly_knows_is_not_absorbed() -> None:
    """1 leads 2..7; image 0 resembles 1 alone."""
    pairs = [(1, other) for other in range(2, 8)] + [(0, 1)]
    found = group(candidates(pairs), [9, 5, 1, 1, 1, 1, 1, 1], lambda first, second, mirrored: first or second == 1)
    assert found == [[1, 2, 3, 4, 5, 6, 7]]


def test_images_that_only_look_alike_are_given_up() -> None:
    asked: list[int] = []

    def check(first: int, second: int, *, mirrored: bool) -> bool:
        asked.append(first)
        return False

    assert group(everyone(300), [1] * 300, check) == []
    assert len(asked) <= 300 * grouping.MOST_FAILURES + grouping._BATCH


def test_a_large_group_of_another_photo_is_one_refusal() -> None:
    """The last two are proposed to every member of it before they are proposed to each other."""
    kinds = [0] * 3 * grouping.MOST_FAILURES + [1, 1]
    found = group(everyone(len(kinds)), [1] * len(kinds), lambda first, second, mirrored: kinds[first] == kinds[second])
    assert len(found) == 2


def test_the_number_of_comparisons_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "MOST_CHECKS", 200)
    asked: list[int] = []

    def check(first: int, second: int, *, mirrored: bool) -> bool:
        asked.append(first)
        return False

    group(everyone(300), [1] * 300, check)
    assert len(asked) <= 200 + grouping._BATCH


def test_identical_frames_cost_one_comparison_each() -> None:
    asked: list[int] = []

    def check(first: int, second: int, *, mirrored: bool) -> bool:
        asked.append(second)
        return True

    assert group(everyone(200), [1] * 200, check) == [list(range(200))]
    assert len(asked) <= 3 * 200


def test_no_proposals_no_groups() -> None:
    assert group(candidates([]), [1] * 5, lambda *_, **__: True) == []
