"""The Training page before a run: the data, the model and the cost; and the sentences while it trains."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.datasets import open_dataset
from core.datasets.current import remember_source
from core.datasets.edits.edits import Edits
from core.runs.history import History
from core.runs.run import Run, create_run
from core.runs.settings import preset
from core.training import estimate as estimating
from core.training import measure as measuring
from core.training.model_summary import Cost
from pages.ui.dataset import quality as trust
from pages.ui.dataset.quality import reports
from pages.ui.shared.text import learning_rate
from pages.ui.train.estimate import estimates
from pages.ui.train.patience import drops_in_words, few_validation_images
from tests.drawing import write_images
from tests.events import event
from tests.pages.app import press, words
from tests.pages.test_train import FAST, at_work, page, shown

PLATEAU = FAST.changed(schedule="plateau")


@pytest.fixture(autouse=True)
def small(drawn: Path) -> Iterator[None]:
    remember_source(str(drawn))
    yield


def markup(app: AppTest) -> str:
    return "\n".join(str(element.proto.body) for element in app.get("html"))


def compared(app: AppTest) -> AppTest:
    """The page once the report on leaks is made."""
    task = reports()._task
    assert task is not None
    assert task.wait(60)
    return app.run()


def measured(app: AppTest) -> AppTest:
    task = estimates()._task
    assert task is not None
    assert task.wait(120)
    return app.run()


def test_the_data_is_counted_by_class_with_copies_and_edits(drawn: Path, tmp_path: Path) -> None:
    app = page()
    assert "**Training**: 20 cats, 20 dogs, each with an augmented copy: 80 in all." in words(app).replace("\\", "")
    assert "**Validation**: 8 cats, 8 dogs." in words(app).replace("\\", "")
    assert "Your edits" not in words(app)
    edits = Edits.load(open_dataset(drawn))
    edits.exclude(open_dataset(drawn).usable("train")[:2])
    edits.relabel(open_dataset(drawn).usable("train")[5:6], "dogs")
    try:
        app.run()
        assert "**Your edits**: 2 excluded, 1 relabelled" in words(app)
        assert "17 cats, 21 dogs" in words(app).replace("\\", "")
    finally:
        edits.clear()


@pytest.mark.parametrize("leak", [False, True])
def test_leaks_and_copies_that_are_left_are_said(tmp_path: Path, leak: bool) -> None:
    counts = {"train/cats": 4, "train/dogs": 4, "validation/cats": 2, "validation/dogs": 2}
    pets = write_images(tmp_path / "pets", counts)
    if leak:
        original = min((pets / "train" / "cats").iterdir())
        (pets / "validation" / "cats" / "leak.png").write_bytes(original.read_bytes())
    remember_source(str(pets))
    said = words(compared(page()))
    if leak:
        assert "**Leaks**: 1 image is in more than one split, so the score will be too optimistic" in said
        assert "**Duplicates**: 1 image appears more than once" in said
    else:
        assert "**Leaks**: none found" in said
        assert "**Duplicates**" not in said


def test_a_large_dataset_is_not_compared_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust, "BY_ITSELF", 10)
    assert "not checked yet" in words(page())
    assert reports()._task is None


def test_names_of_many_classes_are_counted_together_and_do_no_harm(tmp_path: Path) -> None:
    evil = "![](http:host) <b>x"
    remember_source(str(write_images(tmp_path / "two", {"train/" + evil: 3, "train/b": 3, "validation/b": 2})))
    escaped = "3 \\!\\[\\]\\(http\\:host\\) \\<b\\>x"
    assert any(escaped in block.value for block in page().markdown)
    classes = {f"{split}/c{number}": 2 for split in ("train", "validation") for number in range(9)}
    remember_source(str(write_images(tmp_path / "many", classes)))
    assert "18 images, 2 in each of 9 classes" in words(page()).replace("\\", "")


def test_the_table_of_layers_follows_the_settings() -> None:
    app = page()
    assert all(part in markup(app) for part in ("5 × 5 × 1,280", "16,384,512", "frozen", "18,645,057", "Flatten"))
    assert "Flatten passes all 32,000 to the hidden layer: 16.4 million weights and 262 MB" in words(app)
    assert "25 times less" in words(app)
    app.radio(key="training_preset").set_value("fast").run()
    assert "GlobalAveragePooling2D" in markup(app)
    assert "655,872" in markup(app)
    app.number_input(key="training_image_size").set_value(32).run()
    assert "the same" in words(app)


def test_an_estimate_is_made_when_asked_for_and_follows_the_settings(
    ready_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimating, "LARGER_SECONDS", 1e6)  # however slow this machine is
    app = page()
    app.radio(key="training_preset").set_value("fast").run()
    app.number_input(key="training_image_size").set_value(64).run()
    assert "Memory: up to about" not in words(app)
    app = measured(press(app, "Estimate"))
    assert not app.exception
    assert "for 96 images and copies: extracted once" in words(app)
    assert "for 10 epochs" in words(app)
    assert "Memory: up to about 1.3 GB" in words(app)
    app.number_input(key="training_epochs").set_value(20).run()
    assert "for 20 epochs" in words(app), "the arithmetic needs no new measurement"
    app.number_input(key="training_image_size").set_value(96).run()
    assert "Memory: up to about" not in words(app), "another size has another pace"
    assert [button.label for button in app.button].count("Estimate") == 1
    app.number_input(key="training_image_size").set_value(160).run()
    app.number_input(key="training_epochs").set_value(3).run()
    app = measured(press(app, "Estimate"))
    assert "224 pixels instead of 160" in words(app)
    assert app.number_input(key="training_image_size").value == 160, "nothing changes unasked"
    app = press(app, "Use 224 pixels")
    assert (app.number_input(key="training_image_size").value, app.number_input(key="training_epochs").value) == (
        224,
        3,
    )
    assert "224 pixels instead" not in words(app)


def test_an_estimate_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "pooling_cost", lambda *_: Cost(1, 10**15, 1))
    app = measured(press(page(), "Estimate"))
    assert "The head alone needs" in words(app)
    assert [button.label for button in app.button].count("Estimate") == 1


def epochs(run: Run, losses: list[float]) -> None:
    run.log.append(event("phase", phase="head", time=1.0))
    scores = {"loss": 1.0, "accuracy": 0.5, "val_accuracy": 0.5, "learning_rate": 1e-3, "seconds": 20.0}
    for number, loss in enumerate(losses, 1):
        point = event("epoch", epoch=number, val_loss=loss, best=loss == min(losses[:number]), **scores)
        run.log.append({**point, "time": time.time()})


def test_patience_counts_down_in_words_and_a_drop_is_explained(drawn: Path) -> None:
    run = at_work(drawn, PLATEAU)  # 0.001, patience 5 and 2
    epochs(run, [1.0, 0.5])
    app = page()
    assert "Learning rate 0.001: will drop if the loss does not improve in 2 more epochs." in words(app)
    assert "Early stopping: 0 of 5 epochs without improvement; the latest is the best so far." in words(app)
    (bar,) = app.get("progress")
    assert bar.proto.text == "Step 4 of 5: Training the head, about 3 min left of the whole run at most"


def test_cosine_decay_says_where_it_is_and_few_validation_images_that_they_choose_nothing(drawn: Path) -> None:
    run = at_work(drawn)
    run.log.append(event("start", epoch=1, chooses=False))
    epochs(run, [1.0, 0.5, 0.6, 0.7, 0.8])
    app = page()
    assert "Learning rate 0.0005: falls to 0 by epoch 10 along half a cosine." in words(app)
    assert "The last epoch is kept: the validation images are too few to choose one." in words(app)


def test_a_drop_is_explained_when_it_happens(drawn: Path) -> None:
    run = at_work(drawn, PLATEAU)
    epochs(run, [0.5, 0.6, 0.7, 0.8])
    run.log.append(event("reduce_lr", epoch=3, learning_rate=2e-4, time=1.0))
    app = page()
    assert "Learning rate 0.0002: will drop if the loss does not improve in 1 more epoch." in words(app)
    assert "Early stopping: 3 of 5 epochs without improvement; training stops at 5." in words(app)
    assert (
        "After epoch 3 the learning rate dropped to 0.0002, because the validation loss had not improved for 2 epochs"
        in words(app)
    )


def test_earlier_drops_are_named() -> None:
    history = History(drops=[{"epoch": epoch, "learning_rate": 0.1 / epoch} for epoch in (3, 5, 9)])
    assert "Earlier drops: after epochs 3, 5" in drops_in_words(history, preset("fast"))


def test_the_history_can_be_downloaded_and_tensorboard_is_told_of(trained: Run, pawlab_home: Path) -> None:
    shown(trained, pawlab_home)
    app = page()
    (button,) = app.get("download_button")
    assert button.proto.label == "Download history as CSV"
    folder = pawlab_home / "runs" / trained.id / "tensorboard"
    assert folder.is_dir()
    assert str(folder) in app.code[0].value
    assert app.code[0].value.startswith("tensorboard --logdir ")


def test_a_run_from_before_has_its_csv_and_no_word_of_a_folder(drawn: Path) -> None:
    run = create_run(str(drawn), preset("fast"), "old")
    epochs(run, [1.0])
    run.log.append(event("status", status="cancelled", time=1.0))
    app = page()
    assert len(app.get("download_button")) == 1
    assert not app.code
    assert "an older version of Pawlab made this run" in words(app)


def test_learning_rates_are_written_out() -> None:
    assert [learning_rate(value) for value in (1e-3, 2e-5, 0.5, 8e-7)] == ["0.001", "0.00002", "0.5", "8e-07"]


def test_few_validation_images_are_said_to_choose_nothing_or_by_chance() -> None:
    words = few_validation_images(4, chooses=False)
    assert words == (
        "With 4 validation images, each is worth 25 points of accuracy: too few to choose an epoch (30 can), so the "
        "last one was kept."
    )
    assert "which epoch was kept is partly chance" in few_validation_images(4, chooses=True)
