"""Names of files that are no Unicode: what is written of them can be read again, and nothing stops at them."""

import os
import subprocess
import sys
from pathlib import Path

from core.files import EventLog, read_json, write_json
from core.training.recipe import TrainingConfig
from core.training.runs import create_run
from core.training.shelf import list_runs
from tests.drawing import write_images

PROJECT = Path(__file__).parents[1]
ODD = os.fsdecode(b"na\xffme \xc3\xa9")  # a byte that is no UTF-8, and a letter that is


def test_json_holds_a_path_that_is_no_unicode(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"source": ODD, ODD: "\U0001f436"})
    assert read_json(tmp_path / "a.json") == {"source": ODD, ODD: "\U0001f436"}


def test_an_event_holds_a_path_that_is_no_unicode(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.append({"event": "status", "reason": f"{ODD} is gone"})
    log.append({"event": "next"})
    assert log.read()[0] == [{"event": "status", "reason": f"{ODD} is gone"}, {"event": "next"}]


def test_a_run_of_a_folder_whose_name_is_no_unicode_is_kept_and_listed(tmp_path: Path) -> None:
    run = create_run(str(tmp_path / ODD), TrainingConfig(), "odd")
    assert [one.source for one in list_runs().runs] == [run.source] == [str(tmp_path / ODD)]


def test_a_dataset_whose_name_is_no_unicode_is_scanned_and_its_runs_are_listed(tmp_path: Path) -> None:
    """In processes of their own, whose stdout takes UTF-8 only."""
    folder = write_images(tmp_path / ODD, {"cats": 3, "dogs": 3})
    create_run(str(folder), TrainingConfig(), "odd")
    for command in (["scan", str(folder), "--json"], ["runs"], ["runs", "--json"], ["train", "--data", f"{folder}/no"]):
        done = subprocess.run(
            [sys.executable, "-m", "core", *command],
            cwd=PROJECT,
            capture_output=True,
            env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
        )
        assert b"Traceback" not in done.stderr, done.stderr
        assert done.returncode == (2 if command[0] == "train" else 0)
