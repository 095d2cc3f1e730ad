"""A folder that somebody labels: opened once, at the cost of a read the next time, and always as the disk has it."""

import shutil
from pathlib import Path

import pytest

from core.datasets import Edits
from core.datasets.labelling import with_copies
from core.errors import Cancelled, DatasetError
from core.instant import labeller as labeller_module
from core.instant.labeller import Labeller, LabelState


class Watched:
    """Counts the images that pass through the base; perhaps stops there."""

    def __init__(self, stop_at: int = -1) -> None:
        self.computed, self._stop_at = 0, stop_at

    def __call__(self, phase: str, done: int, total: int) -> None:
        if phase == "features":
            self.computed = total
            if done == self._stop_at:
                raise Cancelled("Stopped")


@pytest.fixture
def photos(ready_home: Path, drawn: Path, tmp_path: Path) -> Path:
    """Drawn cats and dogs in one folder, 24 of them, one twice, and a file that is no image."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for label in ("cats", "dogs"):
        for file in sorted((drawn / "train" / label).iterdir())[:12]:
            shutil.copy(file, folder / file.name)
    shutil.copy(folder / "cat.0001.jpg", folder / "again.jpg")
    (folder / "broken.jpg").write_bytes(b"no image")
    return folder


def truth(path: str) -> str:
    return "dog" if path.startswith("dog") else "cat"


def answer(state: LabelState, number: int) -> None:
    """So many questions, answered rightly."""
    for digest in state.ask((), number):
        record = state.open[digest]
        Edits(state.dataset).relabel(with_copies(state.dataset, [record]), truth(record.path))


def test_questions_answered_give_suggestions_and_each_state_is_that_of_the_disk(photos: Path) -> None:
    labeller = Labeller.open(str(photos))
    state = labeller.state()
    assert (len(state.labelling.records), len(state.open), state.num_labelled) == (24, 24, 0)
    assert (state.suggested, state.counts) == ({}, {})
    assert state.score(()).why
    answer(state, 10)
    after = labeller.state()
    assert (after.num_labelled, sum(after.counts.values()), len(after.open)) == (10, 10, 14)
    assert labeller.state() is after
    suggested = [(name, record.path) for name, records in after.suggested.items() for record in records]
    assert {path for _, path in suggested} == {record.path for record in after.open.values()}
    assert sum(truth(path) == name for name, path in suggested) >= 9  # of 14; seven by chance
    Edits(after.dataset).exclude([after.open[digest] for digest in after.ask((), 3)], "Unsure")
    assert len(labeller.state().open) == 11
    Edits.load(after.dataset).undo()
    assert labeller.state().open.keys() == after.open.keys()


def test_what_was_computed_is_kept_also_by_a_stop(photos: Path) -> None:
    with pytest.raises(Cancelled):
        Labeller.open(str(photos), Watched(stop_at=8))
    for computed in (16, 0):
        progress = Watched()
        assert len(Labeller.open(str(photos), progress).state().open) == 24
        assert progress.computed == computed


def test_too_many_images_are_refused_before_they_are_computed(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labeller_module, "MOST_IMAGES", 23)
    progress = Watched()
    with pytest.raises(DatasetError, match="24 different images"):
        Labeller.open(str(photos), progress)
    assert not progress.computed
