"""A run trains with the edits of the moment in which it was created, and says so."""

from pathlib import Path

import numpy as np
import pytest

from core.augmentation import AugmentationConfig
from core.backbone.features import FeaturePlan, extract_features
from core.backbone.graph import cached_base
from core.backbone.weights import resolve_weights
from core.datasets import Dataset, Edits, open_dataset
from core.datasets.edits.apply import apply_actions
from core.errors import RunError
from core.runs.run import ACTIVE, create_run, load_run
from core.runs.settings import TrainingConfig
from core.runs.start import start_run
from core.training.loop.worker import Worker
from tests.drawing import write_images, zip_folder
from tests.trained import SMALL, wait_for

FAST = SMALL.changed(image_size=64, epochs=1)


def test_a_run_keeps_its_edits_through_an_undo_and_reports_them(ready_home: Path, drawn: Path) -> None:
    dataset = open_dataset(drawn)
    edits = Edits.load(dataset)
    edits.exclude(dataset.usable("train")[:3])
    edits.relabel(dataset.usable("train")[5:7], "dogs")
    edited = edits.apply(dataset)
    run = create_run(edited, FAST)  # by value: what was shown, whatever the disk holds by now
    edits.undo()
    edits.undo()
    assert open_dataset(drawn) == dataset
    start_run(run)
    wait_for(run, lambda: run.status() not in ACTIVE)
    assert not run.history().data_changed
    summary = run.summary()
    assert summary["edits"] == {"excluded": 3, "relabelled": 2}
    assert (
        summary["counts"]
        == edited.counts()
        == {
            "train": {"cats": 15, "dogs": 22},
            "validation": {"cats": 8, "dogs": 8},
        }
    )
    assert summary["fingerprint"] == edited.fingerprint != dataset.fingerprint
    assert apply_actions(dataset, load_run(run.directory).edits()) == edited


@pytest.mark.parametrize("as_zip", [False, True])
def test_the_edits_of_a_run_are_found_without_opening_its_source(tmp_path: Path, as_zip: bool) -> None:
    source = write_images(tmp_path / "wrapped" / "pets", {"cats": 4, "dogs": 4}).parent
    if as_zip:
        (tmp_path / "pets.zip").write_bytes(zip_folder(source))
        source = tmp_path / "pets.zip"
    assert create_run(str(source), TrainingConfig()).edits() == ()
    dataset = open_dataset(source)
    edits = Edits.load(dataset)
    edits.exclude(dataset.records[:1])
    assert create_run(str(source), TrainingConfig()).edits() == edits.actions


def test_a_run_from_before_there_were_edits_has_none(tmp_path: Path) -> None:
    run = create_run(str(tmp_path / "gone"), TrainingConfig())
    (run.directory / "edits.json").unlink()
    assert run.edits() == ()


def test_broken_edits_of_a_run_are_an_error_and_stay(tmp_path: Path) -> None:
    run = create_run(str(tmp_path / "gone"), TrainingConfig())
    (run.directory / "edits.json").write_bytes(b"{}")
    with pytest.raises(RunError, match="The edits of"):
        run.edits()
    assert (run.directory / "edits.json").read_bytes() == b"{}"


def test_a_class_without_images_to_train_on_fails_before_the_weights_are_fetched(tmp_path: Path) -> None:
    dataset = open_dataset(write_images(tmp_path / "pets", {"cats": 5, "dogs": 5}))
    edits = Edits.load(dataset)
    edits.exclude([record for record in dataset.usable("train") if record.label == "cats"])
    run = create_run(str(tmp_path / "pets"), TrainingConfig())
    Worker(run).work()
    history = run.history()
    assert (history.status, history.bad_input) == ("failed", True)
    assert "class cats of pets has no usable image to train on (4 excluded)" in history.reason
    assert [event["phase"] for event in run.log.read()[0] if event["event"] == "phase"] == ["data"]


def test_a_full_disk_is_named_and_is_no_bug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = create_run(str(write_images(tmp_path / "pets", {"cats": 5, "dogs": 5})), TrainingConfig())
    for told in (OSError(28, "No space left on device"), OSError("655360 requested and 231392 written")):

        def full(*_: object, error: OSError = told, **__: object) -> None:
            raise error

        monkeypatch.setattr("core.training.loop.worker.open_dataset", full)
        Worker(run).work()
        history = run.history()
        assert history.status == "failed"
        assert "The disk is too full" in history.reason
        assert "resume" in history.reason
        assert "bug" not in history.reason


def test_features_follow_the_edits_and_an_undo_finds_them_in_the_cache(ready_home: Path, drawn: Path) -> None:
    weights = resolve_weights()
    base = cached_base(weights)
    plan = FeaturePlan(32, "average", 0, AugmentationConfig(), 0)
    passes: list[int] = []

    def features(dataset: Dataset) -> tuple[np.ndarray, list[int]]:
        computed: list[int] = []
        found = extract_features(
            dataset,
            "validation",
            plan,
            base,
            weights.provenance.digest,
            lambda phase, done, total: computed.append(done),
        )
        passes.append(len(computed))
        values = found.read(np.arange(found.rows)).dense()
        found.close()
        return values, found.labels.tolist()

    dataset = open_dataset(drawn)
    edits = Edits.load(dataset)
    values, labels = features(dataset)
    edits.exclude(dataset.usable("validation")[:3])
    fewer, fewer_labels = features(edits.apply(dataset))
    np.testing.assert_allclose(fewer, values[3:], atol=1e-5)
    assert fewer_labels == labels[3:]
    edits.undo()
    edits.relabel(dataset.usable("validation")[:2], "dogs")
    same, other_labels = features(edits.apply(dataset))
    np.testing.assert_allclose(same, values, atol=1e-5)
    assert other_labels == [1, 1] + labels[2:] != labels
    edits.undo()
    assert features(edits.apply(dataset))[1] == labels
    assert [count > 1 for count in passes] == [True, True, True, False], "computed, computed, computed, cached"


def test_images_that_change_before_training_begins_are_said(tmp_path: Path) -> None:
    source = write_images(tmp_path / "pets", {"cats": 4, "dogs": 4})
    dataset = open_dataset(source)
    edits = Edits.load(dataset)
    *others, last = (record for record in dataset.records if record.label == "dogs")
    edits.exclude(others)
    run = create_run(edits.apply(dataset), TrainingConfig())
    dataset.file(last).unlink()  # no dog is left to train on, so the worker ends at once
    Worker(run).work()
    history = run.history()
    assert history.data_changed
    assert history.status == "failed"
