"""Two runs on the same pictures: which pictures count, and what is said."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.datasets import Dataset, ImageRecord
from core.evaluation.answers import Answers
from core.evaluation.paired import Paired, compare, verdict


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
