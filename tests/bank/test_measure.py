"""The bank of real features of drawn arrows, whose classes are left and right."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.backbone.rows import ROWS
from core.bank.bank import Bank
from core.bank.measure import measure_bank, most_rows
from core.bank.predict import Predictor
from core.datasets import Dataset, open_dataset
from core.errors import Cancelled, DatasetError
from core.runs.settings import TrainingConfig, preset
from core.storage.home import subfolder
from tests.trained import at_home

CONFIG: TrainingConfig = preset("fast").changed(image_size=48)
IMAGES = 24


def draw_arrow(path: Path, random: np.random.Generator, *, left: bool) -> None:
    """Before a background of its own, or all would be near duplicates of one another."""
    background = Image.fromarray(random.integers(0, 256, (5, 5, 3), dtype=np.uint8))
    image = background.resize((64, 64), Image.Resampling.BICUBIC)
    points = [(46, 10), (46, 54), (8, 32)] if left else [(18, 10), (18, 54), (56, 32)]
    ImageDraw.Draw(image).polygon(points, (255, 255, 255), (0, 0, 0), 3)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, weights_cache: Path) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("bank")
    (folder / "cache").mkdir()
    (folder / "cache" / "weights").symlink_to(weights_cache / "weights")
    with at_home(folder):
        yield folder


@pytest.fixture(scope="module")
def data(home: Path) -> Dataset:
    random = np.random.default_rng(0)
    for split, number in (("train", IMAGES // 2), ("validation", 2)):
        for place in range(number):
            for label in ("left", "right"):
                draw_arrow(home / "arrows" / split / label / f"{place}.png", random, left=label == "left")
    return open_dataset(home / "arrows")


@pytest.fixture(scope="module")
def bank(data: Dataset) -> Bank:
    return measure_bank(data, CONFIG)


@pytest.fixture(autouse=True)
def same_home(bank: Bank, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAWLAB_HOME", str(home))


def test_a_change_that_destroys_the_label_is_predicted_to_hurt(bank: Bank) -> None:
    predictor = Predictor(bank)
    assert predictor.accuracy > 0.7
    (mirrored,), (upside_down,) = bank.entries["horizontal_flip"], bank.entries["vertical_flip"]
    assert predictor.together(mirrored.config, 20).change.high < 0
    change = predictor.together(upside_down.config, 20).change
    assert change.low < 0 < change.high


def test_a_second_measurement_passes_nothing_and_gives_the_same(bank: Bank, data: Dataset) -> None:
    totals = set()
    again = measure_bank(data, CONFIG, progress=lambda phase, done, total: totals.add((phase, total)))
    assert {total for phase, total in totals if phase == "features"} == {0}
    for name, shifts in bank.shifts.items():
        np.testing.assert_array_equal(shifts, again.shifts[name])


def test_a_damaged_entry_is_computed_again(bank: Bank, data: Dataset) -> None:
    damaged = max(subfolder("cache", "features").glob(f"*/{ROWS}"), key=lambda file: file.stat().st_mtime)
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 255
    damaged.write_bytes(content)
    again = measure_bank(data, CONFIG)
    for name, shifts in bank.shifts.items():
        np.testing.assert_array_equal(shifts, again.shifts[name])


def test_what_was_stopped_goes_on_where_it_was(bank: Bank, data: Dataset) -> None:
    config = CONFIG.changed(seed=1)
    total = most_rows(data)

    def stop(phase: str, done: int, total: int) -> None:
        if phase == "features" and done > total / 2:
            raise Cancelled("Stopped")

    with pytest.raises(Cancelled):
        measure_bank(data, config, progress=stop)
    left: list[int] = []
    measure_bank(data, config, progress=lambda phase, done, total: left.append(total) if phase == "features" else None)
    assert 0 < max(left) < 0.6 * total


def test_a_class_of_one_image_is_refused(data: Dataset, tmp_path: Path) -> None:
    for place, label in enumerate(("left", "left", "right")):
        draw_arrow(tmp_path / "few" / "train" / label / f"{place}.png", np.random.default_rng(place), left=True)
    with pytest.raises(DatasetError, match="has fewer than two different images"):
        measure_bank(open_dataset(tmp_path / "few"), CONFIG)
