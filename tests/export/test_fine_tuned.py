"""A fine-tuned run leaves the house as any other, tells of its second stage, and comes back with it."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import ArchiveError
from core.evaluation.intervals import wilson_interval
from core.export.bundle import make_bundle
from core.export.files import LIMITS, write_zip
from core.export.importing import import_bundle
from core.export.manifest import manifest_of
from core.inference.classifier import Classifier
from core.runs.run import Run
from core.storage.archives import extract_zip
from core.training.loop.second_stage import fine_tune_run
from tests.drawing import image_bytes
from tests.export.making import changed, run_notebook
from tests.trained import SECOND, SMALL

pytestmark = pytest.mark.timeout(800)  # TensorFlow beside other tests
LAST = SMALL.epochs + SECOND.epochs


@pytest.fixture(scope="module")
def folder(tuned: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked bundle of a fine-tuned run, verified with both models. Treat it as read only."""
    place = tmp_path_factory.mktemp("fine-tuned")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAWLAB_HOME", str(place / "home"))
        bundle = make_bundle(tuned, place / "bundle.zip", litert=False)
    assert bundle.missing == ""
    assert bundle.keras_difference is not None
    assert max(bundle.difference, bundle.keras_difference) <= 1e-4
    extract_zip(place / "bundle.zip", place / "bundle", limits=LIMITS)
    return place / "bundle"


def test_it_comes_back_with_its_second_stage(folder: Path, tuned: Run, tmp_path: Path) -> None:
    write_zip(folder, tmp_path / "bundle.zip")
    run = import_bundle(tmp_path / "bundle.zip")
    assert run.fine_tuning == tuned.fine_tuning
    assert (run.first_epoch, run.last_epoch) == (SMALL.epochs + 1, LAST)
    for key in ("fine_tuning", "fine_tuned_from", "best_epoch", "val_loss"):
        assert run.summary()[key] == tuned.summary()[key]
    mine, theirs = run.history(), tuned.history()
    assert [point["val_loss"] for point in mine.epochs] == [point["val_loss"] for point in theirs.epochs]
    assert mine.fine_tune and theirs.fine_tune
    for key in ("epoch", "layers", "learning_rate"):
        assert mine.fine_tune[key] == theirs.fine_tune[key]
    assert mine.damaged is False
    assert Classifier.open(run).classify(image_bytes()).distance is not None
    assert (run.directory / "base.onnx").read_bytes() == (tuned.directory / "base.onnx").read_bytes()
    assert Classifier.open(run).classify(image_bytes()) == Classifier.open(tuned).classify(image_bytes())
    with pytest.raises(Exception, match="fine-tuned already"):
        fine_tune_run(run, SECOND)
    again = manifest_of(run)
    assert (again.second_stage, again.fine_tuned_from) == (tuned.fine_tuning, manifest_of(tuned).fine_tuned_from)


def test_the_card_tells_of_the_second_stage(folder: Path, tuned: Run) -> None:
    card = (folder / "README.md").read_text(encoding="utf-8")
    first = tuned.summary()["fine_tuned_from"]
    for words in (
        f"the last {SECOND.layers} layers of the base model were trained",
        f"at a learning rate of {SECOND.learning_rate:g}",
        f"a validation accuracy of {first['val_accuracy']:.1%}",
        f"best was epoch {first['best_epoch']}",
        "and the last layers of the base model were fine-tuned",
    ):
        assert words in card
    assert ("this is the first stage's model" in card) == (tuned.summary()["best_epoch"] <= SMALL.epochs)


def test_the_notebook_goes_through_both_stages(
    folder: Path, tuned: Run, trained: Run, drawn: Path, tmp_path: Path
) -> None:
    notebook = (folder / "notebook.ipynb").read_text(encoding="utf-8")
    assert "WEIGHTS = 'imagenet'" in notebook
    before = str(trained.directory / "model.keras")  # the base as it was: no network is needed
    result = run_notebook(folder, tmp_path, f"DATA = {str(drawn)!r}; WEIGHTS = {before!r}")
    low, high = wilson_interval(round(tuned.summary()["val_accuracy"] * 16), 16)
    assert result["missing"] == 0
    assert result["epochs"] == LAST
    assert low <= result["accuracy"] <= high


@pytest.mark.parametrize(
    "change",
    [
        lambda about: about.pop("fine_tuned_from"),
        lambda about: about.pop("fine_tuning"),
        lambda about: about["fine_tuning"].update(layers=1000),
        lambda about: about["fine_tuned_from"].update(epochs=0),
        lambda about: about["fine_tuned_from"].update(name=""),
        lambda about: about["fine_tuned_from"].update(directory="/etc"),
    ],
)
def test_a_second_stage_that_cannot_be_is_refused(
    folder: Path, tmp_path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    def rewrite(copy: Path) -> None:
        about = json.loads((copy / "run.json").read_text(encoding="utf-8"))
        change(about)
        (copy / "run.json").write_text(json.dumps(about), encoding="utf-8")

    with pytest.raises(ArchiveError, match=re.escape("run.json")):
        import_bundle(changed(folder, tmp_path / "x.zip", rewrite))


def script() -> None:
    """What the Training page says of the only run's second stage."""
    from core.runs.store import list_runs
    from pages.ui.train.fine_tune import second_stage

    (run,) = list_runs().runs
    second_stage(run.summary(), 16)


def test_the_training_page_tells_of_it_as_before(folder: Path, tuned: Run, tmp_path: Path) -> None:
    write_zip(folder, tmp_path / "bundle.zip")
    import_bundle(tmp_path / "bundle.zip")
    at = AppTest.from_function(script, default_timeout=60).run()
    assert not at.exception
    assert f"the last {SECOND.layers} layers" in at.markdown[0].value
    assert tuned.summary()["fine_tuned_from"]["name"] in at.markdown[0].value
