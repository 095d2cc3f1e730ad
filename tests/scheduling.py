"""In which order test files run, and which of them run on one worker."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.marks import BROWSER

LONGEST_FIRST = (
    BROWSER,
    "tests/training/",
    "tests/export/",
    "tests/cli/",
    "tests/test_",
    "tests/runs/test_queue_processes.py",
    "tests/pages/",
    "tests/augmentation/",
    "tests/datasets/",
)


def place(nodeid: str, first: Sequence[str] = LONGEST_FIRST) -> int:
    """Where a test stands in the order: of files that are equal in this, the order stays."""
    return next((number for number, start in enumerate(first) if nodeid.startswith(start)), len(first))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first: at the end only short ones are left, so that no worker waits long for the other's last."""
    items.sort(key=lambda item: place(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """File by file; but all browser files are one worker's.

    Two that drive browsers at once would have two servers and two Chromiums, and would wait on each other; one that
    waits for a browser and one that computes share two cores well.
    """
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    config.option.loadscopereorder = False  # it would put files with few tests last, which are the longest
    scheduling = LoadFileScheduling(config, log)
    file_of = scheduling._split_scope
    scheduling._split_scope = lambda nodeid: BROWSER if nodeid.startswith(BROWSER) else file_of(nodeid)
    return scheduling
