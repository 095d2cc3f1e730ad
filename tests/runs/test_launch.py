"""A run's processes stand where the user stands, and are ours whatever lies there."""

from pathlib import Path

import pytest

from core.runs.run import ACTIVE, create_run
from core.runs.settings import TrainingConfig
from core.runs.start import start_run
from tests.trained import wait_for


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: with a package of somebody's that is called as ours, and `home` named from there."""
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "__init__.py").write_text("raise SystemExit('the core of somebody else')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PAWLAB_HOME", "here")
    return tmp_path


def test_a_home_that_is_named_from_where_one_stands_is_the_workers_too(elsewhere: Path) -> None:
    run = create_run(str(elsewhere / "no pets"), TrainingConfig())
    start_run(run)
    wait_for(run, lambda: run.status() not in ACTIVE and not run.alive())
    assert run.status() == "failed"
    assert "no pets" in run.history().reason
    assert run.directory.is_relative_to(elsewhere / "here")
