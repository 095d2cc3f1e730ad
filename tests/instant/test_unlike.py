"""None of these: distances to other bursts only, and a cut that is never below its floor."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from core.backbone.neighbours import MAX_ROWS
from core.instant.model import Examples
from core.instant.unlike import FRAMES, LEAST, MOST, cut, distance, other_burst_distances, reference
from tests.instant.drawn_features import examples


def test_the_distance_of_a_burst_is_that_to_other_bursts() -> None:
    given = examples(2, 3, 4)
    distances = other_burst_distances(given)
    assert len(distances) == 6
    for group, measured in enumerate(distances):
        own, others = given.features[given.groups == group], given.features[given.groups != group]
        own = own[:: -(-len(own) // FRAMES)]
        nearest = NearestNeighbors(n_neighbors=1, metric="cosine", algorithm="brute").fit(others).kneighbors(own)[0]
        assert measured == pytest.approx(np.median(nearest), abs=1e-5)


def test_frames_of_one_burst_do_not_make_the_cut_smaller() -> None:
    few, many = examples(2, 12, 1, spread=3.5), examples(2, 12, 12, spread=3.5)
    assert LEAST < cut(few) < MOST
    assert cut(many) == pytest.approx(cut(few), rel=0.1)


def test_the_cut_stays_within_its_limits() -> None:
    assert cut(examples(2, 1, 5)) == MOST
    assert cut(examples(2, 12, 2, spread=0.01)) == LEAST
    assert cut(examples(2, 12, 2, spread=30)) == MOST


def test_the_reference_set_is_bounded_and_has_every_burst() -> None:
    given = examples(2, 2, 1)
    many = np.sort(np.arange(3 * MAX_ROWS) % len(given))
    bounded = reference(Examples(given.features[many], given.labels[many], given.groups[many], 2))
    assert len(bounded) <= MAX_ROWS
    assert [distance(bounded, feature) for feature in given.features] == pytest.approx([0] * len(given), abs=1e-5)
