"""`python -m core train` as a user calls it: a run that waits its turn, and Ctrl-C with what `--resume` makes of it."""

import csv
import json
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.cli import console
from core.cli.main import app
from core.datasets import open_dataset
from core.evaluation.predictions import load_predictions
from core.inference.classifier import Classifier
from core.jobs.process import module_command, module_environment
from core.runs.liveness import record
from core.runs.queue import waiting
from core.runs.run import Run, create_run, load_run
from core.runs.store import list_runs
from tests.cli.calling import core, process
from tests.connections import WORKERS, Connections, traced
from tests.trained import SMALL, at_home


@dataclass(frozen=True)
class Outcome:
    """What one call said and left."""

    home: Path
    first_line: str
    summary: dict[str, Any]
    connections: Connections

    @property
    def run(self) -> Run:
        return load_run(Path(self.summary["directory"]))


def train(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """The command, begun in a folder of the user's."""
    command = module_command("core", "train", *arguments, "--json")
    environment = module_environment()
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.fixture(scope="module")
def outcome(weights_cache: Path, drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Of a run of one epoch, behind another that is killed. The folder where the user stands has a package of
    somebody's that is called as ours, and the home and the data are named from there. Treat it as read only."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "core").mkdir()
    (folder / "core" / "__init__.py").write_text("raise SystemExit('the core of somebody else')")
    (folder / "pets").symlink_to(drawn)
    (folder / "settings.json").write_text(json.dumps({"units": 16}))
    shutil.copytree(weights_cache, folder / "home" / "cache")
    with at_home(folder / "home"):
        busy = create_run(str(drawn), SMALL, "busy")
    busy.log.append({"event": "status", "status": "running", "time": time.time()})
    record(busy.directory, "worker", os.getpid())
    options = ["--preset", "fast", "--image-size", "64", "--epochs", "1", "--settings", "settings.json"]
    options += ["--crop", "center", "--no-temperature-scaling"]
    with (
        at_home(Path("home")),
        traced(folder) as connections,
        train(folder, "--data", "pets", "--name", "cli", *options) as process,
    ):
        assert process.stderr is not None
        first_line = process.stderr.readline()
        (busy.directory / "worker.json").unlink()  # as if it had been killed: the waiting command looks itself
        output, errors = process.communicate()
    assert process.returncode == 0, errors
    shutil.rmtree(busy.directory)
    return Outcome(folder / "home", first_line, json.loads(output.splitlines()[-1]), connections)


def test_it_goes_on_when_its_turn_comes(outcome: Outcome) -> None:
    assert "waits for 1 other run." in outcome.first_line
    assert outcome.summary["status"] == "finished"


def test_it_trains_from_any_folder(outcome: Outcome) -> None:
    assert outcome.run.status() == "finished"
    assert outcome.run.directory.is_relative_to(outcome.home)


def test_none_of_its_processes_asks_another_machine(outcome: Outcome) -> None:
    assert {"core", *WORKERS} <= outcome.connections.programs()
    assert not outcome.connections.strangers()


def test_it_takes_options_and_settings_and_prints_the_summary(outcome: Outcome) -> None:
    config = outcome.run.config
    assert (config.image_size, config.crop, config.epochs, config.units) == (64, "center", 1, 16)
    assert not config.temperature_scaling, "the preset has it"
    expected = {"run", "directory", "best_epoch", "val_accuracy", "val_loss", "seconds", "weights"}
    assert expected <= set(outcome.summary)
    assert outcome.summary["seconds"]["total"] > 0


def test_it_trains_on_what_its_classifier_sees(outcome: Outcome, drawn: Path) -> None:
    """The centred squares, which no test fixture trains on."""
    predictions = load_predictions(outcome.run)
    dataset = open_dataset(drawn)
    files = [dataset.file(record) for record in dataset.usable("validation")]
    classifier = Classifier.open(outcome.run)
    found = [list(classifier.classify(file).probabilities.values()) for file in files]
    np.testing.assert_allclose(found, predictions.probabilities, atol=2e-4)


def test_its_run_is_listed_and_classifies(
    outcome: Outcome, drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAWLAB_HOME", str(outcome.home))
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"GIF89a")
    table = tmp_path / "predictions.csv"
    image = next((drawn / "validation" / "dogs").iterdir())
    with traced(tmp_path) as connections:
        process("scan", drawn)
        result = process("classify", image, bad, "--run", outcome.run.id, "--csv", table, "--json", code=1).result
    assert connections.programs() == {"core", "core.jobs.pool_worker"}
    assert not connections.strangers()
    good, broken = result["results"]
    assert set(good) == {"path", "label", "confidence", "probabilities", "distance", "unlike", "set"}
    assert set(good["probabilities"]) == {"cats", "dogs"}
    assert set(broken) == {"path", "error"}
    assert result["images_per_second"] > 0
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["path", "label", "confidence", "error", "distance", "unlike", "set", "cats", "dogs"]
    assert (rows[0]["label"], rows[1]["error"]) == (good["label"], broken["error"])

    (listed,) = core("runs", "--json").result["runs"]
    assert (listed["run"], listed["status"], listed["name"]) == (outcome.run.id, "finished", "cli")


@pytest.fixture
def busy(ready_home: Path, drawn: Path) -> Run:
    """A run that is at work, as far as anybody can see: it is this very process."""
    run = create_run(str(drawn), SMALL, "busy")
    run.log.append({"event": "status", "status": "running", "time": time.time()})
    record(run.directory, "worker", os.getpid())
    return run


@pytest.mark.parametrize("broken", ["nowhere", "empty", "broken.zip"])
def test_data_is_looked_at_before_it_waits(
    broken: str, busy: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("core.runs.start.enqueue", lambda run: pytest.fail("it waits"))
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04")
    assert console.run(app, ["train", "--data", str(tmp_path / broken)]) == console.BAD_INPUT
    said = capsys.readouterr().err
    assert broken in said or "The zip is broken" in said
    assert [run.id for run in list_runs().runs] == [busy.id]


def test_a_client_that_is_told_to_end_withdraws_its_run(busy: Run, drawn: Path, tmp_path: Path) -> None:
    """By SIGTERM or a terminal that closes; a client that ignores hang-ups, as with nohup, goes on waiting."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        stubborn = train(tmp_path, "--data", str(drawn), "--name", "stubborn")
    finally:
        signal.signal(signal.SIGHUP, before)
    numbers = (signal.SIGTERM, signal.SIGHUP)
    clients = {number: train(tmp_path, "--data", str(drawn), "--name", number.name) for number in numbers}
    try:
        for client in (stubborn, *clients.values()):
            assert client.stderr is not None
            assert "waits for" in client.stderr.readline()
        stubborn.send_signal(signal.SIGHUP)
        for number, client in clients.items():
            client.send_signal(number)
            _, errors = client.communicate(timeout=60)
            assert (client.returncode, "Withdrew" in errors) == (130, True), errors
        runs = {run.name: run for run in list_runs().runs}
        assert [runs[number.name].status() for number in numbers] == ["cancelled", "cancelled"]
        assert [run.name for run in waiting()] == ["stubborn"]
        assert stubborn.poll() is None
    finally:
        for client in (stubborn, *clients.values()):
            client.kill()
            client.communicate()


def test_what_was_trained_is_kept_when_images_are_gone_and_when_ctrl_c_cancels(
    ready_home: Path, drawn: Path, tmp_path: Path
) -> None:
    data = shutil.copytree(drawn, tmp_path / "pets")
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"early_stopping_patience": 900, "units": 512}))
    options = ["--preset", "fast", "--image-size", "64", "--epochs", "900", "--settings", str(settings)]
    process = train(tmp_path, "--data", str(data), *options)
    run = wait_for_epochs(process, 1)
    (data / "validation").rename(tmp_path / "aside")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode not in (0, 130)
    assert "validation images are gone" in errors
    assert "1.png" in errors or "0001" in errors, "the message names a file"

    epochs = len(run.history().epochs)
    (tmp_path / "aside").rename(data / "validation")
    next((data / "validation" / "cats").iterdir()).unlink()  # one that is missed is none too many
    resumed = train(tmp_path, "--resume", run.id)
    wait_for_epochs(resumed, epochs + 1)
    resumed.send_signal(signal.SIGINT)
    output, errors = resumed.communicate(timeout=60)
    assert resumed.returncode == 130, errors
    summary = json.loads(output.splitlines()[-1])
    best = min(run.history().epochs, key=lambda epoch: float(epoch["val_loss"]))
    assert (summary["status"], summary["best_epoch"]) == ("cancelled", best["epoch"])
    assert (run.status(), run.summary()["best_epoch"]) == ("cancelled", best["epoch"])
    assert (run.directory / "model.keras").is_file()
    assert load_run(run.directory).has_model()

    epochs = len(run.history().epochs)
    resumed = train(tmp_path, "--resume", run.id)
    wait_for_epochs(resumed, epochs + 1)
    resumed.send_signal(signal.SIGTERM)
    _, errors = resumed.communicate(timeout=60)
    assert resumed.returncode == 130, errors
    assert [point["epoch"] for point in run.history().epochs][: epochs + 1] == list(range(1, epochs + 2))


def wait_for_epochs(process: subprocess.Popen[str], number: int) -> Run:
    """The only run, as soon as it has trained so many epochs."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        for run in list_runs().runs:
            if len(run.history().epochs) >= number:
                return run
        time.sleep(0.05)
    process.kill()
    pytest.fail(f"no epoch came: {process.communicate()}")
