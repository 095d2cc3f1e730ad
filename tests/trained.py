"""Fixtures that train for real: weights fetched once a session, a small drawn dataset, one finished run."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.backbone.graph import cached_base
from core.backbone.weights import resolve_weights
from core.datasets import open_dataset
from core.datasets.quality.report import make_report
from core.datasets.sample.sample import sample_folder, write_sample
from core.datasets.scan.index import move_memory
from core.export.page import runtime
from core.jobs.progress import silent
from core.runs.fine_tuning import FineTuningConfig
from core.runs.run import ACTIVE, Run, create_run, load_run
from core.runs.settings import TrainingConfig, preset
from core.runs.start import collect, start_run
from core.runs.validation import validation_predictions
from core.storage.files import read_json, write_json
from core.training.loop.second_stage import fine_tune_run
from tests.once import made_once

SMALL = preset("fast").changed(image_size=96, epochs=4, batch_size=8, units=32, early_stopping_patience=50)
# As quick as can be, and with the callbacks of the notebook: `tests/training/head/test_fit.py` has those of `fast`.
# With this seed the second stage lowers the loss, as its tests need.
SMALL = SMALL.changed(crop="squeeze", schedule="plateau", min_steps=0, l2=0.01, seed=5)

SECOND = FineTuningConfig(layers=9, epochs=2, learning_rate=1e-4)


@pytest.fixture(scope="session")
def weights_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A `cache` folder with the real pre-trained weights and the base's graph."""

    def make(folder: Path) -> None:
        with at_home(folder):
            cached_base(resolve_weights())

    return made_once(tmp_path_factory, "weights", make) / "cache"


@pytest.fixture
def ready_home(pawlab_home: Path, weights_cache: Path) -> Path:
    """This test's home, with weights in its cache, so that training starts at once and without a network."""
    shutil.copytree(weights_cache, pawlab_home / "cache", dirs_exist_ok=True)
    return pawlab_home


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn cats and dogs in the notebook's layout: 20 + 8 a class. Treat it as read only."""
    make = partial(write_sample, train=20, validation=8)
    return made_once(tmp_path_factory, "drawn", lambda folder: make(folder / "pets")) / "pets"


@pytest.fixture(scope="session")
def drawn_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `datasets` folder of a home where the sample has been drawn, which takes 8 s, and its near duplicates looked
    for. Treat it as read only."""

    def make(folder: Path) -> None:
        with at_home(folder):
            make_report(open_dataset(sample_folder()), silent)

    return made_once(tmp_path_factory, "sample", make) / "datasets"


@pytest.fixture
def home_with_sample(pawlab_home: Path, drawn_sample: Path) -> Path:
    """This test's home, where the sample need not be drawn any more."""
    return with_sample(pawlab_home, drawn_sample)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, weights_cache: Path, drawn: Path) -> Run:
    """A finished run of `SMALL` on `drawn`. Treat its folder as read only."""

    def make(folder: Path) -> None:
        shutil.copytree(weights_cache, folder / "cache")
        with at_home(folder):
            train_to_the_end(drawn, SMALL)

    return only_run(made_once(tmp_path_factory, "trained", make))


@pytest.fixture(scope="session")
def trained_with_test(tmp_path_factory: pytest.TempPathFactory, trained: Run, drawn: Path) -> Run:
    """`trained` as it is where its data have a test split: 8 new drawings a class, a copy of a training image among the
    cats and a smaller, re-encoded one among the dogs. Treat it as read only."""

    def make(folder: Path) -> None:
        pets = shutil.copytree(drawn, folder / "pets")
        write_sample(folder / "other", train=1, validation=8, seed=7)
        shutil.move(folder / "other" / "validation", pets / "test")
        shutil.copy(pets / "train" / "cats" / "cat.0001.jpg", pets / "test" / "cats" / "same.jpg")
        with Image.open(pets / "train" / "dogs" / "dog.0001.jpg") as dog:
            dog.resize((dog.width * 3 // 4, dog.height * 3 // 4)).save(pets / "test" / "dogs" / "near.jpg")
        with at_home(folder):
            on_other_data(copied(trained, folder), pets)

    return only_run(made_once(tmp_path_factory, "trained-with-test", make))


@pytest.fixture(scope="session")
def tuned(tmp_path_factory: pytest.TempPathFactory, trained: Run) -> Run:
    """`trained`, fine-tuned with `SECOND` to the end, after its copy of the first run was deleted. Treat its folder as
    read only."""

    def make(folder: Path) -> None:
        with at_home(folder):
            first = copied(trained, folder)
            run = fine_tune_run(first, SECOND, "tuned")
            shutil.rmtree(first.directory)
            to_the_end(run)

    return only_run(made_once(tmp_path_factory, "tuned", make))


@pytest.fixture(scope="session")
def ort_web(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ONNX Runtime Web as npm brings it, once a session; or the tarball that `PAWLAB_ORT_WEB` names."""
    if named := os.environ.get(runtime.VARIABLE):
        return Path(named)

    def make(folder: Path) -> None:
        with at_home(folder):
            runtime.load_runtime()

    return made_once(tmp_path_factory, "ort-web", make) / "cache" / "onnxruntime-web" / runtime.FILE


@contextmanager
def at_home(folder: Path) -> Iterator[None]:
    """Makes `folder` the `home()` for a while."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAWLAB_HOME", str(folder))
        yield


def with_sample(home: Path, drawn_sample: Path) -> Path:
    """`home`, where the sample stands already and has been scanned. Links: 560 files are too many to copy for each
    test, and to decode."""
    shutil.copytree(drawn_sample, home / "datasets", copy_function=os.link)
    shutil.copytree(drawn_sample.parent / "cache", home / "cache", dirs_exist_ok=True)
    with at_home(drawn_sample.parent):
        scanned = sample_folder()
    with at_home(home):
        move_memory(scanned, sample_folder())
    return home


def only_run(home: Path) -> Run:
    """The only run in this home."""
    (config,) = (home / "runs").glob("*/config.json")
    return load_run(config.parent)


def copied(run: Run, home: Path) -> Run:
    """The same run in another home."""
    return load_run(shutil.copytree(run.directory, home / "runs" / run.id, dirs_exist_ok=True))


def with_cutoff(run: Run, cutoff: float) -> None:
    """Writes the validation predictions of a run of two classes anew, so that this is the cutoff of its sets."""
    labels, _ = validation_predictions(run)
    table = np.where(labels == 1, cutoff, 1 - cutoff).astype(np.float32)[:, np.newaxis]
    np.savez(run.directory / "validation.npz", labels=labels, probabilities=table)


def on_other_data(run: Run, source: Path) -> Run:
    """The run as if these had been its data. Its predictions fit where the validation images are the same."""
    config, summary = (read_json(run.directory / name) for name in ("config.json", "run.json"))
    dataset = open_dataset(source)
    write_json(run.directory / "config.json", {**config, "source": str(source)})
    facts = {"fingerprint": dataset.fingerprint, "counts": dataset.counts()}
    write_json(run.directory / "run.json", {**summary, **facts})
    return load_run(run.directory)


def with_many_classes(run: Run) -> tuple[str, ...]:
    """Gives the run 12 classes and predictions for 4 images of each; those of class 03 are all taken for class 05."""
    names = tuple(f"class {number:02}" for number in range(12))
    write_json(run.directory / "run.json", run.summary() | {"classes": list(names)})
    labels = np.arange(48) % 12
    table = np.random.default_rng(0).dirichlet([0.2] * 12, 48) + 0.4 * np.eye(12)[labels]
    table[labels == 3] = 0.9 * np.eye(12)[5] + 0.1 / 12
    table = (table / table.sum(axis=1, keepdims=True)).astype(np.float32)
    np.savez(run.directory / "validation.npz", labels=labels, probabilities=table)
    return names


def train_to_the_end(source: Path, config: TrainingConfig) -> Run:
    """Creates a run, starts its worker and waits for it to finish."""
    return to_the_end(create_run(str(source), config, "test"))


def to_the_end(run: Run) -> Run:
    """Starts the worker of a run and waits for it to finish."""
    start_run(run)
    wait_for(run, lambda: run.status() not in ACTIVE and not run.alive())  # it tidies up after its last word
    assert run.status() == "finished", run.history().reason or (run.directory / "worker.log").read_text()
    return load_run(run.directory)


def wait_for(run: Run, condition: Callable[[], Any], seconds: float = 180, pause: float = 0.1) -> None:
    """Waits until `condition()` holds; fails with the run's last words when it does not in time. Looks after every
    `pause` seconds: a look reads the run's history, which takes time from the training that is waited for."""
    deadline = time.monotonic() + seconds
    while not condition():
        collect()
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds} s; {run.history()}; {(run.directory / 'worker.log').read_text()[-2000:]}")
        time.sleep(pause)
