"""The real features of the drawn sample, once a session."""

import shutil
from pathlib import Path

import pytest

from core.advice.looks import looks_of
from core.advice.material import Material, gather
from core.datasets import Dataset, open_dataset
from core.datasets.sample.sample import write_sample
from core.datasets.sample.shortcut import write_shortcut_sample
from tests.once import made_once
from tests.trained import at_home

SIZE = 96


@pytest.fixture(scope="session")
def advised_home(tmp_path_factory: pytest.TempPathFactory, weights_cache: Path) -> Path:
    """A home with two datasets, `sample` and `shortcut`, whose features are cached."""

    def make(folder: Path) -> None:
        shutil.copytree(weights_cache, folder / "cache")
        write_sample(folder / "sample", train=90, validation=30)
        write_shortcut_sample(folder / "shortcut", {"train": 60, "validation": 20, "test": 30})
        with at_home(folder):
            for name in ("sample", "shortcut"):
                dataset = open_dataset(folder / name)
                looks_of(dataset, gather(dataset, SIZE, "center").records)

    return made_once(tmp_path_factory, "advised", make)


@pytest.fixture
def home_with_features(advised_home: Path, pawlab_home: Path) -> Path:
    """A copy of it as this test's home."""
    return shutil.copytree(advised_home / "cache", pawlab_home / "cache")


@pytest.fixture(scope="session")
def opened(advised_home: Path) -> dict[str, tuple[Dataset, Material]]:
    """Both datasets with their material."""

    with at_home(advised_home):
        datasets = {name: open_dataset(advised_home / name) for name in ("sample", "shortcut")}
        return {name: (dataset, gather(dataset, SIZE, "center")) for name, dataset in datasets.items()}
