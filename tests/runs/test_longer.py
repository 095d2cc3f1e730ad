"""A run that was still improving is trained again with more epochs: on the same images, whatever was edited since."""

from pathlib import Path

import pytest

from core.datasets import open_dataset
from core.datasets.edits.edits import Edits
from core.runs.history import History
from core.runs.longer import still_improving, train_longer
from core.runs.run import Run, create_run
from core.runs.settings import preset
from tests.events import event

FAST = preset("fast").changed(epochs=3, schedule="plateau")


def ended(losses: list[float], status: str = "finished") -> History:
    epochs = [
        event("epoch", epoch=number, val_loss=loss, best=loss == min(losses[:number]))
        for number, loss in enumerate(losses, 1)
    ]
    return History.of([*epochs, event("status", status=status)])


@pytest.mark.parametrize(
    ("losses", "status", "improving"),
    [
        ([3.0, 2.0, 1.0], "finished", True),
        ([3.0, 1.0, 2.0], "finished", False),
        ([3.0, 2.0], "finished", False),  # early stopping
        ([3.0, 2.0, 1.0], "cancelled", False),
        ([], "finished", False),
    ],
)
def test_a_run_still_improves_if_its_last_planned_epoch_has_the_lowest_loss(
    losses: list[float], status: str, improving: bool
) -> None:
    assert still_improving(create_run("sample", FAST), ended(losses, status)) is improving
    assert not still_improving(create_run("sample", preset("fast").changed(epochs=3)), ended(losses, status))


def test_the_longer_run_has_the_same_images_edits_and_settings_but_for_the_epochs(drawn: Path) -> None:
    dataset = open_dataset(drawn)
    edits = Edits.load(dataset)
    edits.exclude(dataset.usable("train")[:2])
    try:
        run = create_run(open_dataset(drawn), FAST, "mine")
    finally:
        edits.clear()
    longer = train_longer(run)
    assert longer.name == "mine, 6 epochs"
    assert longer.config == run.config.changed(epochs=6)
    assert (longer.source, longer.content, longer.edits()) == (run.source, run.content, run.edits())
    assert len(longer.edits()) == 1
    assert train_longer(longer).name == "mine, 12 epochs"


def test_epochs_end_at_the_most_that_settings_take() -> None:
    run: Run = create_run("sample", FAST.changed(epochs=1000))
    history = ended([float(2000 - number) for number in range(1000)])
    assert not still_improving(run, history)
    assert train_longer(create_run("sample", FAST.changed(epochs=700))).config.epochs == 1000
