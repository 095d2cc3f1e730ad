"""The Dataset page's images without a browser: what is shown follows from what was chosen, opened and ticked."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.datasets import Dataset, ImageRecord
from core.datasets.current import remember_source
from core.datasets.selection import Catalog, Filter
from core.datasets.source import resolve_source
from pages.ui.components.gallery import GalleryEvent, read_event
from pages.ui.components.lightbox import badges, facts
from tests.drawing import image_bytes, write_images
from tests.pages.app import new_app, unescaped_words


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    folder = write_images(tmp_path / "pets", {"train/cats": 60, "train/dogs": 5, "validation/cats": 3})
    (folder / "train" / "dogs" / "bad.jpg").write_bytes(b"no image")
    (folder / "validation" / "dogs").mkdir()
    (folder / "validation" / "dogs" / "wide.png").write_bytes(image_bytes(99, (200, 100), format="PNG"))
    remember_source(str(folder))
    return folder


def page() -> AppTest:
    at = new_app().run()
    assert not at.exception
    return at


def shown(at: AppTest) -> dict[str, Any]:
    """What the gallery of all images was given to draw."""
    drawn = [json.loads(one.proto.json) for one in at.get("bidi_component") if one.proto.component_name == "gallery"]
    (data,) = (data for data in drawn if data["label"] == "Images")
    return dict(data)


def paths(at: AppTest) -> list[str]:
    return [item["id"] for item in shown(at)["items"]]


def opened(at: AppTest, path: str) -> AppTest:
    at.session_state["images_open"] = path
    return at.run()


def test_the_first_page_is_full_and_says_how_many_there_are(pets: Path) -> None:
    data = shown(page())
    assert (len(data["items"]), data["page"], data["pages"], data["total"]) == (48, 1, 2, 70)
    assert all(item["image"].startswith("data:image/jpeg;base64,") for item in data["items"])


def test_what_cannot_be_read_is_shown_with_its_reason_and_without_a_image(pets: Path) -> None:
    at = page()
    at.selectbox(key="images_control_state").set_value("unreadable").run()
    (item,) = shown(at)["items"]
    assert (item["id"], item["caption"]) == ("train/dogs/bad.jpg", "bad.jpg")
    assert not item["image"]
    assert "not an image" in item["reason"]


@pytest.mark.parametrize(
    ("control", "value", "number"), [("split", "validation", 4), ("label", "dogs", 7), ("format", "PNG", 1)]
)
def test_each_control_filters(pets: Path, control: str, value: str, number: int) -> None:
    at = page()
    at.selectbox(key=f"images_control_{control}").set_value(value).run()
    assert shown(at)["total"] == number


def test_text_and_order_work_together(pets: Path) -> None:
    at = page()
    at.text_input(key="images_control_text").set_value("DOGS/").run()
    at.selectbox(key="images_control_sort").set_value("Most pixels").run()
    assert paths(at)[0] == "validation/dogs/wide.png"
    assert paths(at)[-1] == "train/dogs/bad.jpg"


def test_no_match_offers_the_way_back(pets: Path) -> None:
    at = page()
    at.text_input(key="images_control_text").set_value("nothing is called so").run()
    assert "No image matches" in unescaped_words(at)
    next(button for button in at.button if button.label == "Show all images").click().run()
    assert shown(at)["total"] == 70


def test_a_new_filter_begins_on_its_first_page(pets: Path) -> None:
    at = page()
    at.session_state["images_page"] = 2
    at.run()
    assert shown(at)["page"] == 2
    at.selectbox(key="images_control_label").set_value("cats").run()
    assert shown(at)["page"] == 1


def test_a_group_is_shown_alone_until_all_are_asked_for(pets: Path) -> None:
    at = page()
    at.session_state["images_group"] = ("wide images", Filter(width=(150, 999)))
    at.run()
    assert paths(at) == ["validation/dogs/wide.png"]
    at.button(key="images_all").click().run()
    assert shown(at)["total"] == 70


def test_an_image_opens_large_with_its_facts(pets: Path) -> None:
    at = opened(page(), "validation/dogs/wide.png")
    assert "200 × 100 pixels" in unescaped_words(at)
    assert "PNG, RGB" in unescaped_words(at)
    assert "70 of 70" in unescaped_words(at)
    assert 'alt="dogs, validation/dogs/wide.png"' in at.get("html")[0].proto.body


def test_next_and_previous_go_through_what_was_chosen_and_stop_at_its_ends(pets: Path) -> None:
    at = page()
    at.selectbox(key="images_control_split").set_value("validation").run()
    opened(at, "validation/cats/0.jpg")
    assert at.button(key="lightbox_previous").disabled
    for _ in range(3):
        at.button(key="lightbox_next").click().run()
    assert at.session_state["images_open"] == "validation/dogs/wide.png"
    assert at.button(key="lightbox_next").disabled
    at.button(key="lightbox_previous").click().run()
    assert at.session_state["images_open"] == "validation/cats/2.jpg"


def test_back_returns_to_the_page_and_the_filter_of_the_last_image(pets: Path) -> None:
    at = page()
    at.selectbox(key="images_control_label").set_value("cats").run()
    opened(at, "train/cats/9.jpg")
    at.button(key="lightbox_next").click().run()
    at.button(key="lightbox_back").click().run()
    data = shown(at)
    assert (data["focus"], data["page"], data["total"]) == ("validation/cats/0.jpg", 2, 63)


def test_a_file_that_vanished_is_explained_small_and_large(pets: Path) -> None:
    at = page()
    (pets / "train" / "cats" / "0.jpg").unlink()
    at.run()
    assert shown(at)["items"][0]["reason"] == "the file is gone"
    opened(at, "train/cats/0.jpg")
    assert not at.exception
    assert "gone" in at.error[0].value


def test_an_image_that_says_where_it_was_taken_teaches_it(pets: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 29.88), 3: "E", 4: (2.0, 17.0, 40.2)})
    (pets / "train" / "cats" / "0.jpg").write_bytes(image_bytes(0, exif=exif))
    at = opened(page(), "train/cats/0.jpg")
    assert "48.85830° N, 2.29450° E" in unescaped_words(at)
    assert "share the dataset" in unescaped_words(at)


def test_another_dataset_begins_anew(pets: Path, tmp_path: Path) -> None:
    at = opened(page(), "train/cats/0.jpg")
    at.session_state["images_selected"] = frozenset({"train/cats/1.jpg"})
    at.session_state["session_source"] = resolve_source(write_images(tmp_path / "other", {"red": 4, "blue": 4}))
    at.run()
    assert not at.exception
    assert shown(at)["total"] == 8
    assert shown(at)["numSelected"] == 0


def with_actions(done: list[tuple[str, frozenset[str], str]]) -> None:
    """The page's images with actions that are only written down; runs inside AppTest."""
    from functools import partial

    from core.datasets import ImageRecord
    from core.errors import DatasetError
    from pages.ui.components.lightbox import Actions
    from pages.ui.dataset.images import images
    from pages.ui.shared.data import dataset

    def note(kind: str, records: list[ImageRecord], label: str = "") -> None:
        if label == "dogs" and len(records) == 3:
            raise DatasetError("The edits are broken")
        done.append((kind, frozenset(record.path for record in records), label))

    actions = Actions(partial(note, "exclude"), partial(note, "include"), partial(note, "relabel"))
    problems = {"dark": {"train/cats/1.jpg", "train/cats/2.jpg"}, "odd": {"train/cats/1.jpg"}}
    images(dataset(), problems, {"dark": "Very dark", "odd": "Odd shape"}, actions)


def acting(done: list[tuple[str, frozenset[str], str]]) -> AppTest:
    at = AppTest.from_function(with_actions, default_timeout=60, kwargs={"done": done}).run()
    assert not at.exception
    return at


def button(at: AppTest, begins: str) -> Any:
    return next(one for one in at.button if one.label.startswith(begins))


def test_bulk_actions_take_what_is_ticked_and_untick_it(pets: Path) -> None:
    done: list[tuple[str, frozenset[str], str]] = []
    at = acting(done)
    assert button(at, "Exclude").disabled
    some = frozenset({"train/cats/1.jpg", "validation/cats/0.jpg"})
    for label, kind in (("Exclude 2", "exclude"), ("Include 2", "include")):
        at.session_state["images_selected"] = some
        button(at.run(), label).click().run()
        assert done.pop() == (kind, some, "")
        assert shown(at)["numSelected"] == 0
    at.session_state["images_selected"] = some
    at.run().selectbox(key="images_new_label").set_value("dogs").run()
    button(at, "Change class").click().run()
    assert done == [("relabel", some, "dogs")]


def test_an_action_that_fails_is_explained_and_keeps_the_selection(pets: Path) -> None:
    done: list[tuple[str, frozenset[str], str]] = []
    at = acting(done)
    at.session_state["images_selected"] = frozenset(f"train/cats/{number}.jpg" for number in range(3))
    at.run().selectbox(key="images_new_label").set_value("dogs").run()
    button(at, "Change class").click().run()
    assert "The edits are broken" in at.error[0].value
    assert not done
    assert shown(at)["numSelected"] == 3


def test_select_all_takes_every_page_of_the_choice(pets: Path) -> None:
    at = acting([])
    at.selectbox(key="images_control_label").set_value("cats").run()
    button(at, "Select all 63").click().run()
    assert shown(at)["numSelected"] == 63
    assert len(shown(at)["selected"]) == 48
    button(at, "Select none").click().run()
    assert shown(at)["numSelected"] == 0


def test_the_large_view_acts_on_its_image(pets: Path) -> None:
    done: list[tuple[str, frozenset[str], str]] = []
    at = opened(acting(done), "train/cats/1.jpg")
    assert "Very dark" in unescaped_words(at)
    assert "Odd shape" in unescaped_words(at)
    at.button(key="lightbox_exclude").click().run()
    assert done == [("exclude", frozenset({"train/cats/1.jpg"}), "")]
    at.button(key="lightbox_relabel_0").click().run()
    assert done[1] == ("relabel", frozenset({"train/cats/1.jpg"}), "dogs")


def test_a_problem_filters_and_is_counted_on_the_cell(pets: Path) -> None:
    at = acting([])
    at.selectbox(key="images_control_problem").set_value("dark").run()
    assert [(item["id"], item["badges"]) for item in shown(at)["items"]] == [
        ("train/cats/1.jpg", ["2 problems"]),
        ("train/cats/2.jpg", ["1 problem"]),
    ]


RECORD = ImageRecord("train/cats/a|b.jpg", "train", "cats", "d", 2_000, 640, 480, "GIF", "P", frames=3, brightness=0.5)


def test_facts_are_words_and_numbers() -> None:
    record = ImageRecord(**{**{name: getattr(RECORD, name) for name in RECORD.__slots__}, "folder_label": "dogs"})
    found = facts(Catalog(Dataset(resolve_source("/x"), Path("/x"), (record,), ("cats", "dogs"))), record)
    assert found["Size"] == "640 × 480 pixels, 2.0 kB"
    assert found["Frames"].startswith("3;")
    assert found["Brightness"] == "medium (0.50 of 1)"
    assert "changed it from dogs" in found["Class"]
    assert badges(record, {"dark": frozenset()}) == ("relabelled",)


GOOD: dict[str, Any] = {"turn": 1, "open": "a", "page": 2, "on": ["b"], "off": ["c"]}


WRONG: list[Any] = [None, {}, 1.5, [1]]
SPOILT = [{**GOOD, name: value} for name in GOOD for value in WRONG]


@pytest.mark.parametrize(
    "said",
    [*SPOILT, *({key: GOOD[key] for key in GOOD if key != name} for name in GOOD), None, "", [], {**GOOD, "turn": 0}],
)
def test_a_message_that_ours_cannot_have_sent_does_nothing(said: Any) -> None:
    assert read_event(GOOD) == (1, GalleryEvent("a", 2, frozenset("b"), frozenset("c")))
    assert read_event(said) == (0, GalleryEvent())


PATHS = st.frozensets(st.sampled_from("abcdef"))


@given(PATHS, PATHS, PATHS)
def test_an_event_said_twice_selects_the_same(
    selected: frozenset[str], on: frozenset[str], off: frozenset[str]
) -> None:
    event = GalleryEvent(selected=on - off, unselected=off)
    once = event.apply(selected)
    assert event.apply(once) == once
    assert once == (selected | on) - off


def test_a_small_file_has_its_size_in_bytes(pets: Path) -> None:
    at = opened(page(), "train/dogs/bad.jpg")
    assert "| Size | 8 bytes |" in unescaped_words(at)
