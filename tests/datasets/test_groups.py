"""Which images no split may part: those that a chain of equal bytes and equal bursts connects."""

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

from core.datasets import ImageRecord
from core.datasets.collect.bursts import burst_of, image_name
from core.datasets.groups import group_keys

burst_names = st.integers(0, 6).map(lambda number: f"20261129-22351{number}-a1b2c3")
images = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 12), st.one_of(st.none(), burst_names)), min_size=1, max_size=40
)


def records_of(images: list[tuple[str, int, str | None]]) -> list[ImageRecord]:
    """(label, bytes, burst) of each."""
    return [
        ImageRecord(f"{label}/{image_name(burst, number, '.jpg') if burst else number}", "", label, f"{image:064x}")
        for number, (label, image, burst) in enumerate(images, 1)
    ]


@given(images, st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=3), max_size=2), st.randoms())
def test_keys_are_shared_by_what_is_connected_and_by_nothing_else(
    images: list[tuple[str, int, str | None]], alike: list[list[int]], shuffler: random.Random
) -> None:
    records, similar = records_of(images), [[f"{image:064x}" for image in group] for group in alike]
    keys = group_keys(records, similar)
    together = np.array(
        [
            [
                one.digest == other.digest
                or (burst_of(one.path) == burst_of(other.path) != "")
                or any({one.digest, other.digest} <= set(group) for group in similar)
                for other in records
            ]
            for one in records
        ]
    )
    number, components = connected_components(together)
    # A group of `alike` may connect through an image that is not among the records.
    joined = {frozenset(np.flatnonzero(components == component)) for component in range(number)}
    for group in joined:
        assert len({keys[place] for place in group}) == 1
    if not similar:
        assert len(set(keys)) == number
    shuffled = list(range(len(records)))
    shuffler.shuffle(shuffled)
    assert group_keys([records[place] for place in shuffled], similar) == [keys[place] for place in shuffled]


def test_a_key_stays_while_a_burst_grows_and_is_the_digest_where_there_is_none() -> None:
    small = records_of([("a", 1, "20261129-223510-a1b2c3"), ("a", 2, None)])
    large = records_of([("a", 1, "20261129-223510-a1b2c3"), ("a", 2, None), ("b", 0, "20261129-223510-a1b2c3")])
    assert group_keys(small) == group_keys(large)[:2] == ["20261129-223510-a1b2c3", f"{2:064x}"]
