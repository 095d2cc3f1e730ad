"""The run that is asked first: the best finished one on the open data."""

import json
import shutil
from pathlib import Path

from core.runs.run import Run, load_run
from core.runs.store import best_run


def like(run: Run, folder: Path, accuracy: float, source: str = "pets", status: str = "finished") -> Run:
    shutil.copytree(run.directory, folder)
    config_json = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config_json, "source": source}))
    summary = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**summary, "val_accuracy": accuracy, "status": status}))
    return load_run(folder)


def test_the_best_finished_one_on_this_data(trained: Run, tmp_path: Path) -> None:
    stopped = like(trained, tmp_path / "stopped", 0.99, status="cancelled")
    good = like(trained, tmp_path / "good", 0.9)
    equal = like(trained, tmp_path / "equal", 0.9)
    poor = like(trained, tmp_path / "poor", 0.8)
    other = like(trained, tmp_path / "other", 0.95, source="elsewhere")
    assert best_run([stopped, poor, good, equal, other], "pets") == good
    assert best_run([poor, other], "elsewhere") == other
    assert best_run([stopped, poor, other], "not trained on") == other
    assert best_run([stopped], "pets") == stopped
