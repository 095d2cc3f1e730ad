"""Two runs on the same pictures: published examples, what an interval promises, and which pictures count."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.datasets import Dataset, ImageRecord
from core.evaluation.answers import Answers
from core.evaluation.paired import Paired, compare, paired_interval, verdict

numbers = st.integers(0, 200)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ((1, 1, 7, 12), (-0.507, -0.026)),  # Fagerland, Lydersen and Laake, Statistics in Medicine 33 (2014)
        ((14, 5, 0, 22), (0.011, 0.226)),  # Altman, Machin, Bryant and Gardner, "Statistics with confidence" (2000)
        ((36, 12, 2, 0), (0.0569, 0.3404)),  # Newcombe (1998)
    ],
)
def test_published_examples(table: tuple[int, int, int, int], expected: tuple[float, float]) -> None:
    assert paired_interval(*table) == pytest.approx(expected, abs=6e-4)


@settings(deadline=None)
@given(numbers, numbers, numbers, numbers)
def test_it_holds_the_difference_and_turns_round_with_the_sides(a: int, b: int, c: int, d: int) -> None:
    if not a + b + c + d:
        with pytest.raises(ValueError, match="picture"):
            paired_interval(a, b, c, d)
        return
    low, high = paired_interval(a, b, c, d)
    assert -1 <= low <= (b - c) / (a + b + c + d) + 1e-12
    assert (b - c) / (a + b + c + d) - 1e-12 <= high <= 1
    assert paired_interval(a, c, b, d) == pytest.approx((-high, -low))


def test_nineteen_of_twenty_intervals_hold_the_true_difference() -> None:
    random = np.random.default_rng(0)
    shares = [0.9, 0.05, 0.02, 0.03]
    tables = random.multinomial(300, shares, 2000)
    held = sum(low <= 0.03 <= high for low, high in (paired_interval(*map(int, table)) for table in tables))
    assert 0.94 <= held / 2000 <= 0.98


def records(*labels: str) -> list[ImageRecord]:
    return [ImageRecord(f"validation/{n}.jpg", "validation", label, f"{n:064x}") for n, label in enumerate(labels)]


def answers(classes: str, labels: str, given: str) -> Answers:
    table = np.full((len(given), len(classes)), 0.1)
    table[np.arange(len(given)), [classes.index(one) for one in given]] = 0.8
    return Answers(tuple(classes), np.array([classes.index(one) for one in labels]), table)


def dataset(some: list[ImageRecord]) -> Dataset:
    return Dataset("x", Path(), "x", "folder", tuple(some), tuple({one.label for one in some}))


def test_pictures_are_matched_by_path_and_content_and_judged_by_the_labels_of_today() -> None:
    first = records("a", "a", "b", "b", "c", "a")
    now = [replace(one, excluded=number == 1) for number, one in enumerate(first)]
    now[2] = replace(now[2], label="a", folder_label="b")
    second = [now[number] for number in (5, 4, 3, 2, 0)]  # in another order, without the excluded one
    second[0] = replace(second[0], digest="f" * 64)  # the file has changed meanwhile
    paired = compare(answers("abc", "aabbca", "aaaaca"), first, answers("abc", "acbaa", "abbab"), second, dataset(now))
    # 0: a, answered a and b. 1 excluded. 2: a today, answered a by both. 3: b, answered a and b. 4: c, c and b. 5 gone.
    assert (paired.both, paired.only_first, paired.only_second) == (1, ((0, 4), (4, 1)), ((3, 2),))
    assert (paired.neither, paired.left_out, paired.num_images) == (0, 2, 4)
    assert paired.difference[0] == pytest.approx(-0.25)
    assert paired.first.value - paired.second.value == pytest.approx(0.25)


def test_of_augmented_copies_only_the_original_counts() -> None:
    some = records("a", "b")
    twice = [one for one in some for _ in range(2)]
    paired = compare(answers("ab", "aabb", "abba"), twice, answers("ab", "ab", "ab"), some, dataset(some))
    assert (paired.both, paired.num_images, paired.left_out) == (2, 2, 0)


def test_a_class_that_one_of_them_never_saw_counts_for_neither() -> None:
    some = records("a", "b", "c")
    paired = compare(answers("ab", "ab", "ab"), some[:2], answers("abc", "abc", "abc"), some, dataset(some))
    assert (paired.both, paired.num_images) == (2, 2)
    relabelled = dataset([some[0], replace(some[1], label="c", folder_label="b"), some[2]])
    assert compare(answers("ab", "ab", "ab"), some[:2], answers("abc", "abc", "abc"), some, relabelled).left_out == 1


@pytest.mark.parametrize(
    ("only_first", "only_second", "words"),
    [(0, 40, "better by"), (40, 0, "worse by"), (3, 5, "chance alone"), (4, 4, "equal"), (0, 0, "equal")],
)
def test_only_what_chance_does_not_explain_is_called_better(only_first: int, only_second: int, words: str) -> None:
    pair = ((0, 0),)
    assert words in verdict(Paired(500, pair * only_first, pair * only_second, 20, 0))
