"""Training again: the same settings, the edits of today, and a note of where it came from."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from core.datasets import Edits, open_dataset
from core.errors import DatasetError
from core.evaluation.retrain import NOTE, changes_in_words, origin_of, train_again
from core.evaluation.robustness import training_dataset
from core.runs.fine_tuning import FineTuning, FineTuningConfig
from core.runs.names import NAME_CHARACTERS
from core.runs.run import Run, load_run


@pytest.fixture
def finished(trained: Run, drawn: Path, tmp_path: Path, pawlab_home: Path) -> Run:
    """Of images that this test may edit."""
    shutil.copytree(drawn, tmp_path / "pets")
    shutil.copytree(trained.directory, pawlab_home / "runs" / trained.id)
    return replace(trained, directory=pawlab_home / "runs" / trained.id, source=str(tmp_path / "pets"))


def test_the_new_run_has_the_same_settings_and_the_edits_of_today(finished: Run) -> None:
    before = training_dataset(finished)
    edits = Edits(before)
    edits.exclude(before.usable("validation")[:2])
    edits.relabel(before.usable("train")[:1], "dogs")
    today = Edits.load(before).apply(before)
    changes = changes_in_words(before, today)
    assert changes == "2 excluded, 1 relabelled"
    new = load_run(train_again(finished, changes, today).directory)
    assert (new.config, new.source) == (finished.config, finished.source)
    assert new.edits() == Edits.load(before).actions
    assert changes in new.name
    assert len(new.name) <= NAME_CHARACTERS
    assert origin_of(new) == finished.id
    assert origin_of(finished) == ""


def test_the_name_does_not_grow_with_each_time(finished: Run) -> None:
    today = open_dataset(finished.source)
    again = train_again(replace(finished, name=f"{'x' * 80} · 1 excluded"), "2 excluded", today)
    assert again.name.endswith("x · 2 excluded")
    assert again.name.count("excluded") == 1


def test_a_run_without_the_second_stage_does_not_carry_its_name(finished: Run) -> None:
    stage = FineTuning(run="1", name="first", epochs=4, settings=FineTuningConfig())
    tuned = replace(finished, name="first, fine-tuned", fine_tuning=stage)
    again = train_again(tuned, "1 excluded", open_dataset(finished.source))
    assert again.name == "first · 1 excluded"


def test_edits_that_leave_a_class_without_images_are_refused_before_a_run_is_made(finished: Run) -> None:
    before = training_dataset(finished)
    Edits(before).exclude([one for one in before.usable() if one.label == "cats"])
    runs = list(finished.directory.parent.iterdir())
    with pytest.raises(DatasetError, match="one class only"):
        train_again(finished, "", Edits.load(before).apply(before))
    assert list(finished.directory.parent.iterdir()) == runs


def test_what_was_taken_back_is_no_change(finished: Run) -> None:
    before = training_dataset(finished)
    edits = Edits(before)
    edits.exclude(before.usable()[:1])
    edits.undo()
    assert changes_in_words(before, Edits.load(before).apply(before)) == ""


@pytest.mark.parametrize("content", ["", "[]", '{"of": 7}', "{}"])
def test_a_broken_note_is_no_origin(finished: Run, content: str) -> None:
    (finished.directory / NOTE).write_text(content)
    assert origin_of(finished) == ""
