"""Damaged run folders: a seed makes one of a good run, as a broken disk or a stranger would.

Covers what a folder holds and what its files say; `damage` changes one thing at a time.
"""

import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from core.errors import PawlabError
from core.evaluation.predictions import load_predictions
from core.evaluation.run_summary import facts_of
from core.export.manifest import manifest_of
from core.runs.choices import REJECTION
from core.runs.comparison_chart import Line, comparison_curves
from core.runs.curves_chart import training_curves
from core.runs.limits import limits_of, neighbours_of
from core.runs.longer import still_improving
from core.runs.passing_images import passed
from core.runs.run import Run
from core.runs.sample_images import samples_at
from core.runs.start import reason
from core.runs.store import best_run
from core.training.patience import patience_of

VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    10**30,
    float("nan"),
    float("inf"),
    -1e308,
    "",
    "x" * 5000,
    "\u202egpj.exe\ud800",
    [],
    {},
    [[[]]],
    int("9" * 4000),
)
"""What takes the place of a value."""
JSONS = (
    "config.json",
    "run.json",
    "label.json",
    "worker.json",
    "exit.json",
    "threshold.json",
    "unlike.json",
    "sets.json",
    "edits.json",
)
LOG = "events.jsonl"
ARRAYS = ("validation.npz", "neighbours.npz", "model.onnx")
HUGE = 3_000_000_000  # bytes of a file that takes no room


def damage(folder: Path, seed: int) -> str:
    """Damages one thing in a run's folder. Returns what, in words."""
    draw = random.Random(seed)
    names = [name for name in (*JSONS, LOG, *ARRAYS) if (folder / name).is_file()]
    file = folder / draw.choice([*names, LOG, "run.json", "config.json"])
    ways: list[Callable[[Path, random.Random], str]] = [_cut, _flip, _replaced]
    if file.suffix in (".json", ".jsonl"):
        ways += [_value] * 6
    return f"{seed}: {file.name}: {draw.choice(ways)(file, draw)}"


def _cut(file: Path, draw: random.Random) -> str:
    size = draw.randrange(file.stat().st_size)
    os.truncate(file, size)
    return f"cut to {size} bytes"


def _flip(file: Path, draw: random.Random) -> str:
    content = bytearray(file.read_bytes())
    for _ in range(20):
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    file.write_bytes(content)
    return "20 flipped bits"


def _replaced(file: Path, draw: random.Random) -> str:
    file.unlink()
    way = draw.choice(["gone", "a folder", "a pipe", "a link to itself", "3 GB", "no text"])
    match way:
        case "a folder":
            file.mkdir()
        case "a pipe":
            os.mkfifo(file)
        case "a link to itself":
            file.symlink_to(file)
        case "3 GB":
            file.touch()
            os.truncate(file, HUGE)
        case "no text":
            file.write_bytes(bytes(draw.randrange(256) for _ in range(200)))
    return way


def _value(file: Path, draw: random.Random) -> str:
    """Another value, or none, somewhere in a JSON file, or in a line of the log."""
    lines = file.read_text().splitlines() if file.name == LOG else [file.read_text()]
    number = draw.randrange(len(lines))
    value = json.loads(lines[number])
    places = list(_places(value))
    if not places:
        return _cut(file, draw)
    holder, key = draw.choice(places)
    if draw.random() < 0.3:
        del holder[key]
        said = f"line {number + 1} without {key}"
    else:
        holder[key] = draw.choice(VALUES)
        said = f"line {number + 1}: {key} = {str(holder[key])[:20]!r}"
    lines[number] = _dumped(value)
    file.write_bytes(("\n".join(lines) + "\n").encode("utf-8", "backslashreplace"))
    return said


def _dumped(value: Any) -> str:
    """As `json.dumps`, which refuses numbers of 4,000 digits."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**100:
        return "9" * 4000
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {_dumped(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_dumped(one) for one in value) + "]"
    return json.dumps(value)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (dictionary or list, key or position) in a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in list(items):
        yield value, key
        yield from _places(one)


def damaged_copy(good: Path, folder: Path, seed: int) -> str:
    """A copy of the run's folder `good` at `folder`, damaged as `seed` says. Returns what was damaged."""
    shutil.copytree(good, folder)
    return damage(folder, seed)


def read_all(run: Run) -> None:
    """What pages and commands read of a run, as they do it."""
    history = run.history()
    training_curves(history, run.last_epoch)
    comparison_curves([Line(run.name, history.epochs)], "a")
    samples_at(run.directory, history, history.best)
    passed(run.directory, history.passing)
    still_improving(run, history)
    patience_of(history.epochs, run.config, history.fine_tune)
    reason(run, history)
    facts_of(run)
    limits_of(run, None)
    REJECTION.of(run)
    best_run([run], run.source)
    for read in (Run.summary, load_predictions, neighbours_of, manifest_of, Run.edits):
        try:
            read(run)
        except PawlabError as error:
            assert len(str(error)) < 2000
