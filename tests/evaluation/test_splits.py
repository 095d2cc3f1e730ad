"""A real run scored on its test split and on other labelled images: the model's own predictions, leaks, class names."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import Cancelled, DatasetError
from core.evaluation import scoring
from core.evaluation.splits import evaluate_on, has_test_split, score
from core.images.decode import load_image
from core.inference.classifier import Classifier
from core.runs.run import Run
from core.storage.files import write_json
from tests.drawing import write_images, zip_folder
from tests.trained import copied, on_other_data


@pytest.fixture
def run(trained_with_test: Run, pawlab_home: Path) -> Run:
    """A copy, whose folder may be written to."""
    return copied(trained_with_test, pawlab_home)


@pytest.fixture
def others(run: Run, tmp_path: Path) -> Path:
    """A folder to fill with class folders, and the test images of the run's data in it as cats and dogs."""
    return shutil.copytree(Path(run.source) / "test", tmp_path / "others")


def phases_of(run: Run, on: str | Path) -> set[str]:
    phases: set[str] = set()
    score(run, on, lambda phase, done, total: phases.add(phase))
    return phases


def test_the_test_split_is_scored_by_the_model_and_its_leaks_are_found(run: Run) -> None:
    scored = score(run, "test")
    assert scored.dataset is not None
    classifier = Classifier.open(run)
    images = np.stack([load_image(scored.dataset.file(one), classifier.image_size) for one in scored.records])
    np.testing.assert_allclose(scored.predictions.probabilities, classifier.predict(images), atol=2e-4)
    assert [scored.predictions.classes[label] for label in scored.predictions.labels] == [
        one.path.split("/")[1] for one in scored.records
    ]
    assert {one.path.split("/")[0] for one in scored.records} == {"test"}
    assert scored.leaked == {"test/cats/same.jpg", "test/dogs/near.jpg"}
    clean = scored.clean()
    assert clean is not None
    kept = np.array([one.path not in scored.leaked for one in scored.records])
    assert (clean.leaks, clean.accuracy) == (2, scored.predictions.accuracy(kept))


def test_predictions_are_kept_with_the_run_and_damage_costs_only_time(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = score(run, "test").predictions
    assert "classify" not in phases_of(run, "test")
    (kept,) = (run.directory / "predictions").iterdir()
    content = kept.read_bytes()
    for place in (len(content) // 2, len(content) - 40):
        kept.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        np.testing.assert_array_equal(score(run, "test").predictions.probabilities, first.probabilities)
    np.savez(kept, digests=np.zeros((18, 32), np.uint8), probabilities=np.full((18, 2), 0.5, np.float32))
    np.testing.assert_array_equal(score(run, "test").predictions.probabilities, first.probabilities)
    assert kept.read_bytes() == content
    monkeypatch.setattr(scoring, "MOST_KEPT", 1)
    score(run, Path(run.source) / "validation")
    assert len(list(kept.parent.iterdir())) == 1


def test_stopping_leaves_nothing_behind(run: Run) -> None:
    def stop(phase: str, done: int, total: int) -> None:
        if phase == "classify" and done:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        score(run, "test", stop)
    assert not (run.directory / "predictions").exists()


def test_a_source_is_scored_as_the_split_with_its_images(run: Run, others: Path) -> None:
    test, source = score(run, "test"), score(run, others)
    np.testing.assert_array_equal(source.predictions.matrix(), test.predictions.matrix())
    assert (source.on, source.leaked) == (str(others), {"cats/same.jpg", "dogs/near.jpg"})
    zipped = others.parent / "others.zip"
    zipped.write_bytes(zip_folder(others))
    assert score(run, str(zipped)).leaked == source.leaked
    whole = evaluate_on(run, run.source)  # the training images among them
    assert whole.clean is not None
    assert (len(whole.predictions), whole.clean.leaks) == (40 + 16 + 18, 42)


def test_classes_are_matched_by_name_and_what_is_not_is_said(run: Run, others: Path) -> None:
    cats = score(run, others).predictions.labels.tolist().count(0)
    (others / "cats").rename(others / "CATS")
    shutil.rmtree(others / "dogs")
    write_images(others, {"birds": 2, "cows": 1})
    (others / "CATS" / "broken.jpg").write_bytes(b"nothing")
    scored = score(run, others)
    assert scored.predictions.labels.tolist() == [0] * cats
    assert scored.notes[0].startswith("1 file cannot be read and is not scored: CATS/broken.jpg (not an image")
    assert list(scored.notes[1:]) == [
        "CATS counts as cats.",
        "3 images are not scored, because their classes are unknown to the run: birds (2), cows (1).",
        f"There are no images of dogs in {others}, so its recall is not known.",
    ]


def test_images_of_unknown_classes_alone_and_a_missing_split_are_refused(trained: Run, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"it has birds.*cats, dogs"):
        score(trained, write_images(tmp_path / "data", {"birds": 2}))
    with pytest.raises(DatasetError, match="no test split"):
        score(trained, "test")


def test_a_test_split_that_was_added_later_is_scored_and_leaves_the_run_its_images(
    trained: Run, trained_with_test: Run, pawlab_home: Path
) -> None:
    later = on_other_data(copied(trained, pawlab_home), Path(trained_with_test.source))
    write_json(later.directory / "run.json", trained.summary())  # from when there was no test split
    assert not has_test_split(later)
    assert len(score(later, "test").predictions) == 18
    assert score(later).leaked == frozenset()


def test_without_the_training_images_leaks_are_not_known(run: Run, others: Path) -> None:
    gone = replace(run, source=str(others / "nowhere"))
    scored, validation = score(gone, others), evaluate_on(gone)
    assert scored.clean() is None
    assert validation.clean is None
    assert "Leaks are not known" in scored.notes[0]
    assert "Leaks are not known" in validation.notes[0]
