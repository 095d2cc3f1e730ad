"""An opening that waits in the middle until a test lets it go on."""

import threading
from collections.abc import Iterator

import pytest

from core.datasets import Dataset, open_dataset, opening
from core.datasets.source import Source
from core.jobs.progress import Progress


class Gate:
    """Stands in for `open_dataset`: waits in the middle until it is told to go on."""

    def __init__(self) -> None:
        self.calls: list[Source] = []
        self.entered, self.open = threading.Event(), threading.Event()

    def __call__(self, source: Source, *, progress: Progress) -> Dataset:
        self.calls.append(source)
        progress("scan", 3, 10)
        self.entered.set()
        while not self.open.wait(0.01):
            progress("scan", 3, 10)
        return open_dataset(source, progress=progress)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate = Gate()
    monkeypatch.setattr(opening, "open_dataset", gate)
    yield gate
    gate.open.set()
