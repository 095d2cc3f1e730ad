"""A sample of `benchmarks.hostile`: broken and malicious input of every kind is refused with a reason, or harmless."""

from pathlib import Path

import pytest

from benchmarks import hostile
from core.runs.run import Run
from tests.trained import copied

SEED = 77  # another than the benchmark's: each run of both tries more


@pytest.fixture(autouse=True)
def ready(ready_home: Path) -> Path:
    return ready_home


def test_images() -> None:
    tally = hostile.images(250, SEED)
    assert not tally.failures
    assert 0 < tally.refused < tally.tried


def test_large_images() -> None:
    tally = hostile.large(3, SEED)
    assert not tally.failures
    assert tally.largest_worker < 1700 * 2**20


def test_zips(tmp_path: Path) -> None:
    assert not hostile.zips(15, SEED, tmp_path).failures


def test_run_folders(trained: Run, ready: Path) -> None:
    assert not hostile.runs(60, SEED, copied(trained, ready)).failures


def test_bundles(trained: Run, ready: Path, tmp_path: Path) -> None:
    tally = hostile.bundles(8, SEED, copied(trained, ready), tmp_path)
    assert not tally.failures
    assert tally.refused


def test_caches(drawn: Path, ready: Path) -> None:
    assert not hostile.caches(12, SEED, drawn).failures
