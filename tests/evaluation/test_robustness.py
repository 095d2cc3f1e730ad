"""Accuracy against the strength of augmentation: the right images, the right copies, an honest interval."""

import json
import os
import shutil
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.augmentation import PRESETS, AugmentationConfig, augment
from core.augmentation.sweep import scaled
from core.datasets import ImageRecord, open_dataset
from core.datasets.edits.actions import to_json
from core.datasets.edits.edits import Edits
from core.datasets.stratified import choose
from core.errors import Cancelled, ConfigError, DatasetError, RunError
from core.evaluation.intervals import wilson_interval
from core.evaluation.robustness import (
    Point,
    breaks_at,
    interval,
    robustness,
    training_dataset,
    verdict,
)
from core.images.decode import load_image
from core.inference.classifier import Classifier
from core.runs.run import Run, create_run, load_run
from core.storage.files import write_json
from tests.serving import Server
from tests.trained import SMALL

NOTHING = PRESETS["none"]
DARK = NOTHING.changed(brightness_range=(0.2, 0.5), rotation_range=30)
STRENGTHS = (0.0, 1.0, 2.0)


@pytest.fixture(scope="module")
def classifier(trained: Run) -> Classifier:
    return Classifier.open(trained)


@pytest.fixture
def moved(trained: Run, drawn: Path, tmp_path: Path) -> Callable[..., Run]:
    """The finished run over a copy of its images that a test may change, before or after training, so to say."""

    def move(change: Callable[[Path], None] = lambda folder: None, *, retrained: bool = False) -> Run:
        folder, source = tmp_path / "run", tmp_path / "pets"
        shutil.copytree(trained.directory, folder)
        shutil.copytree(drawn, source)
        config_json = json.loads((folder / "config.json").read_text())
        write_json(folder / "config.json", config_json | {"source": str(source)})
        change(source)
        run = load_run(folder)
        if retrained:
            edited = open_dataset(source)
            (folder / "edits.json").write_text(to_json(Edits.load(open_dataset(source, edits=False)).actions))
            write_json(folder / "run.json", run.summary() | {"fingerprint": edited.fingerprint})
        return run

    return move


def naive(run: Run, classifier: Classifier, config: AugmentationConfig, copies: int, seed: int) -> list[float]:
    """The same accuracies one image and one copy at a time."""
    results = []
    dataset = open_dataset(run.source, edits=False)
    for strength in STRENGTHS:
        right = []
        for record in dataset.usable("validation"):
            original = load_image(dataset.file(record), classifier.image_size)
            for copy in range(1, 1 + copies):
                image, _ = augment(original, scaled(config, strength), seed, record.digest, copy)
                prediction = classifier.predict(image[np.newaxis]).argmax()
                right.append(classifier.classes[prediction] == record.label)
        results.append(float(np.mean(right)))
    return results


def test_accuracies_are_those_of_the_copies_one_by_one(trained: Run, classifier: Classifier) -> None:
    points = robustness(trained, DARK, STRENGTHS, copies=3, seed=5)
    assert [point.strength for point in points] == [0, 1, 2]
    assert [point.accuracy for point in points] == pytest.approx(naive(trained, classifier, DARK, 3, 5))
    assert all(point.low <= point.accuracy <= point.high and point.num_images == 16 for point in points)


def test_unchanged_images_score_what_the_run_scored_in_training(trained: Run) -> None:
    [point] = robustness(trained, DARK, [])
    assert point.accuracy == pytest.approx(trained.summary()["val_accuracy"])
    assert (point.low, point.high) == wilson_interval(round(16 * point.accuracy), 16)


def test_black_images_all_get_one_prediction(trained: Run) -> None:
    black = NOTHING.changed(brightness_range=(0, 0))
    *_, last = robustness(trained, black, [1], copies=2)
    assert last.accuracy == 0.5, "8 cats and 8 dogs"


def test_settings_that_change_nothing_keep_the_accuracy_at_every_strength(trained: Run) -> None:
    points = robustness(trained, NOTHING, STRENGTHS)
    assert len({(point.accuracy, point.low, point.high) for point in points}) == 1


def test_the_seed_decides_alone(trained: Run) -> None:
    once, again = (robustness(trained, DARK, [1.5], copies=2, seed=1, num=10) for _ in range(2))
    assert once == again
    assert once[0].num_images == 10


def test_strengths_are_measured_once_in_rising_order(trained: Run) -> None:
    assert [point.strength for point in robustness(trained, DARK, [2, 1, 1], copies=1, num=2)] == [0, 1, 2]


def test_images_that_the_runs_edits_exclude_never_take_part(moved: Callable[..., Run]) -> None:
    def exclude(folder: Path) -> None:
        dataset = open_dataset(folder)
        Edits.load(dataset).exclude(dataset.usable("validation")[:5])

    run = moved(exclude, retrained=True)
    assert robustness(run, DARK, [], copies=1)[0].num_images == 11


def test_edits_made_after_training_change_nothing(moved: Callable[..., Run]) -> None:
    def exclude(folder: Path) -> None:
        dataset = open_dataset(folder)
        Edits.load(dataset).exclude(dataset.usable("validation")[:5])

    assert robustness(moved(exclude), DARK, [], copies=1)[0].num_images == 16


def test_files_that_are_no_images_never_take_part(moved: Callable[..., Run]) -> None:
    run = moved(lambda folder: (folder / "validation" / "cats" / "a.jpg").write_text("no image") and None)
    assert len(training_dataset(run).unreadable()) == 1
    assert robustness(run, DARK, [], copies=1)[0].num_images == 16


def test_looking_at_a_run_of_an_address_asks_nobody_for_it(moved: Callable[..., Run], server: Server) -> None:
    run = moved()
    content = json.loads((run.directory / "config.json").read_text()) | {"source": server.url("/pets.zip")}
    write_json(run.directory / "config.json", content)
    with pytest.raises(DatasetError, match="not on this machine"):
        training_dataset(load_run(run.directory))
    assert server.paths == []


def test_images_that_have_changed_since_are_refused(moved: Callable[..., Run]) -> None:
    run = moved(lambda folder: next((folder / "validation" / "cats").iterdir()).unlink())
    with pytest.raises(DatasetError, match="have changed since"):
        robustness(run, DARK)


def test_a_run_without_a_model_is_refused_before_its_data_are_opened(drawn: Path) -> None:
    phases: list[str] = []
    with pytest.raises(RunError, match="no model"):
        robustness(create_run(str(drawn), SMALL), DARK, progress=lambda phase, done, total: phases.append(phase))
    assert phases == []


@pytest.mark.parametrize("wrong", [{"copies": 0}, {"copies": 21}, {"num": 0}, {"strengths": [1, -1]}])
def test_numbers_out_of_range_are_refused(trained: Run, wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        robustness(trained, DARK, **wrong)


def test_progress_counts_images_from_none_to_all(trained: Run) -> None:
    steps: list[tuple[str, int, int]] = []
    robustness(trained, DARK, [1], copies=1, num=6, progress=lambda *step: steps.append(step))
    assert [step for step in steps if step[0] == "robustness"] == [("robustness", done, 6) for done in range(7)]


def test_a_stop_ends_every_thread_and_leaves_no_file(trained: Run, pawlab_home: Path) -> None:
    training_dataset(trained)  # what opening remembers is there before
    before = {path: path.stat().st_mtime_ns for path in [*pawlab_home.rglob("*"), *trained.directory.rglob("*")]}

    def stop(phase: str, done: int, total: int) -> None:
        if phase == "robustness" and done == 2:
            raise Cancelled("Stopped")

    with pytest.raises(Cancelled):
        robustness(trained, DARK, progress=stop)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("robustness")]
    after = {path: path.stat().st_mtime_ns for path in [*pawlab_home.rglob("*"), *trained.directory.rglob("*")]}
    assert after == before


def test_a_stop_does_not_wait_for_all_copies_of_the_images_at_work(
    trained: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped, late = threading.Event(), []
    predict = Classifier.predict

    def counted(self: Classifier, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        if stopped.is_set():
            late.append(len(images))
        return predict(self, images)

    def stop(phase: str, done: int, total: int) -> None:
        if phase == "robustness" and done == 1:
            stopped.set()
            raise Cancelled("Stopped")

    monkeypatch.setattr(Classifier, "predict", counted)
    with pytest.raises(Cancelled):
        robustness(trained, DARK, range(1, 40), copies=20, num=8, progress=stop)
    assert len(late) <= 3 * (os.cpu_count() or 1), "each image takes 195 calls"


def records(counts: dict[str, int]) -> list[ImageRecord]:
    return [
        ImageRecord(f"validation/{label}/{number}.jpg", "validation", label, f"{label} {number}")
        for label, count in counts.items()
        for number in range(count)
    ]


COUNTS = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 40), min_size=1)


@given(COUNTS, st.integers(1, 100), st.integers(0, 9))
def test_each_class_gives_its_share_of_the_chosen_images(counts: dict[str, int], num: int, seed: int) -> None:
    chosen = choose(records(counts), num, seed)
    total = sum(counts.values())
    assert len(chosen) == len({record.path for record in chosen}) == min(num, total)
    given = Counter(record.label for record in chosen)
    for label, count in counts.items():
        assert abs(given[label] - len(chosen) * count / total) < len(counts)


@given(COUNTS, st.integers(1, 50), st.integers(0, 9), st.randoms())
def test_the_choice_ignores_order_and_grows_with_the_number(
    counts: dict[str, int], num: int, seed: int, random: Random
) -> None:
    images = records(counts)
    chosen = choose(images, num, seed)
    random.shuffle(images)
    assert choose(images, num, seed) == chosen
    assert choose(images, num + 5, seed)[: len(chosen)] == chosen


def test_another_seed_chooses_other_images() -> None:
    images = records({"cats": 50, "dogs": 50})
    assert choose(images, 20, 0) != choose(images, 20, 1)


def test_the_interval_is_wilsons_over_images() -> None:
    """Exact numbers from Newcombe's Table I (see tests/evaluation/test_intervals.py): 15 of 148, 0 of 20."""
    assert interval(np.repeat([1.0, 0.0], [15, 133])) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert interval(np.zeros(20)) == pytest.approx((0, 0.1611), abs=5e-5)


def test_copies_that_disagree_count_as_a_part_of_their_image() -> None:
    # By hand: 50 images, a mean of 0.5, so n = 50 and z = 1.96: 0.5 -+ 1.96 / 2 / sqrt(50 + 1.96 ** 2).
    half = 1.959964 / 2 / np.sqrt(50 + 1.959964**2)
    assert interval(np.full(50, 0.5)) == pytest.approx((0.5 - half, 0.5 + half), abs=1e-6)
    low, high = interval(np.array([1.0, 0.75, 0.5]))
    assert low < 0.75 < high


def test_the_interval_holds_the_truth_where_copies_of_a_image_go_together() -> None:
    generator = np.random.default_rng(0)
    for mean, alike in ((0.97, 0.5), (0.8, 0.9), (0.6, 0.2)):
        a, b = mean * (1 - alike) / alike, (1 - mean) * (1 - alike) / alike
        shares = generator.binomial(4, generator.beta(a, b, (2000, 60))) / 4
        held = np.mean([low <= mean <= high for low, high in map(interval, shares)])
        assert held >= 0.94, (mean, alike)


def points(*ends: tuple[float, float]) -> list[Point]:
    return [Point(0.5 * number, (low + high) / 2, low, high, 50) for number, (low, high) in enumerate(ends)]


@pytest.mark.parametrize(
    ("curve", "strength"),
    [
        (points((0.9, 1), (0.85, 0.95), (0.7, 0.85), (0.5, 0.6)), 1.0),
        (points((0.9, 1), (0.8, 0.89)), 0.5),
        (points((0.9, 1), (0.8, 0.9)), None),
        (points((0.9, 1), (0.5, 0.6), (0.85, 0.95)), None),
        (points((0.9, 1), (0.5, 0.6), (0.85, 0.95), (0.6, 0.7)), 1.5),
        (points((0.9, 1)), None),
    ],
)
def test_it_breaks_where_the_curve_stays_below_the_unchanged_images(curve: list[Point], strength: float | None) -> None:
    assert breaks_at(curve) == strength
    said = verdict(curve)
    assert said.startswith("Even at strength" if strength is None else f"From strength {strength:g} on, accuracy drops")


def test_the_verdict_names_both_accuracies() -> None:
    said = verdict(points((0.9, 1), (0.8, 0.95), (0.6, 0.7)))
    assert "right on 95% of the 50 unchanged images, and on 65% of the copies at strength 1." in said
