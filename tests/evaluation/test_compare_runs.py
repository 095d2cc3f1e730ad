"""Two runs on their validation images: which images are the same, who judges them, and what the interval says."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.datasets import ImageRecord, open_dataset
from core.errors import RunError
from core.evaluation.compare_runs import Validated, compare, image_key, load_validated, validated_on, verdict
from core.evaluation.intervals import difference_interval, paired_difference_interval
from core.evaluation.predictions import Predictions, images_of, load_predictions
from core.runs.run import Run, load_run

CLASSES = ("cats", "dogs", "x *y*")


def predictions(labels: list[int], best: list[int], classes: tuple[str, ...] = CLASSES) -> Predictions:
    return Predictions(classes, np.array(labels, np.int64), np.eye(len(classes))[best])


def validated(labels: list[int], best: list[int], images: str = "", created: float = 0.0) -> Validated:
    """`images` has a letter for each."""
    return Validated(predictions(labels, best), tuple(images), created)


def test_the_same_images_are_compared_one_by_one() -> None:
    first = validated([0, 1, 2, 0], [0, 1, 0, 1], "abcd")
    second = validated([0, 1, 2, 0], [0, 0, 2, 1], "abcd")
    comparison = compare(first, second)
    assert (comparison.both, comparison.only_first, comparison.only_second, comparison.neither) == (
        1,
        ((1, 1),),
        ((2, 2),),
        1,
    )
    assert comparison.paired
    assert comparison.num_images == 4
    assert comparison.difference == 0
    assert (comparison.low, comparison.high) == paired_difference_interval(1, 1, 1, 1)
    assert (comparison.first.value, comparison.second.value) == (0.5, 0.5)


def test_the_order_of_the_images_does_not_matter() -> None:
    right = list(range(20))
    labels, best = [number % 3 for number in right], [number % 2 for number in right]
    names = "abcdefghijklmnopqrst"
    other = np.random.default_rng(0).permutation(20)
    first = validated(labels, best, names)
    shuffled = validated(
        [labels[n] for n in other], [(best[n] + 1) % 3 for n in other], "".join(names[n] for n in other)
    )
    straight = validated(labels, [(prediction + 1) % 3 for prediction in best], names)
    one, two = compare(first, shuffled), compare(first, straight)
    assert (one.difference, one.low, one.high) == (two.difference, two.low, two.high)
    assert [names[row] for row, _ in one.only_first] == [names[other[row]] for _, row in one.only_first]


def test_images_that_one_alone_has_are_left_out_while_they_are_few() -> None:
    first = validated([0] * 20, [0] * 20, "abcdefghijklmnopqrst")
    second = validated([0] * 19, [0] * 18 + [1], "abcdefghijklmnopqrs")
    comparison = compare(first, second)
    assert (comparison.both, comparison.only_first, comparison.left_out) == (18, ((18, 18),), 1)
    many = compare(first, validated([0] * 10, [0] * 10, "abcdefghij"))
    assert not many.paired
    assert "share only 10" in many.why


def test_a_relabelled_image_is_judged_by_the_class_that_it_has_in_the_newer_run() -> None:
    old = validated([0, 0], [0, 1], "ab", created=1.0)
    new = validated([0, 1], [0, 1], "ab", created=2.0)  # b was taken for a cat, and is a dog
    for comparison in (compare(old, new), compare(new, old)):
        assert (comparison.both, comparison.relabelled) == (2, 1)


def test_classes_are_compared_by_their_names() -> None:
    first = Validated(predictions([0, 1], [0, 1], ("cats", "dogs")), ("a", "b"), 0.0)
    second = Validated(predictions([1, 2], [1, 0], ("ants", "cats", "dogs")), ("a", "b"), 0.0)
    comparison = compare(first, second)
    assert (comparison.both, comparison.only_first) == (1, ((1, 1),))


def test_different_images_are_compared_as_two_samples_and_the_reason_is_said() -> None:
    first = validated([0] * 10, [0] * 9 + [1], "abcdefghij")
    second = validated([0] * 20, [0] * 20, "ABCDEFGHIJKLMNOPQRST")
    comparison = compare(first, second)
    assert not comparison.paired
    assert "different images" in comparison.why
    assert (comparison.low, comparison.high) == difference_interval((9, 10), (20, 20))
    assert comparison.difference == pytest.approx(0.1)


def test_only_a_difference_whose_interval_leaves_zero_out_is_more_than_chance() -> None:
    names = [f"{number}" for number in range(1000)]
    base = Validated(predictions([0] * 1000, [0] * 950 + [1] * 50), tuple(names), 0.0)

    def other(gained: int, lost: int) -> Validated:
        best = [1] * lost + [0] * (950 - lost) + [0] * gained + [1] * (50 - gained)
        return replace(base, predictions=predictions([0] * 1000, best))

    assert not compare(base, other(12, 8)).significant
    assert compare(base, other(30, 8)).significant
    assert compare(base, other(2, 30)).significant
    assert not compare(base, base).significant
    wide, narrow = compare(base, other(20, 8), 1 - 0.05 / 5), compare(base, other(20, 8))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_with_the_classes_of_today_each_image_counts_that_has_one() -> None:
    first = validated([0, 0, 1, 1, 2, 0], [0, 0, 0, 0, 2, 0], "abcdef")
    second = validated([0, 2, 1, 0, 0], [0, 1, 1, 0, 1], "gedca")
    # a is 0, answered 0 and 1. b is excluded. c is 0 today, answered 0 by both. d is 1, answered 0 and 1. e is 2,
    # answered 2 and 1. f has changed and is g in the second.
    comparison = compare(first, second, truth={"a": "cats", "c": "cats", "d": "dogs", "e": "x *y*", "f": "cats"})
    assert (comparison.both, comparison.only_first, comparison.only_second) == (1, ((0, 4), (4, 1)), ((3, 2),))
    assert (comparison.neither, comparison.left_out, comparison.num_images) == (0, 3, 4)
    assert comparison.difference == pytest.approx(-0.25)
    assert comparison.first.value - comparison.second.value == pytest.approx(0.25)
    none = compare(first, second, truth={"b": "cats"})
    assert not none.paired
    assert "share no image" in none.why


def test_a_class_that_one_of_them_cannot_prediction_counts_for_neither() -> None:
    first = Validated(predictions([0, 1], [0, 1], ("a", "b")), ("1", "2"), 1.0)
    second = Validated(predictions([0, 1, 2], [0, 1, 2], ("a", "b", "c")), ("1", "2", "3"), 0.0)
    comparison = compare(first, second, truth={"1": "a", "2": "b", "3": "c"})
    assert (comparison.both, comparison.num_images, comparison.left_out) == (2, 2, 1)
    assert compare(first, second, truth={"1": "a", "2": "c", "3": "c"}).left_out == 2


def test_the_rows_are_those_of_the_originals_among_their_copies() -> None:
    first = replace(validated([0, 0, 0, 1, 1, 1], [0, 1, 1, 0, 1, 1], "ab"), copies=2)
    comparison = compare(first, validated([0, 1], [0, 1], "ab"))
    assert (comparison.both, comparison.only_second, comparison.copies) == (1, ((3, 1),), True)


@pytest.mark.parametrize(
    ("only_first", "only_second", "words"),
    [
        (0, 40, "points better"),
        (40, 0, "points worse"),
        (3, 5, "chance alone"),
        (4, 4, "equal"),
        (0, 0, "equal"),
    ],
)
def test_only_what_chance_does_not_explain_is_called_better(only_first: int, only_second: int, words: str) -> None:
    lost, gained = [0] * only_first, [0] * only_second
    one = validated([0] * 1000, lost + [1] * len(gained) + [0] * (1000 - len(lost + gained)))
    two = validated([0] * 1000, [1] * len(lost) + gained + [0] * (1000 - len(lost + gained)))
    assert words in verdict(compare(one, two))


def test_images_at_hand_are_told_apart_by_path_and_content(trained: Run) -> None:
    dataset = open_dataset(trained.source)
    predictions = load_predictions(trained)
    records = images_of(predictions, dataset, trained)
    before, now = validated_on(trained, predictions, records), load_validated(trained)
    truth = {image_key(record): record.label for record in records}
    comparison, stored = compare(before, before, truth=truth), compare(now, now)
    assert (comparison.both, comparison.neither, comparison.left_out) == (stored.both, stored.neither, 0)
    changed = image_key(ImageRecord(records[0].path, records[0].split, records[0].label, "f" * 64))
    assert changed not in truth


def test_a_real_run_keeps_which_images_it_answered(trained: Run, tmp_path: Path) -> None:
    stored = load_validated(trained)
    dataset = open_dataset(trained.source)
    digests = [record.digest for record in dataset.usable("validation")]
    assert [image[0].hex() for image in stored.images] == digests  # type: ignore[index]
    same = compare(stored, stored)
    assert same.paired
    assert same.both == round(trained.summary()["val_accuracy"] * len(digests))
    copy = tmp_path / trained.id
    shutil.copytree(trained.directory, copy)
    with np.load(copy / "validation.npz") as tables:
        np.savez(copy / "validation.npz", labels=tables["labels"], probabilities=tables["probabilities"])
    with pytest.raises(RunError, match="which images"):
        load_validated(load_run(copy))


def test_copies_of_validation_images_do_not_count(trained: Run, tmp_path: Path) -> None:
    copy = tmp_path / trained.id
    shutil.copytree(trained.directory, copy)
    run = replace(load_run(copy), config=trained.config.changed(augment_validation=True, copies=1))
    with np.load(copy / "validation.npz") as stored:
        tables = {name: stored[name].copy() for name in stored}
    labels, table = (np.repeat(tables[name], 2, axis=0) for name in ("labels", "probabilities"))
    table[1::2] = 1 - labels[1::2, None]  # every copy is answered wrong
    np.savez(copy / "validation.npz", pictures=tables["pictures"], labels=labels, probabilities=table)
    comparison = compare(load_validated(run), load_validated(trained))
    assert comparison.paired
    assert comparison.copies
    assert comparison.both + comparison.neither == len(load_predictions(trained))
    np.savez(copy / "validation.npz", labels=labels[1:], probabilities=table[1:])
    with pytest.raises(RunError, match="a multiple of 2"):
        load_validated(run)
