"""The Python API: its examples, in order, with one run for all; and what no example shows."""

import doctest
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core import __version__, api
from core.datasets import open_dataset
from core.errors import Cancelled, ConfigError, ImageError
from core.inference.classifier import Classifier
from core.jobs.process import PROJECT
from core.runs.run import Run
from core.runs.store import list_runs
from tests.drawing import image_bytes
from tests.trained import copied, wait_for

PARTS = (api.train, api.find_problems, api.augment, api.predict, api.evaluate, api.validation_predictions, api.export)


@pytest.mark.usefixtures("home_with_sample")
def test_every_example_gives_what_it_says(
    ready_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names = {name: getattr(api, name) for name in (*api.__all__, "np")}
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for function in PARTS:
        (examples,) = doctest.DocTestFinder(recurse=False).find(function, function.__name__, globs=names)
        assert examples.examples, function.__name__
        assert runner.run(examples, clear_globs=False).failed == 0, capsys.readouterr().out
        names |= examples.globs
    assert {function.__name__ for function in PARTS} == {*api.__all__} - {"open_dataset", "load_run"}


def test_paths_arrays_and_pil_images_are_predicted_alike(trained: Run, drawn: Path) -> None:
    file = sorted((drawn / "validation" / "dogs").iterdir())[0]
    with Image.open(file) as image:
        image.load()
    expected = Classifier.open(trained).classify(file).probabilities["dogs"]
    for alike in (file, str(file), np.asarray(image.convert("RGB")), image, image.convert("CMYK")):
        (prediction,) = api.predict(trained, [alike])
        assert prediction.probabilities["dogs"] == pytest.approx(expected, abs=0.05), type(alike)


def test_what_is_no_image_is_named_by_its_place(trained: Run, tmp_path: Path) -> None:
    (tmp_path / "good.png").write_bytes(image_bytes())
    (tmp_path / "bad.png").write_bytes(b"no image")
    with pytest.raises(ImageError, match="Image 2"):
        api.predict(trained, [tmp_path / "good.png", tmp_path / "bad.png"])
    with pytest.raises(ImageError, match="float32"):
        api.predict(trained, [np.zeros((4, 4, 3), np.float32)])
    with pytest.raises(ConfigError, match="brackets"):
        api.predict(trained, str(tmp_path / "good.png"))


def test_the_same_seed_draws_the_same_copies() -> None:
    image = np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8)
    first = api.augment(image, 3, image_size=32, rotation_range=30)
    assert (first == api.augment(Image.fromarray(image), 3, image_size=32, rotation_range=30)).all()
    assert (first[0] != first[1]).any()
    assert (first != api.augment(image, 3, image_size=32, seed=1, rotation_range=30)).any()
    unchanged = api.augment(image, 2, image_size=32)
    assert (unchanged[0] == unchanged[1]).all()


def test_epochs_are_told_and_a_callback_that_raises_stops_the_run(ready_home: Path, drawn: Path) -> None:
    epochs: list[tuple[int, float]] = []

    def stop(epoch: int, logs: dict[str, float]) -> None:
        epochs.append((epoch, logs["val_accuracy"]))
        raise Cancelled("enough")

    with pytest.raises(Cancelled, match="enough"):
        api.train(
            open_dataset(drawn),
            preset="fast",
            epochs=1000,
            image_size=64,
            on_epoch_end=stop,
            early_stopping_patience=999,
        )
    assert epochs[0][0] == 1
    assert 0 <= epochs[0][1] <= 1
    (run,) = list_runs().runs
    assert run.source == str(drawn)
    wait_for(run, lambda: run.status() == "cancelled")
    assert run.has_model()


@pytest.mark.parametrize(("settings", "word"), [({"epochs": 0}, "epochs"), ({"preset": "huge"}, "preset")])
def test_wrong_settings_start_nothing(drawn: Path, settings: dict[str, object], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        api.train(drawn, **settings)  # type: ignore[arg-type]
    assert list_runs().runs == []


def test_pawlab_has_the_functions_and_needs_no_streamlit(trained: Run, pawlab_home: Path) -> None:
    copied(trained, pawlab_home)
    code = (
        "import sys, pawlab\n"
        f"assert set({api.__all__}) <= set(dir(pawlab)), dir(pawlab)\n"
        f"pawlab.evaluate(pawlab.load_run({trained.id!r}))\n"
        "assert not {'streamlit', 'tensorflow', 'keras'} & sys.modules.keys()\n"
        "print(pawlab.__version__)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (f"{__version__}\n", "")
