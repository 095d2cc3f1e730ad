"""The real features of the drawn sample, once a session."""

import shutil
from functools import cache
from pathlib import Path

import pytest

from core.advice.material import Material, gather
from core.datasets import Dataset, open_dataset
from core.datasets.sample.sample import write_sample
from core.datasets.sample.shortcut import write_shortcut_sample
from tests.once import made_once
from tests.trained import at_home

SIZE, CROP = 96, "center"


@pytest.fixture(scope="session")
def advised_home(tmp_path_factory: pytest.TempPathFactory, weights_cache: Path) -> Path:
    """A home with two datasets, `sample` and `shortcut`, whose features are cached."""

    def make(folder: Path) -> None:
        shutil.copytree(weights_cache, folder / "cache")
        write_sample(folder / "sample", train=90, validation=30)
        write_shortcut_sample(folder / "shortcut", {"train": 60, "validation": 20, "test": 30})
        with at_home(folder):
            for name in ("sample", "shortcut"):
                gather(open_dataset(folder / name), SIZE, "center")

    return made_once(tmp_path_factory, "advised", make)


@pytest.fixture
def home_with_features(advised_home: Path, pawlab_home: Path) -> Path:
    """A copy of it as this test's home."""
    return shutil.copytree(advised_home / "cache", pawlab_home / "cache")


@pytest.fixture(scope="session")
def opened(advised_home: Path) -> "dict[str, tuple[Dataset, Material]]":
    """Both datasets with their material."""

    @cache
    def read(name: str) -> tuple[Dataset, Material]:
        dataset = open_dataset(advised_home / name)
        return dataset, gather(dataset, SIZE, "center")

    with at_home(advised_home):
        return {name: read(name) for name in ("sample", "shortcut")}
