"""Sessions of one's own: what one window chooses, no other window gets, whatever they do in turns."""

import random
from dataclasses import dataclass
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.augmentation import PRESETS, AugmentationConfig, preset
from core.datasets import open_dataset
from core.datasets.current import remember_source
from core.datasets.edits.actions import Action
from core.runs.queue import waiting
from core.runs.run import Run
from core.sessions.choices import load_choices
from tests.drawing import write_images
from tests.pages.app import new_app, opened, press, reloaded, words
from tests.pages.test_train import at_work

SPLITS = ("train/a", "train/b", "validation/a", "validation/b")


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """Two datasets; the first is what new sessions begin with."""
    both = [
        write_images(tmp_path / name, dict.fromkeys(SPLITS, count)) for name, count in (("first", 3), ("second", 4))
    ]
    remember_source(str(both[0]))
    return both


def opens(app: AppTest, folder: Path) -> None:
    app.switch_page("dataset.py").run()
    app.segmented_control(key="source_kind").set_value("path").run()
    app.text_input(key="source_path").set_value(str(folder))
    opened(press(app, "Open"))
    assert not app.exception


def chooses(app: AppTest, strength: str) -> None:
    app.switch_page("augment.py").run()
    app.button(key=f"augment_strength_{strength}").click().run()
    assert not app.exception


def excludes(app: AppTest, place: int) -> None:
    """Through the large view, as a click in the gallery opens it."""
    app.switch_page("dataset.py")
    root = app.session_state["session_source"].path
    app.session_state["images_open"] = sorted(path.relative_to(root).as_posix() for path in root.glob("train/*/*"))[
        place
    ]
    press(app.run(), "Exclude")
    assert not app.exception


def undoes(app: AppTest) -> None:
    app.switch_page("dataset.py").run()
    for button in app.button:
        if button.label == "Undo" and not button.disabled:
            button.click().run()
            break
    assert not app.exception


def starts(app: AppTest, name: str) -> Run:
    app.switch_page("train.py").run()
    app.text_input(key="training_name").set_value(name)
    press(app, "Start training")
    assert not app.exception
    return next(run for run in waiting() if run.name == name)


@dataclass
class Expected:
    """What one session showed, kept by the test."""

    folder: Path
    augmentation: AugmentationConfig
    epochs: int = 10


@pytest.mark.parametrize("seed", range(3))
def test_each_run_records_what_its_own_session_showed(folders: list[Path], drawn: Path, seed: int) -> None:
    chance = random.Random(seed)
    at_work(drawn)  # so that every run waits
    apps = [new_app().run() for _ in range(3)]
    shown = [Expected(folders[0], apps[0].session_state["augmentation"]) for _ in apps]
    for turn in range(14):
        number = chance.randrange(3)
        app, expected = apps[number], shown[number]
        match chance.choice(["open", "strength", "epochs", "start", "reload"]):
            case "open":
                expected.folder = chance.choice(folders)
                opens(app, expected.folder)
            case "strength":
                name = chance.choice(list(PRESETS))
                expected.augmentation = preset(name)
                chooses(app, name)
            case "epochs":
                expected.epochs = chance.randint(1, 30)
                app.switch_page("train.py").run()
                app.number_input(key="training_epochs").set_value(expected.epochs).run()
            case "reload":
                apps[number] = reloaded(app).run()
            case "start":
                run = starts(app, f"{number}, turn {turn}")
                assert run.source == str(expected.folder)
                assert run.content == open_dataset(expected.folder).content()
                assert run.config.augmentation == expected.augmentation
                assert run.config.epochs == expected.epochs
    for number, (app, expected) in enumerate(zip(apps, shown, strict=True)):
        run = starts(app, f"last of {number}")
        assert (run.source, run.config.augmentation) == (str(expected.folder), expected.augmentation)
        assert run.config.epochs == expected.epochs


def test_another_session_opening_a_dataset_changes_nothing_here(folders: list[Path], drawn: Path) -> None:
    at_work(drawn)
    mine, other = new_app("train.py").run(), new_app().run()
    opens(other, folders[1])
    assert "**first**" in words(mine.run())
    assert starts(mine, "mine").source == str(folders[0])
    assert "Dataset **second**: 16 images" in words(other)
    assert "**second**" in words(new_app("train.py").run()), "a new session begins with what was used last"


def test_a_reload_brings_back_what_was_chosen(folders: list[Path]) -> None:
    app = new_app().run()
    opens(app, folders[1])
    chooses(app, "strong")
    app.switch_page("train.py").run()
    app.radio(key="training_preset").set_value("fast").run()
    app.number_input(key="training_units").set_value(64).run()
    other = new_app("train.py").run()
    chooses(other, "gentle")
    visit = reloaded(app, "train.py").run()
    assert not visit.exception
    assert "**second**" in words(visit)
    assert visit.radio(key="training_preset").value == "fast"
    assert visit.number_input(key="training_units").value == 64
    assert visit.session_state["augmentation"] == preset("strong")
    assert visit.session_state["session_id"] == app.session_state["session_id"]
    assert other.session_state["session_id"] != app.session_state["session_id"]


@pytest.mark.parametrize("session", ["", "0123456789ab", "../../../etc", "x" * 5000, "\x00"])
def test_an_address_with_an_unknown_session_begins_a_new_one(folders: list[Path], session: str) -> None:
    visit = new_app()
    visit.query_params["session"] = session
    visit.run()
    assert not visit.exception
    assert visit.session_state["session_id"] != session
    assert "Dataset **first**" in words(visit)


def test_broken_choices_begin_a_new_session(folders: list[Path], pawlab_home: Path) -> None:
    app = new_app().run()
    (pawlab_home / "sessions" / f"{app.session_state['session_id']}.json").write_text('{"version": 7')
    visit = reloaded(app).run()
    assert not visit.exception
    assert "Dataset **first**" in words(visit)


def test_choices_of_another_version_of_pawlab_keep_the_dataset_and_the_augmentation(
    folders: list[Path], pawlab_home: Path
) -> None:
    app = new_app().run()
    chooses(app, "strong")
    file = pawlab_home / "sessions" / f"{app.session_state['session_id']}.json"
    choices = load_choices(app.session_state["session_id"])
    assert choices is not None
    old = choices.model_copy(update={"version": "0.0", "controls": {"dataset_view": "gone"}})
    file.write_text(old.model_dump_json())
    visit = reloaded(app).run()
    assert not visit.exception
    assert visit.session_state["augmentation"] == preset("strong")


def test_undo_takes_back_ones_own_edit_and_the_other_window_is_told(folders: list[Path]) -> None:
    ann, ben = new_app().run(), new_app().run()
    excludes(ann, 0)
    excludes(ben, 1)
    assert "in another window" in words(ann.run())
    undoes(ann)

    def left_out() -> list[tuple[Action, ...]]:
        return [open_dataset(folders[0]).edits]

    ((action,),) = left_out()
    assert action.author == ben.session_state["session_id"]
    undoes(ann)  # there is nothing of hers
    assert left_out() == [(action,)]


def test_a_link_changes_only_the_session_that_opens_it(folders: list[Path]) -> None:
    visit = new_app("augment.py")
    visit.query_params["rotation_range"] = "77"
    visit.run()
    assert not visit.exception
    assert visit.session_state["augmentation"].rotation_range == 77
    assert new_app("train.py").run().session_state["augmentation"].rotation_range != 77


def test_a_run_that_is_deleted_elsewhere_is_said(folders: list[Path], drawn: Path) -> None:
    from core.runs.store import drop_run

    at_work(drawn)
    app = new_app().run()
    run = starts(app, "mine")
    drop_run(run)
    assert "“mine” was deleted in another window" in words(app.run())
    assert "deleted" not in words(app.run())
