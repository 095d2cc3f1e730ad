"""The images whose predictions a class watches: how they are chosen, kept, and read back."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.datasets import ImageRecord
from core.runs.history import Event, History
from core.runs.run import Run
from core.runs.sample_images import COUNT, choose, predictions, samples_at
from tests.events import event
from tests.trained import SMALL


def records(counts: dict[str, int]) -> list[ImageRecord]:
    return [ImageRecord(f"{name}/{n}.png", "validation", name) for name, count in counts.items() for n in range(count)]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"cats": 20, "dogs": 20}, {"cats": 3, "dogs": 3}),
        ({"cats": 1, "dogs": 20}, {"cats": 1, "dogs": 5}),
        ({"a": 9, "b": 9, "c": 9, "d": 9}, {"a": 2, "b": 2, "c": 1, "d": 1}),
        ({"cats": 1, "dogs": 1}, {"cats": 1, "dogs": 1}),
    ],
)
def test_every_class_gets_its_share(counts: dict[str, int], expected: dict[str, int]) -> None:
    found = records(counts)
    chosen = choose(found, tuple(counts), seed=0)
    assert Counter(found[place].label for place in chosen) == expected
    assert len(set(chosen)) == len(chosen)
    assert [found[place].label for place in chosen] == sorted(found[place].label for place in chosen)


def test_of_many_classes_the_seed_chooses() -> None:
    found = records({f"{number:02}": 3 for number in range(40)})
    classes = [f"{number:02}" for number in range(40)]
    chosen = [choose(found, classes, seed) for seed in (0, 0, 1, 2)]
    assert chosen[0] == chosen[1]
    assert len({tuple(one) for one in chosen}) == 3
    assert len({found[place].label for place in chosen[0]}) == COUNT


def test_of_two_classes_the_prediction_is_spread_over_both() -> None:
    assert predictions(np.array([[0.25], [1.0], [0.5]], np.float32), [2, 0]) == [[0.5, 0.5], [0.75, 0.25]]


def told(values: list[list[float]], epoch: int = 1) -> Event:
    return event("epoch", epoch=epoch, best=True, samples=values)


IMAGES = [{"path": "validation/cats/1.png", "label": "cats"}, {"path": "validation/dogs/1.png", "label": "dogs"}]


def test_the_predictions_of_an_epoch_and_their_course_are_read_back(tmp_path: Path) -> None:
    epochs = [told([[0.4, 0.6], [0.3, 0.7]], 1), told([[0.9, 0.1], [0.55, 0.45]], 2)]
    history = History.of([event("samples", classes=["cats", "dogs"], pictures=IMAGES), *epochs])
    cat, dog = samples_at(tmp_path, history, history.epochs[-1])
    assert (cat.prediction, cat.confidence, cat.truth, cat.right) == ("cats", 0.9, 0.9, True)
    assert (dog.prediction, dog.confidence, dog.truth, dog.right) == ("cats", 0.55, 0.45, False)
    assert (cat.course, dog.course) == ((0.4, 0.9), (0.7, 0.45))
    assert [one.prediction for one in samples_at(tmp_path, history, None)] == ["", ""]


@pytest.mark.parametrize(
    "samples",
    [
        {"classes": ["cats"], "pictures": IMAGES},
        {"classes": ["cats", "dogs", "emus"], "pictures": IMAGES},
    ],
)
def test_a_log_that_says_something_else_shows_no_images(tmp_path: Path, samples: dict[str, object]) -> None:
    history = History.of([event("samples", **samples), told([[0.4, 0.6], [0.3, 0.7]])])
    assert samples_at(tmp_path, history, history.epochs[-1]) == []


def test_a_run_keeps_small_images_and_the_validation_predictions_of_its_best_epoch(trained: Run) -> None:
    history = trained.history()
    shown = samples_at(trained.directory, history, history.best)
    assert [sample.label for sample in shown] == ["cats"] * 3 + ["dogs"] * 3
    assert all(len(sample.course) == SMALL.epochs for sample in shown)
    for sample in shown:
        with Image.open(sample.file) as image:
            assert max(image.size) <= 192
    saved = np.load(trained.directory / "validation.npz", allow_pickle=False)["probabilities"][:, 0]
    for sample in shown:
        truth = sample.truth if sample.label == "dogs" else 1 - sample.truth
        assert np.abs(saved - truth).min() < 1e-4


def test_fine_tuning_goes_on_with_the_same_images(tuned: Run, trained: Run) -> None:
    history, before = tuned.history(), trained.history()
    assert history.samples and before.samples
    assert history.samples["pictures"] == before.samples["pictures"]
    shown = samples_at(tuned.directory, history, history.epochs[-1])
    first = samples_at(trained.directory, before, before.epochs[-1])
    assert [sample.course[: SMALL.epochs] for sample in shown] == [sample.course for sample in first]
    assert len(shown[0].course) == len(history.epochs)
