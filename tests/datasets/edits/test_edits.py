"""Edits: what they change, what they leave, and that neither a rename nor a second session loses one."""

import json
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.datasets import Dataset, Edits, ImageRecord, open_dataset
from core.datasets.edits.actions import Action, Change, from_json, to_json
from core.datasets.edits.apply import apply_actions, count_edits
from core.datasets.edits.sidecar import edits_file, edits_stamp
from core.datasets.source import resolve_source
from core.datasets.trainable import check_trainable
from core.errors import DatasetError, PawlabError
from tests.drawing import image_bytes, write_images, zip_folder
from tests.examples import FEW

SPLIT = {"train/cats": 3, "train/dogs": 4, "validation/cats": 2, "validation/dogs": 2}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_images(tmp_path / "pets", SPLIT)


def pick(dataset: Dataset, *paths: str) -> list[ImageRecord]:
    return [record for record in dataset.records if record.path in paths]


def excluded(dataset: Dataset) -> list[str]:
    return [record.path for record in dataset.records if record.excluded]


def digest(text: str) -> str:
    return f"{ord(text):064x}"


def test_an_excluded_image_is_gone_from_counts_and_fingerprint_when_the_folder_is_opened_again(folder: Path) -> None:
    dataset = open_dataset(folder)
    assert Edits.load(dataset).exclude(pick(dataset, "train/cats/0.jpg", "train/dogs/1.jpg")) == 2
    again = open_dataset(folder)
    assert again.counts()["train"] == {"cats": 2, "dogs": 3}
    assert excluded(again) == ["train/cats/0.jpg", "train/dogs/1.jpg"]
    assert again.fingerprint != dataset.fingerprint
    assert open_dataset(folder, edits=False) == dataset


def test_a_relabelled_image_counts_for_its_new_class_and_keeps_its_folders(folder: Path) -> None:
    dataset = open_dataset(folder)
    Edits.load(dataset).relabel(pick(dataset, "train/cats/0.jpg"), "dogs")
    again = open_dataset(folder)
    assert again.counts()["train"] == {"cats": 2, "dogs": 5}
    (record,) = pick(again, "train/cats/0.jpg")
    assert (record.label, record.folder_label) == ("dogs", "cats")
    assert count_edits(again) == {"excluded": 0, "relabelled": 1}


def test_no_file_of_the_dataset_is_touched(folder: Path) -> None:
    def files() -> dict[Path, tuple[bytes, int]]:
        return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}

    before = files()
    dataset = open_dataset(folder)
    edits = Edits.load(dataset)
    edits.exclude(dataset.usable("train"))
    edits.relabel(dataset.usable("validation"), "birds")
    edits.undo()
    assert before == {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()
    }


def test_apply_forgets_what_the_dataset_had_gone_through_before(folder: Path) -> None:
    dataset = open_dataset(folder)
    edits = Edits.load(dataset)
    edits.relabel(dataset.usable("train"), "birds")
    edited = edits.apply(dataset)
    assert edited.classes == ("birds", "cats", "dogs")
    edits.exclude(edited.usable("train")[:1])
    assert edits.apply(edits.apply(edited)) == edits.apply(dataset)
    edits.undo()
    edits.undo()
    assert edits.apply(edited) == dataset


def test_an_edit_moves_no_other_image_between_training_and_validation(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "plain", {"cats": 9, "dogs": 12})
    dataset = open_dataset(folder, validation_split=0.4)
    edits = Edits.load(dataset)
    edits.exclude(dataset.usable("validation")[:2])
    edits.relabel(dataset.usable("train")[:2], "dogs")
    again = open_dataset(folder, validation_split=0.4)
    assert [(record.path, record.split) for record in again.records] == [(r.path, r.split) for r in dataset.records]


@pytest.mark.parametrize("way", ["exclude", "relabel"])
def test_a_class_that_no_usable_image_carries_is_none(folder: Path, way: str) -> None:
    dataset = open_dataset(folder)
    edits = Edits.load(dataset)
    edits.relabel(pick(dataset, "train/dogs/0.jpg", "validation/dogs/0.jpg"), "birds")
    cats = [record for record in dataset.records if record.label == "cats"]
    if way == "exclude":
        edits.exclude(cats)
    else:
        edits.relabel(cats, "dogs")
    again = open_dataset(folder)
    assert again.classes == ("birds", "dogs")
    assert all(set(counts) == {"birds", "dogs"} for counts in again.counts().values())
    check_trainable(again)


def test_when_everything_is_excluded_nothing_breaks(folder: Path) -> None:
    dataset = open_dataset(folder)
    edits = Edits.load(dataset)
    edits.exclude(dataset.records)
    again = open_dataset(folder)
    assert (again.classes, again.usable(), again.counts()) == ((), [], {"train": {}, "validation": {}})
    with pytest.raises(DatasetError, match="no class"):
        check_trainable(again)


def test_undo_and_redo_go_through_every_state(folder: Path) -> None:
    dataset = open_dataset(folder)
    edits = Edits.load(dataset)
    states = [dataset]
    acts: list[Callable[[Dataset], int]] = [
        lambda found: edits.exclude(found.usable()[:3], "first"),
        lambda found: edits.relabel(found.usable()[:2], "birds"),
        lambda found: edits.include(found.records[:1]),
        lambda found: edits.clear(),
    ]
    for number, act in enumerate(acts, 1):
        act(states[-1])
        states.append(open_dataset(folder))
        assert len(edits.actions) == number
    titles = [action.title for action in edits.actions]
    assert titles == ["first", "Relabel as birds: 2 images", "Include 1 image", "Undo all edits"]
    for state in states[-2::-1]:
        Edits.load(dataset).undo()
        assert open_dataset(folder) == state
    with pytest.raises(DatasetError, match="nothing to undo"):
        Edits.load(dataset).undo()
    for state in states[1:]:
        Edits.load(dataset).redo()
        assert open_dataset(folder) == state
    with pytest.raises(DatasetError, match="nothing to redo"):
        Edits.load(dataset).redo()


def test_what_changes_nothing_is_no_action(folder: Path) -> None:
    dataset = open_dataset(folder)
    edits = Edits.load(dataset)
    assert edits.include(dataset.records) == edits.relabel(pick(dataset, "train/cats/0.jpg"), "cats") == 0
    assert edits.exclude([]) == edits.clear() == 0
    assert not edits.actions
    edits.exclude(dataset.records[:2])
    assert edits.exclude(dataset.records[:3]) == 1
    assert len(edits.actions[-1].changes) == 1


def test_relabelling_to_the_folders_class_by_name_or_by_nothing_ends_the_edit(folder: Path) -> None:
    for label in ("cats", ""):
        dataset = open_dataset(folder, edits=False)
        edits = Edits.load(dataset)
        edits.relabel(dataset.records[:1], "dogs")
        edits.relabel(edits.apply(dataset).records[:1], label)
        assert open_dataset(folder) == dataset


def test_a_hostile_label_is_refused_and_leaves_nothing(folder: Path) -> None:
    dataset = open_dataset(folder)
    for label in ("../evil", "a\0b", "x" * 101, "DOGS", "con"):
        with pytest.raises(DatasetError):
            Edits.load(dataset).relabel(dataset.records[:1], label)
    assert edits_stamp(dataset.root) == ()


def test_a_image_of_another_dataset_is_refused(folder: Path, tmp_path: Path) -> None:
    other = open_dataset(write_images(tmp_path / "other", {"cats": 9, "dogs": 9}))
    with pytest.raises(DatasetError, match="not in pets"):
        Edits.load(open_dataset(folder)).exclude(other.records[:1])


def test_an_edit_follows_a_renamed_image_also_into_another_class(folder: Path) -> None:
    dataset = open_dataset(folder)
    edits = Edits.load(dataset)
    edits.exclude(pick(dataset, "train/cats/0.jpg"))
    edits.relabel(pick(dataset, "train/cats/1.jpg"), "birds")
    (folder / "train/cats/0.jpg").rename(folder / "train/cats/renamed.jpg")
    (folder / "train/cats/1.jpg").rename(folder / "train/dogs/moved.jpg")
    again = open_dataset(folder)
    assert excluded(again) == ["train/cats/renamed.jpg"]
    (moved,) = pick(again, "train/dogs/moved.jpg")
    assert (moved.label, moved.folder_label) == ("birds", "dogs")


def test_a_renamed_image_goes_on_from_the_edit_that_it_had(folder: Path) -> None:
    dataset = open_dataset(folder)
    edits = Edits.load(dataset)
    edits.relabel(pick(dataset, "train/cats/0.jpg"), "dogs")
    edits.exclude(pick(dataset, "train/cats/0.jpg"))
    (folder / "train/cats/0.jpg").rename(folder / "train/cats/renamed.jpg")
    again = open_dataset(folder)
    Edits.load(again).include(pick(again, "train/cats/renamed.jpg"))
    (record,) = pick(open_dataset(folder), "train/cats/renamed.jpg")
    assert (record.label, record.excluded) == ("dogs", False)


def test_other_content_at_the_path_is_not_edited_and_the_edit_waits(folder: Path) -> None:
    dataset = open_dataset(folder)
    Edits.load(dataset).exclude(pick(dataset, "train/cats/0.jpg"))
    before = (folder / "train/cats/0.jpg").read_bytes()
    (folder / "train/cats/0.jpg").write_bytes(image_bytes(99))
    assert excluded(open_dataset(folder)) == []
    (folder / "train/cats/0.jpg").write_bytes(before)
    assert excluded(open_dataset(folder)) == ["train/cats/0.jpg"]


def test_the_copy_that_was_kept_stays_when_the_excluded_one_is_deleted(folder: Path) -> None:
    shutil.copy(folder / "train/cats/0.jpg", folder / "train/cats/copy.jpg")
    dataset = open_dataset(folder)
    Edits.load(dataset).exclude(pick(dataset, "train/cats/copy.jpg"))
    (folder / "train/cats/copy.jpg").unlink()
    assert excluded(open_dataset(folder)) == []


def test_of_two_copies_each_edit_stays_with_its_own(folder: Path) -> None:
    """Also when the class folder that holds both is renamed: then one of the two is excluded, and not both."""
    shutil.copy(folder / "train/cats/0.jpg", folder / "train/cats/copy.jpg")
    dataset = open_dataset(folder)
    Edits.load(dataset).exclude(pick(dataset, "train/cats/copy.jpg"))
    assert excluded(open_dataset(folder)) == ["train/cats/copy.jpg"]
    (folder / "train/cats").rename(folder / "train/kittens")
    (folder / "validation/cats").rename(folder / "validation/kittens")
    assert len(excluded(open_dataset(folder))) == 1


def test_the_same_zip_has_the_same_edits_whatever_its_name_and_way_in(folder: Path, tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        (tmp_path / name).write_bytes(zip_folder(folder, "wrapped/"))
    dataset = open_dataset(tmp_path / "a.zip")
    Edits.load(dataset).exclude(dataset.records[:2])
    for source in (tmp_path / "b.zip", str(tmp_path / "a.zip"), dataset.source):
        assert len(excluded(open_dataset(source))) == 2
    assert excluded(open_dataset(folder)) == [], "a folder is another dataset"


def test_two_sessions_lose_nothing_of_each_other(tmp_path: Path) -> None:
    dataset = open_dataset(write_images(tmp_path / "many", {"train/a": 20, "train/b": 20}))
    sessions = [Edits.load(dataset) for _ in range(4)]

    def work(session: Edits, records: list[ImageRecord]) -> None:
        for record in records:
            session.exclude([record])

    threads = [
        threading.Thread(target=work, args=(session, dataset.usable()[start : start + 8]))
        for start, session in zip(range(0, 32, 8), sessions, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    edits = Edits.load(dataset)
    assert len(edits.actions) == 32
    assert count_edits(edits.apply(dataset))["excluded"] == 32


def test_undo_takes_back_only_the_action_that_its_button_showed(folder: Path) -> None:
    dataset = open_dataset(folder)
    mine = Edits.load(dataset)
    mine.exclude(dataset.records[:1], "mine")
    Edits.load(dataset).exclude(dataset.records[1:2], "theirs")
    with pytest.raises(DatasetError, match="another window"):
        mine.undo()
    assert [action.title for action in mine.actions] == ["mine", "theirs"]
    assert mine.undo().title == "theirs"


def test_undo_and_redo_leave_alone_what_others_did(folder: Path) -> None:
    dataset = open_dataset(folder)
    first, second, third = dataset.records[:3]
    ann, ben = Edits(dataset, "ann"), Edits(dataset, "ben")
    ann.exclude([first], "by ann")
    ben.exclude([second], "by ben")
    ann = Edits.load(dataset, "ann")
    assert ann.undo().title == "by ann"
    assert [record.path for record in ann.apply(dataset).records if record.excluded] == [second.path]
    with pytest.raises(DatasetError, match="nothing to undo"):
        ann.undo()
    ben = Edits.load(dataset, "ben")
    ben.exclude([third], "by ben again")  # takes no redo from anybody else
    ann = Edits.load(dataset, "ann")
    assert ann.redo().title == "by ann"
    assert count_edits(ann.apply(dataset))["excluded"] == 3
    late = Edits.load(dataset, "late", ended=lambda author: author == "ben")
    assert late.undo().title == "by ben again"


def test_the_stamp_changes_with_every_edit(folder: Path) -> None:
    dataset = open_dataset(folder)
    edits = Edits.load(dataset)
    stamps = [edits_stamp(dataset.root)]
    acts: list[Callable[[], object]] = [lambda: edits.exclude(dataset.records[:1]), edits.undo, edits.redo]
    for act in acts:
        act()
        stamps.append(edits_stamp(dataset.root))
    assert len(set(stamps)) == 4


GOOD = {"title": "t", "time": 1, "changes": [{"digest": "0" * 64, "path": "a"}], "copies": {}}
HOSTILE: list[dict[str, Any]] = [
    {"title": ""},
    {"title": "x" * 201},
    {"time": float("nan")},
    {"time": 10**400},
    {"time": True},
    {"copies": {"x": []}},
    {"copies": {"0" * 64: [7]}},
    {"changes": [7]},
    {"changes": [{"path": "a"}]},
    {"changes": [{"digest": "x", "path": "a"}]},
    {"changes": [{"digest": "0" * 64, "path": "\ud800"}]},
    {"changes": [{"digest": "0" * 64, "path": "a" * 5000}]},
    {"changes": [{"digest": "0" * 64, "path": "a", "excluded": 1}]},
    {"changes": [{"digest": "0" * 64, "path": "a", "label": "../x"}]},
    {"changes": [{"digest": "0" * 64, "path": "a", "label": 0}]},
]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"version": 1}',
        b'{"version": 2, "actions": [], "undone": []}',
        b'{"version": 1, "actions": {}, "undone": []}',
        b'{"version": 1, "actions": [7], "undone": []}',
        b'{"version": 1, "actions": [], "undone": ' + b"[" + b"{}," * 1000 + b"{}]}",
    ]
    + [json.dumps({"version": 1, "actions": [{**GOOD, **change}], "undone": []}).encode() for change in HOSTILE],
)
def test_broken_edits_are_reported_kept_aside_and_begun_anew(folder: Path, content: bytes) -> None:
    dataset = open_dataset(folder)
    file = edits_file(dataset.root)
    for number in (1, 2):
        file.write_bytes(content)
        with pytest.raises(DatasetError, match=r"broken.*\.broken.*without edits"):
            open_dataset(folder)
        kept = list(file.parent.glob("*.broken"))
        assert [path.read_bytes() for path in kept] == [content] * number
    assert open_dataset(folder) == dataset
    assert Edits.load(dataset).exclude(dataset.records[:1]) == 1


def test_broken_edits_met_in_the_middle_of_a_session_are_kept_aside_too(folder: Path) -> None:
    dataset = open_dataset(folder)
    edits = Edits.load(dataset)
    edits_file(dataset.root).write_bytes(b"{")
    with pytest.raises(DatasetError, match="broken"):
        edits.exclude(dataset.records[:1])
    assert edits.exclude(dataset.records[:1]) == 1


def test_a_failed_write_leaves_the_edits_that_were_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = open_dataset(folder)
    edits = Edits.load(dataset)
    edits.exclude(dataset.records[:1])

    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("core.datasets.edits.sidecar.write_atomic", full)
        with pytest.raises(PawlabError, match=r"cannot be changed in /.*: No space .* Make room"):
            edits.exclude(dataset.records[1:2])
    assert excluded(open_dataset(folder)) == [dataset.records[0].path]
    assert edits.exclude(dataset.records[1:2]) == 1


def test_beyond_the_limits_undo_goes_back_less_far_and_no_edit_is_lost(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = open_dataset(folder)
    edits = Edits.load(dataset)
    monkeypatch.setattr("core.datasets.edits.sidecar.MAX_ACTIONS", 4)
    for record in dataset.records[:7]:
        edits.exclude([record])
    assert len(edits.actions) <= 4
    assert count_edits(open_dataset(folder))["excluded"] == 7
    monkeypatch.setattr("core.datasets.edits.sidecar.MAX_BYTES", edits_file(dataset.root).stat().st_size)
    edits.exclude(dataset.records[7:8])
    assert [action.title for action in edits.actions] == ["Earlier edits", "Exclude 1 image"]
    assert count_edits(open_dataset(folder))["excluded"] == 8
    monkeypatch.setattr("core.datasets.edits.sidecar.MAX_BYTES", edits_file(dataset.root).stat().st_size)
    with pytest.raises(DatasetError, match="at most"):
        edits.exclude(dataset.records[8:9])
    assert count_edits(open_dataset(folder))["excluded"] == 8


def drop(dataset: Dataset, label: str, split: str) -> Dataset:
    edits = Edits.load(dataset)
    edits.exclude([record for record in dataset.usable(split) if record.label == label])
    return edits.apply(dataset)


def test_a_class_without_images_to_train_on_cannot_be_trained(folder: Path) -> None:
    with pytest.raises(DatasetError, match=r"class cats .* train on \(3 excluded\)"):
        check_trainable(drop(open_dataset(folder), "cats", "train"))


def test_a_class_without_validation_images_can_be_trained_unless_no_class_has_any(folder: Path) -> None:
    dataset = drop(open_dataset(folder), "cats", "validation")
    check_trainable(dataset)
    with pytest.raises(DatasetError, match="validate on"):
        check_trainable(drop(dataset, "dogs", "validation"))


def test_one_class_alone_cannot_be_trained(folder: Path) -> None:
    dataset = open_dataset(folder)
    for split in ("train", "validation"):
        dataset = drop(dataset, "cats", split)
    with pytest.raises(DatasetError, match="one class only, dogs"):
        check_trainable(dataset)


PATHS = [f"{split}/{label}/{n}" for split in ("train", "validation") for label in "ab" for n in "01"]
moves = st.lists(
    st.tuples(
        st.sampled_from(["exclude", "include", "relabel", "undo", "redo", "clear"]),
        st.lists(st.sampled_from(range(len(PATHS))), max_size=4),
        st.sampled_from(["a", "b", "c", ""]),
    ),
    max_size=12,
)


@FEW
@given(st.lists(st.sampled_from("0123"), min_size=8, max_size=8), moves)
def test_any_session_ends_where_a_plain_dictionary_says(contents: list[str], moves: Any) -> None:
    """With images that are copies of each other, against {path: (excluded, label)} and a list of its states."""
    with tempfile.TemporaryDirectory() as root, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAWLAB_HOME", root)
        records = tuple(
            ImageRecord(path, path.split("/")[0], path.split("/")[1], digest(text))
            for path, text in zip(PATHS, contents, strict=True)
        )
        dataset = Dataset(resolve_source("/nowhere"), Path("/nowhere"), records, ("a", "b"))
        edits = Edits.load(dataset)
        folder_state = {path: (False, path.split("/")[1]) for path in PATHS}
        states, undone = [folder_state], list[dict[str, tuple[bool, str]]]()
        for name, chosen, label in moves:
            now, paths = dict(states[-1]), [PATHS[number] for number in chosen]
            picked = pick(edits.apply(dataset), *paths)
            if name in ("undo", "redo"):
                stack = states[1:] if name == "undo" else undone
                if not stack:
                    continue
                getattr(edits, name)()
                if name == "undo":
                    undone.append(states.pop())
                else:
                    states.append(undone.pop())
                continue
            if name == "clear":
                now = dict(folder_state)
                edits.clear()
            elif name == "relabel":
                now |= {path: (now[path][0], label or path.split("/")[1]) for path in paths}
                edits.relabel(picked, label)
            else:
                now |= {path: (name == "exclude", now[path][1]) for path in paths}
                getattr(edits, name)(picked)
            if now != states[-1]:
                states.append(now)
                undone.clear()
        result = Edits.load(dataset).apply(dataset)
        assert {record.path: (record.excluded, record.label) for record in result.records} == states[-1]
        assert set(result.classes) == {label for out, label in states[-1].values() if not out}
        assert len(edits.actions) == len(states) - 1


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
digests = st.integers(0, 3).map(lambda number: f"{number:064x}")
labels = st.none() | st.just("") | texts.filter(lambda text: "/" not in text and "\0" not in text)
changes = st.builds(Change, digests, texts, st.sampled_from([None, True, False]), labels)
copies = st.dictionaries(digests, st.lists(texts, max_size=3).map(tuple), max_size=2)
times = st.floats(0, 2e9)
actions = st.lists(st.builds(Action, texts, times, st.lists(changes, max_size=4).map(tuple), copies), max_size=4).map(
    tuple
)


@given(actions, actions)
def test_actions_read_back_as_they_were_written(done: tuple[Action, ...], undone: tuple[Action, ...]) -> None:
    assert from_json(to_json(done, undone, dataset="/x").encode()) == (done, undone)


@given(st.binary(max_size=200) | actions.map(lambda done: to_json(done).encode()[:-5]))
def test_no_content_of_the_file_is_a_crash(content: bytes) -> None:
    with pytest.raises(ValueError):
        from_json(content)


def test_a_change_that_no_record_carries_is_kept(folder: Path) -> None:
    dataset = open_dataset(folder)
    action = Action("t", 0, (Change("0" * 64, "train/cats/0.jpg", True),))
    assert apply_actions(dataset, [action]) == dataset
