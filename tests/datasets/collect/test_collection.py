"""A collection on disk: what is added, removed, moved and named, by whom, and what is refused."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.datasets.collect import collection as collection_module
from core.datasets.collect.bursts import burst_of, new_burst
from core.datasets.collect.cards import ClassCard, what_it_needs
from core.datasets.collect.collection import Collection
from core.datasets.collect.places import collections_folder, folder_name
from core.datasets.collect.store import (
    collections,
    create_collection,
    delete_collection,
    open_collection,
    rename_collection,
)
from core.errors import DatasetError, ImageError, PawlabError
from core.images.isolated import decode_image, inspect_image
from core.jobs.process import PROJECT
from core.text.file_names import file_name, folded
from tests.datasets.collect.pictures import BURST, contents, filled, picture
from tests.drawing import image_bytes

ODD_NAMES = [
    'my "cup" 😀',
    "\u202eteg",
    "كوب",
    "CON",
    "x" * 500,
    "😀" * 90,
    " .hidden ",
    "Thumbs.db",
    "a/b\\c",
    "..",
    "é",
]


def paths(collection: Collection) -> list[str]:
    return [path for card in collection.classes() for path in card.images]


def test_an_image_that_comes_small_is_kept_as_it_is() -> None:
    collection = filled({"cats": []})
    for format, suffix in (("JPEG", ".jpg"), ("PNG", ".png"), ("WEBP", ".webp"), ("BMP", ".bmp"), ("TIFF", ".tif")):
        content = image_bytes(1, (1024, 300), format=format)
        path = collection.add("cats", content, new_burst())
        assert path.endswith(f"-0001{suffix}")
        assert collection.file(path).read_bytes() == content


@pytest.mark.parametrize("turned", [1, 6])
def test_a_large_one_is_kept_upright_at_1024_pixels(turned: int) -> None:
    collection = filled({"cats": []})
    content = image_bytes(
        1, (3000, 1500), exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0%c\0\0\0\0\0\0\0" % turned
    )
    path = collection.add("cats", content, BURST)
    facts = inspect_image(collection.file(path))
    assert (facts.width, facts.height) == ((1024, 512) if turned == 1 else (512, 1024))
    before, after = decode_image(content, 1024), decode_image(collection.file(path))
    assert abs(before.astype(int) - after).mean() < 2


def test_numbers_follow_each_other_within_a_burst_and_the_newest_is_first() -> None:
    collection = filled({"cats": [], "dogs": []})
    first = [collection.add("cats", picture(seed), "20261129-223510-a1b2c3") for seed in range(3)]
    later = collection.add("cats", picture(3), "20261129-223511-000000")
    assert [path[-8:-4] for path in first] == ["0001", "0002", "0003"]
    card, other = collection.classes()
    assert card.images == (later, *reversed(first))
    assert (card.label, card.num_images, card.num_bursts, other.num_bursts) == ("cats", 4, 2, 0)


def test_the_same_image_sent_twice_is_kept_once_and_another_one_gets_a_number_of_its_own() -> None:
    collection = filled({"cats": []})
    assert collection.add("cats", picture(0), BURST, 7) == collection.add("cats", picture(0), BURST, 7)
    other = collection.add("cats", picture(1), BURST, 7)
    assert other.endswith("-0008.jpg")
    assert contents(collection) == {"cats": {picture(0), picture(1)}}


@pytest.mark.parametrize("content", [b"", b"no image", image_bytes(0)[:400]])
def test_what_is_no_image_leaves_nothing(content: bytes) -> None:
    collection = filled({"cats": [1]})
    with pytest.raises(ImageError):
        collection.add("cats", content, BURST)
    assert contents(collection) == {"cats": {picture(0)}}
    assert not list(collection.root.rglob("*.tmp"))


def test_what_is_not_there_is_said() -> None:
    collection = filled({"cats": [1]})
    for label in ("dogs", "Cats", ".collection", "..", "", "cats/x"):
        with pytest.raises(DatasetError, match="has no class"):
            collection.add(label, picture(0), BURST)
        with pytest.raises(DatasetError, match="has no class"):
            collection.remove_class(label)
        with pytest.raises(DatasetError, match="has no class"):
            collection.rename_class(label, "birds")
        with pytest.raises(DatasetError, match="has no class"):
            collection.move(paths(collection), label)
    for burst, number in (("../x", 1), ("", 1), (BURST, 0), (BURST, -1), (BURST, 10**9)):
        with pytest.raises(DatasetError, match="burst"):
            collection.add("cats", picture(0), burst, number)
    assert contents(collection) == {"cats": {picture(0)}}


def test_limits_are_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection_module, "MOST_IMAGES", 2)
    monkeypatch.setattr(collection_module, "MOST_CLASSES", 2)
    collection = filled({"cats": [1], "dogs": [1]})
    again = open_collection("pets")  # which has to count first
    for one in (collection, again):
        with pytest.raises(DatasetError, match="pets has 2 images"):
            one.add("cats", picture(5), BURST)
        with pytest.raises(DatasetError, match="pets has 2 classes"):
            one.add_class("birds")
    again.remove(paths(again)[:1])
    collection.add("cats", picture(5), BURST)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_name_becomes_one_that_every_file_system_takes(name: str) -> None:
    try:
        collection = create_collection(name)
    except DatasetError:
        assert not name.strip(" .")
        return
    label = collection.add_class(name)
    collection.add(label, picture(0), BURST)
    assert label == collection.name == file_name(label, 200)
    assert open_collection(collection.name).root == collection.root == collections_folder() / collection.name
    assert [card.num_images for card in open_collection(collection.name).classes()] == [1]
    assert collections() == (collection.name,)


@given(st.text(max_size=250))
def test_a_name_stays_what_it_became(text: str) -> None:
    name = folder_name(text)
    assert folder_name(name) == name
    assert "/" not in name and name not in (".", "..") and not name.startswith(".")
    assert len(name.encode()) <= 200


def test_names_that_differ_in_case_alone_are_taken() -> None:
    collection = filled({"a": [], "É": []})
    for taken in ("A", "a", "é", "E\u0301"):
        with pytest.raises(DatasetError, match="already"):
            collection.add_class(taken)
    with pytest.raises(DatasetError, match="There is a collection called pets already"):
        create_collection("PETS")
    with pytest.raises(DatasetError, match="There is a class called É already"):
        collection.rename_class("a", "é")
    assert collection.rename_class("a", "A") == "A"
    assert [card.label for card in collection.classes()] == ["A", "É"]


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../collections/pets", "pets/cats", "pets/", "/etc", ".locks", "x" * 999, "\0", "\udcff"]
)
def test_a_name_from_a_stranger_never_leaves_the_folder_of_collections(name: str) -> None:
    filled({"cats": [1]})
    for act in (open_collection, delete_collection, lambda name: rename_collection(name, "x")):
        with pytest.raises(DatasetError, match="There is no collection"):
            act(name)
    assert collections() == ("pets",)


@pytest.mark.parametrize(
    "path",
    ["../secret.jpg", "cats/../../secret.jpg", "/secret.jpg", ".collection/state.json", "cats", "cats/", "cats//x",
     "cats/link.jpg", "linked/secret.jpg", "cats/gone.jpg", "", "\0", "cats/\udcff.jpg", "cats/" + "x" * 300],
)  # fmt: skip
def test_no_path_leads_out(tmp_path: Path, path: str) -> None:
    collection = filled({"cats": [1]})
    for place in (tmp_path, collection.root.parent):
        (place / "secret.jpg").write_bytes(picture(9))
    (collection.root / "cats" / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (collection.root / "linked").symlink_to(tmp_path)
    with pytest.raises(PawlabError):
        collection.file(path)
    for act in (collection.remove, lambda paths: collection.move(paths, "cats")):
        try:
            act([path])
        except PawlabError:
            continue
        assert path in ("cats/gone.jpg", "cats/\udcff.jpg")  # which means nothing
    with pytest.raises(DatasetError, match="no class"):
        collection.add("linked", picture(0), BURST)
    assert contents(collection) == {"cats": {picture(0)}}
    assert (tmp_path / "secret.jpg").exists()


def test_a_journal_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    collection = filled({"cats": [1]})
    hidden = collection.root / ".collection"
    hidden.rename(tmp_path / "elsewhere")
    hidden.symlink_to(tmp_path / "elsewhere")
    before = sorted((tmp_path / "elsewhere").iterdir())
    with pytest.raises(DatasetError, match="is a link"):
        open_collection("pets").remove(["cats/x.jpg"])
    assert sorted((tmp_path / "elsewhere").iterdir()) == before


def test_a_forged_journal_moves_nothing_out_of_the_collection(tmp_path: Path) -> None:
    collection = filled({"cats": [1]})
    (tmp_path / "secret").write_text("x")
    folder = collection.root / ".collection" / "0123456789ab"
    folder.mkdir()
    (folder / "moves.json").write_text('[["../../../secret", "cats/secret"]]')
    (folder.parent / "state.json").write_text('{"pending": "0123456789ab"}')
    with pytest.raises(DatasetError, match="Received the path"):
        collection.add_class("dogs")
    assert (tmp_path / "secret").exists()
    (folder.parent / "state.json").write_text('{"pending": "../../../../x"}')
    with pytest.raises(DatasetError, match="It was moved to state-"):
        collection.add_class("dogs")
    collection.add_class("dogs")
    assert [card.label for card in collection.classes()] == ["cats", "dogs"]


def test_the_stamp_changes_with_every_change_and_with_nothing_else() -> None:
    collection, other = filled({"cats": [2], "dogs": []}), open_collection("pets")
    stamps = [other.stamp()]
    for change in (
        lambda: collection.add("cats", picture(10), BURST),
        lambda: collection.add("cats", picture(11), BURST),
        lambda: collection.move(paths(collection)[:1], "dogs"),
        lambda: collection.remove(paths(collection)[:1]),
        lambda: collection.undo(),
        lambda: collection.rename_class("dogs", "birds"),
        lambda: collection.remove_class("cats"),
        lambda: collection.add_class("cats"),
        lambda: (other.root / "cats" / "by-hand.jpg").write_bytes(picture(0)),
    ):
        change()
        stamps.append(other.stamp())
        assert other.classes() and other.undoable is not None and other.stamp() == stamps[-1]
    assert len(set(stamps)) == len(stamps)


def test_the_collection_that_was_changed_last_comes_first() -> None:
    pets, _, cups = (filled({"a": []}, name) for name in ("pets", "trees", "cups"))
    assert collections() == ("cups", "trees", "pets")
    pets.add("a", picture(0), BURST)
    assert collections() == ("pets", "cups", "trees")
    delete_collection("cups")
    assert collections() == ("pets", "trees")
    for act in (lambda: cups.add("a", picture(0), BURST), cups.classes, cups.stamp, lambda: open_collection("cups")):
        with pytest.raises(DatasetError, match="There is no collection"):
            act()
    assert not list(collections_folder().glob(".deleted*"))


def test_a_renamed_collection_keeps_everything() -> None:
    old = filled({"cats": [2], "dogs": [1]})
    old.remove(paths(old)[:1])
    before = contents(old)
    new = rename_collection("pets", "Pets!")
    assert contents(new) == before
    assert new.undo() == "Remove 1 image"
    with pytest.raises(DatasetError, match="no collection pets any more"):
        old.add("cats", picture(9), BURST)


ADD = """
import sys
from core.datasets.collect.store import open_collection
from tests.datasets.collect.pictures import BURST, picture
collection = open_collection("pets")
for seed in range(int(sys.argv[1]), int(sys.argv[1]) + 20):
    collection.add("cats", picture(seed), BURST)
"""


def test_two_processes_that_add_to_one_burst_lose_nothing() -> None:
    collection = filled({"cats": []})
    workers = [subprocess.Popen([sys.executable, "-c", ADD, str(first)], cwd=PROJECT) for first in (0, 100)]
    assert [worker.wait() for worker in workers] == [0, 0]
    assert contents(collection) == {"cats": {picture(seed) for seed in (*range(20), *range(100, 120))}}
    assert collection.classes()[0].num_bursts == 1


def test_a_full_disk_is_an_error_in_words_and_nothing_is_half_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit on the size of a file stands in for the disk: what is written breaks off in its middle."""
    collection = filled({"cats": [1], "dogs": []})
    large = image_bytes(3, (900, 900), format="BMP")
    picture(7)
    before, limits = contents(collection), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        for change in (
            lambda: collection.add("cats", large, BURST),
            lambda: collection.move(paths(collection), "dogs"),
            lambda: collection.remove_class("cats"),
            lambda: collection.rename_class("cats", "birds"),
            lambda: collection.add_class("a class with a long name " * 3),
        ):
            with pytest.raises(PawlabError, match="cannot be changed"):
                change()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert contents(open_collection("pets")) == before
    assert not list(collection.root.rglob("*.tmp"))
    collection.move(paths(collection), "dogs")
    assert contents(collection) == {"cats": set(), "dogs": before["cats"]}


def test_what_a_class_needs_is_said_in_words() -> None:
    def needs(num_images: int, num_bursts: int) -> str:
        return what_it_needs([ClassCard("a", tuple(map(str, range(num_images))), num_bursts)])["a"]

    assert needs(0, 0) == "Record 20 images"
    assert needs(5, 1) == "Record 15 more images"
    assert needs(12, 1) == needs(60, 1) == "Record it once more from another side (a second burst)"
    assert needs(12, 2) == "Record 8 more images"
    assert needs(19, 2) == "Record 1 more image"
    assert needs(20, 2) == ""


def test_a_moved_image_keeps_its_burst_and_finds_room_beside_another_of_its_name() -> None:
    collection = filled({"cats": [], "dogs": []})
    one = collection.add("cats", picture(0), BURST, 1)
    collection.add("dogs", picture(1), BURST, 1)
    collection.move([one, one, "cats/gone.jpg"], "dogs")
    assert {burst_of(path) for path in paths(collection)} == {BURST}
    assert contents(collection) == {"cats": set(), "dogs": {picture(0), picture(1)}}
    assert collection.undoable == "Move 1 image to dogs"
    collection.move(paths(collection), "dogs")  # they are there already
    assert collection.undo() == "Move 1 image to dogs"
    assert paths(collection)[0] == one
    assert collection.undoable == ""
    with pytest.raises(DatasetError, match="nothing to undo"):
        collection.undo()
    assert folded(one) == one
