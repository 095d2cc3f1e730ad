"""The split of plain class folders: disjoint, stratified, seeded, and no bytes and no burst on both sides."""

import random
from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.datasets import ImageRecord
from core.datasets.collect.bursts import burst_of
from core.datasets.groups import group_keys
from core.datasets.split import choose_validation
from tests.datasets import test_groups as with_bursts


def records_of(images: dict[str, list[int]]) -> list[ImageRecord]:
    """{"cats": [1, 2, 2]} is three files of the class cats, of which two have the same bytes."""
    return [
        ImageRecord(f"{label}/{number}.jpg", "", label, digest=f"{image:064x}")
        for label, numbers in images.items()
        for number, image in enumerate(numbers)
    ]


def sides(records: list[ImageRecord], chosen: set[str]) -> tuple[list[ImageRecord], list[ImageRecord]]:
    return [r for r in records if r.path not in chosen], [r for r in records if r.path in chosen]


def distinct(records: list[ImageRecord]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for record in records:
        found[record.label].add(record.digest)
    return found


fractions = st.floats(0.01, 0.99)
seeds = st.integers(0, 2**63)
own_images = st.dictionaries(  # classes that share no image
    st.integers(0, 4), st.lists(st.integers(0, 30), min_size=1, max_size=40), min_size=1
).map(lambda found: {str(label): [100 * label + image for image in numbers] for label, numbers in found.items()})
any_images = st.dictionaries(st.sampled_from("abcd"), st.lists(st.integers(0, 15), min_size=1, max_size=30), min_size=1)


@given(any_images, fractions, seeds)
def test_no_bytes_are_on_both_sides(images: dict[str, list[int]], fraction: float, seed: int) -> None:
    records = records_of(images)
    train, validation = sides(records, choose_validation(records, fraction, seed))
    assert not {record.digest for record in train} & {record.digest for record in validation}


@given(with_bursts.images, fractions, seeds)
def test_a_burst_never_straddles(images: list[tuple[str, int, str | None]], fraction: float, seed: int) -> None:
    """Whatever the labels, the bytes and the bursts, and each class keeps something to train on."""
    records = with_bursts.records_of(images)
    train, validation = sides(records, choose_validation(records, fraction, seed))
    assert not ({burst_of(record.path) for record in train} & {burst_of(record.path) for record in validation}) - {""}
    assert not {record.digest for record in train} & {record.digest for record in validation}
    assert {record.label for record in train} == {record.label for record in records}


@given(with_bursts.images, fractions, seeds)
def test_a_class_with_two_groups_of_its_own_is_on_both_sides(
    images: list[tuple[str, int, str | None]], fraction: float, seed: int
) -> None:
    """Bytes and bursts are made the class's own; one with a single group is trained on."""
    own = [
        (label, "abc".index(label) * 100 + image, burst and burst.replace("a1b2c3", label * 6))
        for label, image, burst in images
    ]
    records = with_bursts.records_of(own)
    groups: dict[str, set[str]] = defaultdict(set)
    for key, record in zip(group_keys(records), records, strict=True):
        groups[record.label].add(key)
    _, validation = sides(records, choose_validation(records, fraction, seed))
    assert {r.label for r in validation} == {label for label, keys in groups.items() if len(keys) > 1}


def test_a_burst_that_grows_stays_where_it_is() -> None:
    """So an image that was validated on is not trained on later."""
    bursts = [f"20261129-2235{number}-a1b2c3" for number in range(10, 30)]
    images: list[tuple[str, int, str | None]] = [("a", number, burst) for number, burst in enumerate(bursts)]
    before = with_bursts.records_of(images)
    after = with_bursts.records_of([*images, *(("a", 100 + number, burst) for number, burst in enumerate(bursts))])
    first, second = choose_validation(before, 0.2, 0), choose_validation(after, 0.2, 0)
    assert len(second) == 8
    assert {burst_of(path) for path in first} == {burst_of(path) for path in second}


@given(any_images, fractions, seeds)
def test_every_class_keeps_something_to_train_on(images: dict[str, list[int]], fraction: float, seed: int) -> None:
    records = records_of(images)
    train, _ = sides(records, choose_validation(records, fraction, seed))
    assert {record.label for record in train} == set(images)


@given(own_images, fractions, seeds)
def test_every_class_with_two_images_is_on_both_sides(images: dict[str, list[int]], fraction: float, seed: int) -> None:
    records = records_of(images)
    _, validation = sides(records, choose_validation(records, fraction, seed))
    assert {r.label for r in validation} == {label for label, found in distinct(records).items() if len(found) > 1}


@given(st.integers(1, 200), st.integers(1, 200), fractions, seeds)
def test_each_class_gives_its_share_to_within_a_file(cats: int, dogs: int, fraction: float, seed: int) -> None:
    records = records_of({"cats": list(range(cats)), "dogs": list(range(1000, 1000 + dogs))})
    count = Counter(path.split("/")[0] for path in choose_validation(records, fraction, seed))
    for label, files in (("cats", cats), ("dogs", dogs)):
        wanted = min(max(fraction * files, 1), files - 1)  # at least one, and never all
        assert abs(count[label] - wanted) <= 0.5


@given(own_images, fractions, seeds)
def test_copies_never_make_the_share_too_large_where_another_choice_is(
    images: dict[str, list[int]], fraction: float, seed: int
) -> None:
    records = records_of(images)
    chosen = choose_validation(records, fraction, seed)
    for label, numbers in images.items():
        copies = Counter(numbers)
        count = sum(path.split("/")[0] == label for path in chosen)
        assert count <= max(round(fraction * len(numbers)), min(copies.values()))


@given(any_images, fractions, seeds, st.randoms())
def test_the_order_of_the_files_does_not_matter(
    images: dict[str, list[int]], fraction: float, seed: int, shuffler: random.Random
) -> None:
    records = records_of(images)
    shuffled = list(records)
    shuffler.shuffle(shuffled)
    assert choose_validation(shuffled, fraction, seed) == choose_validation(records, fraction, seed)


def test_names_do_not_matter() -> None:
    records = records_of({"cats": list(range(20)), "dogs": list(range(20, 40))})
    renamed = [ImageRecord(f"x{hash(r.path)}", "", r.label, r.digest) for r in records]
    one, other = choose_validation(records, 0.3, 1), choose_validation(renamed, 0.3, 1)
    assert {r.digest for r in records if r.path in one} == {r.digest for r in renamed if r.path in other}


def test_another_seed_gives_another_choice() -> None:
    records = records_of({"cats": list(range(50)), "dogs": list(range(50, 100))})
    choices = {frozenset(choose_validation(records, 0.2, seed)) for seed in range(20)}
    assert len(choices) == 20


def test_the_choice_is_spread_evenly() -> None:
    """Over many seeds each image is chosen about as often as any other."""
    records = records_of({"cats": list(range(20))})
    count = Counter(path for seed in range(1000) for path in choose_validation(records, 0.25, seed))
    assert len(count) == 20
    assert 180 < min(count.values()) <= max(count.values()) < 320  # 250 expected; five standard deviations are 68


def test_images_under_two_labels_stay_together() -> None:
    records = records_of({"cats": [1, 2, 3, 4], "dogs": [1, 2, 3, 4]})
    train, validation = sides(records, choose_validation(records, 0.25, 0))
    assert len(validation) == 2
    assert len({record.digest for record in validation}) == 1
    assert len(train) == 6


def test_images_of_one_label_are_preferred_for_validation() -> None:
    """One that stands under two labels is wrong under at least one of them."""
    records = records_of({"cats": [*range(10), 99], "dogs": [*range(20, 30), 99]})
    for seed in range(20):
        _, validation = sides(records, choose_validation(records, 0.3, seed))
        assert f"{99:064x}" not in {record.digest for record in validation}


@pytest.mark.parametrize("images", [{"cats": [1]}, {"cats": [1, 1, 1]}, {"cats": [1], "dogs": [1]}, {}])
def test_a_single_image_is_trained_on(images: dict[str, list[int]]) -> None:
    assert choose_validation(records_of(images), 0.5, 0) == set()
