"""Two real runs compared by cross-validation: edits are told from luck, and what features do not show is refused."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from core.advice.two_runs import basis_in_words, compare_runs, in_words, what_is_seen
from core.datasets import open_dataset
from core.datasets.edits.actions import Action, Change, to_json
from core.datasets.edits.apply import apply_actions
from core.errors import RunError
from core.runs.fine_tuning import FineTuning, FineTuningConfig
from core.runs.run import Run, load_run
from core.storage.files import read_json, write_json

WRONG, LEFT_OUT = 8, 3  # training images of each class


def with_edits(trained: Run, home: Path, drawn: Path, name: str, *actions: Action) -> Run:
    """The run as if it had been trained with these edits."""
    folder = shutil.copytree(trained.directory, home / "runs" / name)
    (folder / "edits.json").write_text(to_json(actions))
    dataset = apply_actions(open_dataset(drawn, edits=False), actions)
    write_json(folder / "run.json", read_json(folder / "run.json") | {"fingerprint": dataset.fingerprint})
    return load_run(folder)


def test_mended_labels_are_a_real_difference(trained: Run, ready_home: Path, drawn: Path) -> None:
    """The first run learned from wrong labels and from images that the second left out."""
    train = open_dataset(drawn, edits=False).usable("train")
    of_class = [[record for record in train if record.label == label] for label in ("cats", "dogs")]
    changes = [
        Change(record.digest, record.path, label=other)
        for records, other in zip(of_class, ("dogs", "cats"), strict=True)
        for record in records[:WRONG]
    ]
    left_out = [
        Change(record.digest, record.path, excluded=True) for records in of_class for record in records[-LEFT_OUT:]
    ]
    flawed = with_edits(trained, ready_home, drawn, "flawed", Action("Relabelled", 0.0, tuple(changes)))
    mended = with_edits(trained, ready_home, drawn, "mended", Action("Excluded", 0.0, tuple(left_out)))
    mended = replace(mended, created=flawed.created + 1)
    assert what_is_seen(flawed, mended).seen == ("edits",)
    difference = compare_runs(flawed, mended, repeats=4)
    assert difference.real and difference.low > 0
    assert difference.images == 56 - 2 * LEFT_OUT and len(difference.each) == 4 * 5
    assert in_words(difference, "flawed", "mended").startswith("**The difference is real**: “mended” is ")
    assert "4 times; 20 differences" in basis_in_words(difference)
    back = compare_runs(mended, flawed, repeats=4)
    assert (back.low, back.high) == pytest.approx((-difference.high, -difference.low))


def test_the_same_edits_at_two_sizes(trained: Run, ready_home: Path) -> None:
    smaller = replace(trained, config=trained.config.changed(image_size=48, units=8, seed=9))
    assert what_is_seen(trained, smaller).seen == ("image_size",)
    assert what_is_seen(trained, smaller).unseen == ("seed", "units")
    difference = compare_runs(trained, smaller, repeats=2)
    assert difference.first != difference.second
    assert difference.low <= difference.difference <= difference.high
    assert difference == compare_runs(trained, smaller, repeats=2)


def test_what_features_do_not_show_is_refused(trained: Run) -> None:
    stage = FineTuning(run="x", name="x", epochs=2, settings=FineTuningConfig())
    refused = {
        "fine-tuned": replace(trained, fine_tuning=stage),
        "different datasets": replace(trained, source="/other"),
        "nothing that features": replace(trained, config=trained.config.changed(copies=0, units=8)),
    }
    for words, other in refused.items():
        with pytest.raises(RunError, match=words):
            compare_runs(trained, other)
