"""Work on all cores with bounded memory."""

import os
from typing import Any

from core.jobs.parallel import ordered_map


def test_items_are_taken_only_a_little_ahead() -> None:
    """So that memory does not grow with their number."""
    taken = 0

    def items() -> Any:
        nonlocal taken
        for number in range(1000):
            taken += 1
            yield number

    results = ordered_map(lambda item: item, items())
    assert next(results) == 0
    assert taken <= 4 * (os.cpu_count() or 1) + 1
    assert list(results) == list(range(1, 1000))
