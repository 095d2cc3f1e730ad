"""A model made from an earlier one is the one that is made anew, whatever has changed since."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.instant import update
from core.instant.model import Examples, fit
from core.instant.update import Anchor
from tests.instant.drawn_features import examples

ALL = examples(3, 5, 4, size=24)


def part(rows: list[int], labels: np.ndarray = ALL.labels) -> Examples:
    kept = np.array(sorted(rows))
    return Examples(ALL.features[kept], labels[kept], ALL.groups[kept], 3, kept)


ROWS = st.lists(st.integers(0, len(ALL) - 1), min_size=2, unique=True)


@settings(deadline=None, max_examples=60)
@given(ROWS, ROWS, st.sampled_from([0.003, 0.05, 1.0]))
def test_images_that_came_and_went_change_the_model_as_fitting_anew_does(
    before: list[int], after: list[int], penalty: float
) -> None:
    first = part(before)
    head = Anchor.of(first, penalty).fit(part(after))
    anew = fit(part(after), penalty)
    assert head is not None
    for feature in ALL.features:
        assert head.scores(feature) == pytest.approx(anew.scores(feature), abs=2e-3)


def test_where_most_has_changed_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(update, "MOST_CHANGED", 10)
    first = part(list(range(40)))
    anchor = Anchor.of(first, 0.05)
    assert anchor.fit(part(list(range(45)))) is None
    assert anchor.fit(first) is not None
