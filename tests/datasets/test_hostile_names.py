"""Names of files that are no Unicode: what is written of them can be read again, and nothing stops at them."""

import os
import subprocess
import sys
from pathlib import Path

from core.jobs.process import PROJECT
from core.runs.store import list_runs
from core.storage.files import EventLog, read_json, write_json
from tests.drawing import write_images

ODD = os.fsdecode(b"na\xffme \xc3\xa9")  # a byte that is no UTF-8, and a letter that is


def test_json_holds_a_path_that_is_no_unicode(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"source": ODD, ODD: "\U0001f436"})
    assert read_json(tmp_path / "a.json") == {"source": ODD, ODD: "\U0001f436"}


def test_an_event_holds_a_path_that_is_no_unicode(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.append({"event": "status", "reason": f"{ODD} is gone"})
    log.append({"event": "next"})
    assert log.read()[0] == [{"event": "status", "reason": f"{ODD} is gone"}, {"event": "next"}]


def test_a_dataset_whose_name_is_no_unicode_is_scanned_and_training_asks_for_another_name(tmp_path: Path) -> None:
    """In processes of their own, whose stdout takes UTF-8 only."""
    folder = write_images(tmp_path / ODD, {"cats": 3, "dogs": 3})
    expected = {("scan", str(folder)): 0, ("scan", str(folder), "--json"): 0, ("train", "--data", str(folder)): 2}
    for command, code in expected.items():
        done = subprocess.run(
            [sys.executable, "-m", "core", *command],
            cwd=PROJECT,
            capture_output=True,
            env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
        )
        assert b"Traceback" not in done.stderr, done.stderr
        assert done.returncode == code
    assert b"na\\udcffme" in done.stderr
    assert b"Rename the folder" in done.stderr
    assert list_runs().runs == []
