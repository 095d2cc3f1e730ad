"""Compare on my data: what it costs is said first, then a run of each strength is queued, and the best is named."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from core.augmentation import AugmentationConfig
from core.augmentation import preset as strength
from core.datasets.current import remember_source
from core.evaluation.experiment import experiments, strength_in
from core.runs.queue import waiting
from core.runs.run import Run, create_run
from core.runs.store import list_runs
from core.storage.files import write_json
from pages.ui.train.estimate import estimates
from tests.pages.app import new_app, press, unescaped_words
from tests.trained import SMALL


@pytest.fixture(autouse=True)
def source(drawn: Path) -> Iterator[None]:
    remember_source(str(drawn))
    yield
    estimates().close()


def test_what_it_costs_is_said_before_anything_starts(ready_home: Path, drawn: Path) -> None:
    at_work(create_run(str(drawn), SMALL, "busy"))
    page = new_app("train.py").run()
    page.number_input(key="training_image_size").set_value(32).run()
    page.number_input(key="training_copies").set_value(0).run()
    page.switch_page("augment.py").run()
    page.slider(key="augment_shear_range").set_value(3.0).run()
    press(page, "Compare on my data")
    assert waiting() == []
    task = estimates().latest
    assert task is not None
    assert task.wait(120)
    page.run()
    assert "5 runs, about" in unescaped_words(page)
    # 40 + 16 originals, and a copy of each of the 40 for four of the runs; the form's 0 copies would compare nothing
    assert "216 images and copies pass the base model: the originals once" in unescaped_words(page)
    page.switch_page("train.py").run()
    page.number_input(key="training_image_size").set_value(64).run()
    page.switch_page("augment.py").run()
    assert "has not been measured with these settings" in unescaped_words(page)
    page.switch_page("train.py").run()
    page.number_input(key="training_image_size").set_value(32).run()
    page.switch_page("augment.py").run()
    press(page, "Not now")
    press(page, "Compare on my data")
    assert "5 runs, about" in unescaped_words(page)
    press(page, "Start 5 runs")
    (experiment,) = experiments(list_runs().runs)
    assert [run.id for run in waiting()] == [run.id for run in experiment.runs]
    assert [strength_in(run) for run in experiment.runs] == ["none", "gentle", "notebook", "strong", "mine"]
    assert experiment.runs[-1].config.augmentation == AugmentationConfig(shear_range=3)
    assert {run.source for run in experiment.runs} == {str(drawn)}
    assert page.session_state["watched_run"] == experiment.runs[0].id
    assert "appears here when all 5 runs have ended" in unescaped_words(page)


def test_the_best_is_named_first_and_its_settings_can_be_used(trained: Run, ready_home: Path, drawn: Path) -> None:
    at_work(create_run(str(drawn), SMALL, "busy"))
    page = new_app("augment.py").run()
    press(page, "Compare on my data")
    press(page, "Start 4 runs")
    for run in waiting():
        for name in ("run.json", "model.onnx"):
            shutil.copy(trained.directory / name, run.directory / name)
        is_right = {"none": 4, "gentle": 5, "notebook": 3, "strong": 16}[strength_in(run)]
        with np.load(trained.directory / "validation.npz") as stored:
            arrays = dict(stored)
        places = np.arange(len(arrays["labels"]))
        arrays["probabilities"] = np.zeros((len(places), 2), np.float32)
        arrays["probabilities"][places, np.where(places < is_right, arrays["labels"], 1 - arrays["labels"])] = 1
        np.savez(run.directory / "validation.npz", **arrays)
        run.log.append({"event": "status", "status": "finished", "time": 2.0})
    page = new_app("augment.py").run()  # another browser
    assert "Strong is best with 100.0% accuracy: 75.0 points better than no augmentation" in unescaped_words(page)
    press(page, "Use strong settings")
    assert page.session_state["augmentation"] == strength("strong")
    shutil.rmtree(next(run for run in list_runs().runs if run.name.endswith("none")).directory)
    assert "Strong is best" not in unescaped_words(new_app("augment.py").run())


def at_work(run: Run) -> None:
    """Its worker is this very process, so that whatever is queued waits."""
    run.log.append({"event": "status", "status": "running", "time": 1.0})
    write_json(run.directory / "worker.json", {"pid": psutil.Process().pid, "started": psutil.Process().create_time()})
