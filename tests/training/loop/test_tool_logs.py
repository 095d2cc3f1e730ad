"""history.csv and tensorboard/ of a run: what Keras' own callbacks write, once an epoch, also after a resume."""

import csv
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core.runs.run import Run
from core.storage.files import EventLog
from core.training.loop.tool_logs import FOLDER, ToolLogs, history_csv
from tests.training.loop.test_tensorboard import events_in


def epoch(number: int, loss: float = 0.5, time: float = 0.0) -> dict[str, Any]:
    scores = {"loss": loss, "accuracy": 0.75, "val_loss": loss + 1, "val_accuracy": 0.5, "learning_rate": 1e-4}
    return {"event": "epoch", "epoch": number, "time": time, "seconds": 1.0, "best": False, "penalty": 0.0, **scores}


def batches(number: int, count: int = 2) -> list[dict[str, Any]]:
    point = {"event": "batch", "epoch": number, "batches": count, "loss": 0.5, "accuracy": 1.0, "time": 0.0}
    return [{**point, "batch": batch} for batch in range(1, count + 1)]


def start(number: int) -> dict[str, Any]:
    return {"event": "start", "epoch": number, "time": 0.0}


def progress(logs: ToolLogs, directory: Path, events: list[dict[str, Any]]) -> None:
    """As the worker does it: the event log first."""
    for event in events:
        EventLog(directory / "events.jsonl").append(event)
        logs.add(event)


def tell_all(directory: Path, events: list[dict[str, Any]]) -> None:
    with closing(ToolLogs(directory)) as logs:
        progress(logs, directory, events)


def scalars(directory: Path, split: str) -> list[tuple[str, int, float]]:
    """Tag, step and number of every scalar, from the one file that the split has."""
    import tensorflow as tf

    (path,) = (directory / FOLDER / split).iterdir()
    return [
        (value.tag, event.step, float(tf.make_ndarray(value.tensor)))
        for event in events_in(path)
        for value in event.summary.value
    ]


def test_the_csv_is_the_one_of_keras(tmp_path: Path) -> None:
    import keras

    epochs = [epoch(number, loss) for number, loss in enumerate((0.1 + 0.2, 1e-30, float("nan")), 1)]
    theirs = keras.callbacks.CSVLogger(str(tmp_path / "keras.csv"))
    theirs.on_train_begin()
    for number, point in enumerate(epochs):
        names = ("loss", "val_loss", "accuracy", "val_accuracy", "learning_rate")
        theirs.on_epoch_end(number, {name: point[name] for name in names})
    theirs.on_train_end()
    assert history_csv(epochs).encode() == (tmp_path / "keras.csv").read_bytes()


def test_a_run_leaves_both_in_full(trained: Run) -> None:
    history = trained.history()
    with (trained.directory / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [0, 1, 2, 3]
    for name in ("accuracy", "learning_rate", "loss", "val_accuracy", "val_loss"):
        assert [float(row[name]) for row in rows] == [point[name] for point in history.epochs]
    train, validation = (scalars(trained.directory, split) for split in ("train", "validation"))
    assert [step for tag, step, _ in train if tag == "batch_loss"] == list(range(1, len(history.batches) + 1))
    assert [value for tag, _, value in train if tag == "batch_accuracy"] == pytest.approx(
        [point["accuracy"] for point in history.batches]
    )
    for tag, name in (("epoch_loss", "loss"), ("epoch_accuracy", "accuracy")):
        for found, prefix in ((train, ""), (validation, "val_")):
            points = [(step, value) for key, step, value in found if key == tag]
            assert [step for step, _ in points] == [0, 1, 2, 3]
            expected = [point[prefix + name] for point in history.epochs]
            assert [value for _, value in points] == pytest.approx(expected)
    assert {tag for tag, _, _ in train} == {
        "batch_loss",
        "batch_accuracy",
        "epoch_loss",
        "epoch_accuracy",
        "epoch_learning_rate",
    }
    iterations = [step for tag, step, _ in validation if tag == "evaluation_loss_vs_iterations"]
    assert iterations == [len(history.batches) * number // 4 for number in (1, 2, 3, 4)]


def test_a_reader_finds_each_point_as_soon_as_it_happened(tmp_path: Path) -> None:
    with closing(ToolLogs(tmp_path)) as logs:
        progress(logs, tmp_path, [start(1), *batches(1)])
        assert [tag for tag, _, _ in scalars(tmp_path, "train")] == ["batch_loss", "batch_accuracy"] * 2
        progress(logs, tmp_path, [epoch(1)])
        assert ("epoch_loss", 0, 0.5) in scalars(tmp_path, "train")
        assert ("epoch_loss", 0, 1.5) in scalars(tmp_path, "validation")
        assert (tmp_path / "history.csv").read_text().splitlines()[1:] == ["0,0.75,0.0001,0.5,0.5,1.5"]


def test_a_resume_leaves_each_epoch_once_and_what_it_made_void_out(tmp_path: Path) -> None:
    before = [start(1), *batches(1), epoch(1, 0.9), *batches(2), epoch(2, 0.8), *batches(3)]
    tell_all(tmp_path, before)
    (old,) = (tmp_path / FOLDER / "train").iterdir()
    with old.open("ab") as file:  # a kill in the middle of a record
        file.write(b"\x40\x00\x00")
    tell_all(tmp_path, [start(2), *batches(2), epoch(2, 0.5), *batches(3), epoch(3, 0.25)])
    train = scalars(tmp_path, "train")
    losses = [(step, round(value, 6)) for tag, step, value in train if tag == "epoch_loss"]
    assert losses == [(0, 0.9), (1, 0.5), (2, 0.25)]
    assert [step for tag, step, _ in train if tag == "batch_loss"] == [1, 2, 3, 4, 5, 6]
    rows = (tmp_path / "history.csv").read_text().splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == ["0", "1", "2"]
    (new,) = (tmp_path / FOLDER / "train").iterdir()
    assert new.name > old.name
    restart = events_in(new)[1].session_log
    assert restart.status == restart.START


def test_a_disk_that_refuses_costs_the_copies_and_not_the_run(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FOLDER).write_text("a file in the folder's place")
    tell_all(tmp_path, [start(1), *batches(1), epoch(1)])
    assert caplog.text.count("not written any further") == 1
