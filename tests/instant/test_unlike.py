"""None of these: distances to other bursts only, and a cut that is never below its floor."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from core.backbone.neighbours import MAX_ROWS, K
from core.instant.model import Examples
from core.instant.unlike import FLOOR, cut, other_burst_distances, reference
from tests.instant.drawn_features import examples


def test_the_distance_of_a_burst_is_that_to_other_bursts() -> None:
    given = examples(2, 3, 4)
    distances = other_burst_distances(given)
    assert len(distances) == 6
    for group, distance in enumerate(distances):
        own, others = given.features[given.groups == group], given.features[given.groups != group]
        nearest = NearestNeighbors(n_neighbors=K, metric="cosine", algorithm="brute").fit(others).kneighbors(own)[0]
        assert distance == pytest.approx(np.median(nearest[:, -1]), abs=1e-5)


def test_frames_of_one_burst_do_not_make_the_cut_smaller() -> None:
    few, many = examples(2, 12, 1, spread=4.0), examples(2, 12, 12, spread=4.0)
    assert cut(few) > FLOOR
    assert cut(many) == pytest.approx(cut(few), rel=0.15)


def test_the_cut_is_never_below_its_floor() -> None:
    assert cut(examples(2, 1, 5)) >= FLOOR
    assert cut(examples(2, 12, 5, spread=0.01)) == FLOOR


def test_the_reference_set_is_bounded_and_has_every_burst() -> None:
    given = examples(2, 2, 1)
    many = np.arange(3 * MAX_ROWS) % len(given)
    many.sort()
    bounded = reference(Examples(given.features[many], given.labels[many], given.groups[many], 2))
    assert len(bounded.features) <= MAX_ROWS
    assert bounded.distances(given.features) == pytest.approx(np.zeros(len(given)), abs=1e-5)
