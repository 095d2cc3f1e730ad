"""The estimate: its arithmetic, and that the short measurement measures the real thing. No times are compared."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from core.augmentation import AugmentationConfig
from core.backbone.features import extract_features
from core.backbone.graph import cached_base
from core.backbone.rows import ROWS
from core.backbone.weights import resolve_weights
from core.datasets import open_dataset
from core.errors import Cancelled, DatasetError, PawlabError
from core.jobs.background import SingleFlight
from core.runs.feature_plan import Workload, copies_of, feature_plan, new_rows_of_all, workload_of
from core.runs.run import Run
from core.runs.settings import TrainingConfig, preset
from core.storage.home import subfolder
from core.training import measure as measuring
from core.training.estimate import Estimate, Pace, checkpoint_bytes, estimate, larger_size_seconds
from core.training.measure import Measured, measure
from core.training.model_summary import vector_length
from core.training.schedule import EarlyStopping, ReduceLROnPlateau
from tests.trained import SMALL

PACE = Pace(images=10, row_seconds=0.01, row_bytes=5000.0, step_seconds=0.02, validation_seconds=0.1)


def cost(config: TrainingConfig, images: int = 2000, cached: int = 0) -> Estimate:
    rows = [count * (1 + copies_of(config, split)) for split, count in (("train", images), ("validation", 512))]
    return estimate(Workload(rows[0], rows[1], sum(rows) - cached), PACE, config, 2)


def test_double_the_copies_double_what_they_add() -> None:
    none, one, two = (cost(TrainingConfig(copies=copies)) for copies in (0, 1, 2))
    assert none.feature_rows == 2512
    for name in ("feature_rows", "feature_seconds", "feature_bytes"):
        added = getattr(one, name) - getattr(none, name)
        assert added > 0
        assert getattr(two, name) - getattr(none, name) == pytest.approx(2 * added)


def test_the_head_costs_its_steps_and_its_validation_in_each_epoch() -> None:
    config = TrainingConfig(copies=0, epochs=10, batch_size=32)
    assert cost(config).head_seconds == pytest.approx(10 * (63 * 0.02 + 2 * 0.1))
    assert cost(config.changed(epochs=20)).head_seconds == pytest.approx(2 * cost(config).head_seconds)


def test_224_pixels_are_proposed_to_fast_where_the_whole_run_is_short() -> None:
    fast = preset("fast").changed(min_steps=0)
    quick = Workload(100, 50, 150)
    seconds = larger_size_seconds(quick, PACE, fast, 2)
    assert seconds == pytest.approx(150 * 0.01 * 1.8 + 10 * (4 * 0.02 + 0.1) + 7)
    cached = larger_size_seconds(replace(quick, new_rows=0), PACE, fast, 2)
    assert cached == pytest.approx(10 * (4 * 0.02 + 0.1) + 7)
    assert larger_size_seconds(Workload(10_000, 50, 10_050), PACE, fast, 2) is None, "more than two minutes"
    for other in (fast.changed(image_size=224), fast.changed(image_size=96), preset("notebook")):
        assert larger_size_seconds(quick, PACE, other, 2) is None, "a size of one's own, or a lesson's, is left alone"


def test_few_images_are_passed_until_an_epoch_has_its_steps() -> None:
    config = TrainingConfig(copies=0, min_steps=50, batch_size=32)
    assert cost(config, images=16).head_seconds == pytest.approx(10 * (50 * 0.02 + 2 * 0.1))
    assert cost(config).head_seconds == cost(config.changed(min_steps=0)).head_seconds


def test_cached_features_cost_nothing_and_the_head_as_much_as_before() -> None:
    config = TrainingConfig()
    whole, half, none = (cost(config, cached=rows) for rows in (0, 4000, 4512))
    assert (none.feature_rows, none.feature_seconds, none.feature_bytes) == (0, 0, 0)
    assert half.feature_rows == 512
    assert none.head_seconds == half.head_seconds == whole.head_seconds


def test_augmented_validation_images_count() -> None:
    assert cost(TrainingConfig(copies=2, augment_validation=True)).feature_rows == (2000 + 512) * 3


@pytest.mark.parametrize("units", [32, 64, 100])
def test_a_checkpoint_takes_what_the_arithmetic_says(tmp_path: Path, units: int) -> None:
    from core.training.head.fit import new_head
    from core.training.loop.checkpoint import Best, State, save_checkpoint

    config = SMALL.changed(units=units)
    head = new_head(vector_length(config), 2, config)
    best = Best(1, head.weights(), np.zeros((16, 1)))
    save_checkpoint(tmp_path, head, State(2, EarlyStopping(5), ReduceLROnPlateau(2, 0.2, 1e-3), best))
    real = sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file())
    assert checkpoint_bytes(config) == pytest.approx(real, rel=0.05)


def test_the_memory_is_about_that_of_a_real_run(trained: Run) -> None:
    """Half as much again at most: machines with other libraries and more cores need other amounts."""
    real = trained.summary()["peak_memory_mb"] * 1e6
    assert real / 1.5 < cost(SMALL).memory_bytes < real * 1.5


def test_a_run_fills_the_cache_that_the_workload_looks_into(ready_home: Path, drawn: Path) -> None:
    dataset, weights = open_dataset(drawn), resolve_weights()
    config, digest = preset("fast").changed(image_size=32), weights.provenance.digest
    work = workload_of(dataset, config, digest)
    assert (work.train_rows, work.validation_rows, work.new_rows) == (80, 16, 96)
    for split, left in (("train", 16), ("validation", 0)):
        plan = feature_plan(config, split)
        extract_features(dataset, split, plan, cached_base(weights), digest).close()
        assert workload_of(dataset, config, digest).new_rows == left
    other = config.changed(augmentation=AugmentationConfig(rotation_range=1))
    assert workload_of(dataset, other, digest).new_rows == 40, "the images serve, the copies are others"
    assert new_rows_of_all(dataset, [other, config, other], digest) == 40
    assert new_rows_of_all(dataset, [other, config.changed(copies=0)], "other weights") == 96
    assert workload_of(dataset, config, "other weights").new_rows == 96


def test_the_measurement_passes_real_images_and_leaves_nothing(ready_home: Path, drawn: Path) -> None:
    dataset = open_dataset(drawn)
    phases: list[str] = []
    found = measure(dataset, SMALL, lambda phase, done, total: phases.append(phase))
    assert list(dict.fromkeys(phases)) == ["weights", "features", "measure"]
    assert found.weights_digest == resolve_weights().provenance.digest
    assert 12 <= found.pace.images <= 40
    assert min(found.pace.row_seconds, found.pace.step_seconds, found.pace.validation_seconds) > 0
    work = workload_of(dataset, SMALL, found.weights_digest)
    assert work.new_rows == 96, "measuring fills no cache"
    said = estimate(work, found.pace, SMALL, 2).feature_bytes
    for split in ("train", "validation"):
        plan = feature_plan(SMALL, split)
        extract_features(dataset, split, plan, cached_base(resolve_weights()), found.weights_digest).close()
    real = sum(file.stat().st_size for file in subfolder("cache", "features").glob(f"*/{ROWS}"))
    assert said == pytest.approx(real, rel=0.1)


def test_a_stop_ends_the_process_that_times_the_head(ready_home: Path, drawn: Path) -> None:
    dataset = open_dataset(drawn)
    jobs: SingleFlight[Measured] = SingleFlight()
    task = jobs.submit("it", lambda progress: measure(dataset, SMALL, progress))
    deadline = time.monotonic() + 60
    while task.progress.phase != "measure":
        assert not task.done, task.error
        assert time.monotonic() < deadline
        time.sleep(0.01)
    task.cancel()
    assert task.wait(60)
    assert isinstance(task.error, Cancelled)
    assert not any(times_a_head(child) for child in psutil.Process().children(recursive=True))


def times_a_head(process: psutil.Process) -> bool:
    try:
        return "core.training.head.head_pace" in process.cmdline()
    except psutil.Error:  # ended, or another test's zombie
        return False


def test_a_head_beyond_this_machines_memory_is_refused_before_anything_is_measured(
    drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = psutil.virtual_memory()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory._replace(available=10_000_000))
    with pytest.raises(PawlabError, match=r"needs 0\.3 GB of memory; this machine has 0\.0 GB free"):
        measure(open_dataset(drawn), TrainingConfig())


def test_a_head_that_dies_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(PawlabError, match=r"could not be timed: .*FileNotFoundError"):
        measuring._time_head(tmp_path, lambda *_: None)


def test_a_dataset_that_cannot_be_trained_on_says_so(drawn: Path) -> None:
    dataset = open_dataset(drawn)
    only_cats = replace(
        dataset, records=tuple(record for record in dataset.records if record.label == "cats"), classes=("cats",)
    )
    with pytest.raises(DatasetError, match="one class only"):
        measure(only_cats, SMALL)
