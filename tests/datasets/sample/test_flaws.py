"""The sample with mistakes: the report finds each planted kind, and the clean sample has none of the grave ones."""

import json
from pathlib import Path

import pytest

from core.datasets import open_dataset
from core.datasets.quality.report import make_report
from core.datasets.sample.flaws import MISLABELLED, WORDS, plant_flaws
from core.datasets.sample.sample import sample_folder, write_sample


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, tuple[str, ...]]]:
    folder = tmp_path_factory.mktemp("flaws") / "sample"
    write_sample(folder, train=8, validation=4)
    return folder, plant_flaws(folder)


def test_the_report_finds_each_planted_kind(planted: tuple[Path, dict[str, tuple[str, ...]]]) -> None:
    folder, paths = planted
    assert set(paths) == set(WORDS)
    report = make_report(open_dataset(folder))
    for kind, expected in paths.items():
        if kind != MISLABELLED:
            assert set(expected) <= {record.path for record in report.row(kind).records}, kind


def test_the_sample_without_mistakes_has_none(home_with_sample: Path) -> None:
    report = make_report(open_dataset(sample_folder()))
    assert {row.key: row.records for row in report.rows if row.count} == {}


def test_the_readme_has_the_solution_and_every_file_is_named_alike(
    planted: tuple[Path, dict[str, tuple[str, ...]]],
) -> None:
    folder, paths = planted
    readme = (folder / "README.txt").read_text(encoding="utf-8")
    for kind, files in paths.items():
        assert all(f"{path}: {WORDS[kind]}\n" in readme for path in files)
    for label, count in {"train/cats": 13, "train/dogs": 14, "validation/cats": 5, "validation/dogs": 6}.items():
        names = sorted(path.name for path in (folder / label).iterdir())
        assert names == [f"{label[-4:-1]}.{number:04}.jpg" for number in range(1, count + 1)]


def test_the_same_seed_plants_the_same(planted: tuple[Path, dict[str, tuple[str, ...]]], tmp_path: Path) -> None:
    folder, paths = planted
    write_sample(tmp_path / "again", train=8, validation=4)
    assert json.dumps(plant_flaws(tmp_path / "again")) == json.dumps(paths)
    for files in paths.values():
        assert all((folder / path).read_bytes() == (tmp_path / "again" / path).read_bytes() for path in files)
