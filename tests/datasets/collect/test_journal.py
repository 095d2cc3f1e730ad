"""Undo, by a model of what it means; and actions that a kill interrupts at each of their steps."""

import itertools
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.datasets.collect.collection import Collection
from core.datasets.collect.journal import MOST_ACTIONS
from core.datasets.collect.store import create_collection, delete_collection, open_collection
from core.errors import DatasetError
from tests.datasets.collect.pictures import BURST, contents, filled, picture

LABELS = ("cats", "dogs", "birds", "Cats")
Classes = dict[str, set[int]]  # images by their seeds, the classes in their order


class Model:
    """What a collection should hold."""

    def __init__(self) -> None:
        self.classes: Classes = {}
        self.actions: list[tuple[str, list[str], Callable[[], dict[str, str]]]] = []

    def taken(self, label: str) -> bool:
        return label.lower() in map(str.lower, self.classes)

    def did(self, before: list[str], undo: Callable[[], dict[str, str]]) -> None:
        self.actions = [*self.actions, ("", before, undo)][-MOST_ACTIONS:]

    def ordered(self, order: list[str]) -> None:
        self.classes = {label: self.classes[label] for label in order if label in self.classes} | self.classes

    def put(self, seeds: set[int], label: str) -> None:
        for members in self.classes.values():
            members -= seeds
        self.classes[label] |= seeds

    def put_back(self, places: Classes) -> dict[str, str]:
        for label, seeds in places.items():
            self.put(seeds, label)
        return {}

    def remove(self, seeds: set[int]) -> None:
        places = {label: members & seeds for label, members in self.classes.items() if members & seeds}
        for label, gone in places.items():
            self.classes[label] -= gone
        self.did(list(self.classes), lambda: self.put_back(places))

    def move(self, seeds: set[int], label: str) -> None:
        places = {other: members & seeds for other, members in self.classes.items() if members & seeds}
        self.put(seeds, label)
        self.did(list(self.classes), lambda: self.put_back(places))

    def rename(self, label: str, new: str) -> None:
        before = list(self.classes)
        self.classes = {new if name == label else name: members for name, members in self.classes.items()}

        def undo() -> dict[str, str]:
            back = self.free(label)
            self.classes[back] = self.classes.pop(new)
            return {label: back}

        self.did(before, undo)

    def remove_class(self, label: str) -> None:
        before, members = list(self.classes), self.classes[label]
        del self.classes[label]

        def undo() -> dict[str, str]:
            back = self.free(label)
            self.classes[back] = members
            return {label: back}

        self.did(before, undo)

    def undo(self) -> None:
        _, before, undo = self.actions.pop()
        now = list(self.classes)
        names = undo()
        order = [names.get(label, label) for label in before]
        self.ordered([*order, *now])

    def free(self, label: str) -> str:
        names = itertools.chain([label], (f"{label}-{number}" for number in itertools.count(2)))
        return next(name for name in names if name not in self.classes)


step = st.tuples(
    st.sampled_from(["add", "add", "add", "add_class", "remove", "move", "rename", "remove_class", "undo", "undo"]),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
)


@given(st.lists(step, max_size=30))
@settings(max_examples=40)
def test_any_sequence_of_actions_and_undos_is_what_a_model_says(steps: list[tuple[str, int, int]]) -> None:
    collection, model, seeds = create_collection("pets"), Model(), itertools.count()
    try:
        for action, first, second in [("add_class", 0, 0), ("add_class", 1, 0), *steps]:
            act(collection, model, seeds, action, first, second)
            if first % 5 == 0:
                collection = open_collection("pets")  # another tab
            expected = {label: {picture(seed) for seed in members} for label, members in model.classes.items()}
            found = contents(collection)
            assert found == expected
            assert list(found) == list(expected)
    finally:
        delete_collection("pets")


def act(collection: Collection, model: Model, seeds: Any, action: str, first: int, second: int) -> None:
    """One step on both, if it makes sense there."""
    labels = list(model.classes)
    label = labels[first % len(labels)] if labels else ""
    new = LABELS[second % len(LABELS)]
    of_path = {path: content for card in collection.classes() for path in card.images
               for content in [collection.file(path).read_bytes()]}  # fmt: skip
    chosen = [path for place, path in enumerate(of_path) if (second >> (place % 20)) & 1]
    all_seeds = [seed for members in model.classes.values() for seed in members]
    of_content = {picture(seed): seed for seed in all_seeds}
    chosen_seeds = {of_content[of_path[path]] for path in chosen}
    match action:
        case "add" if labels:
            seed = next(seeds)
            collection.add(label, picture(seed), BURST, 1 + second % 3)
            model.classes[label].add(seed)
        case "add_class" if not model.taken(new):
            collection.add_class(new)
            model.classes[new] = set()
        case "remove" if chosen:
            collection.remove(chosen)
            model.remove(chosen_seeds)
        case "move" if chosen_seeds - model.classes.get(label, set()):
            collection.move(chosen, label)
            model.move(chosen_seeds - model.classes[label], label)
        case "rename" if labels and new != label and (new.lower() == label.lower() or not model.taken(new)):
            collection.rename_class(label, new)
            model.rename(label, new)
        case "remove_class" if labels:
            collection.remove_class(label)
            model.remove_class(label)
        case "undo" if model.actions:
            collection.undo()
            model.undo()


def test_twenty_actions_can_be_undone_and_what_older_ones_removed_is_gone() -> None:
    collection = filled({"cats": [MOST_ACTIONS + 3]})
    for _ in range(MOST_ACTIONS + 3):
        collection.remove([collection.classes()[0].images[0]])
    assert len(list((collection.root / ".collection").rglob("*.jpg"))) == MOST_ACTIONS
    for _ in range(MOST_ACTIONS):
        assert collection.undo() == "Remove 1 image"
    with pytest.raises(DatasetError, match="nothing to undo"):
        collection.undo()
    assert collection.classes()[0].num_images == MOST_ACTIONS
    assert sorted(path.name for path in (collection.root / ".collection").iterdir()) == ["changes", "state.json"]


ACTIONS: dict[str, Callable[[Collection], object]] = {
    "add": lambda collection: collection.add("cats", picture(50), BURST),
    "remove": lambda collection: collection.remove(collection.classes()[0].images),
    "move": lambda collection: collection.move(collection.classes()[0].images, "dogs"),
    "rename": lambda collection: collection.rename_class("cats", "kittens"),
    "remove class": lambda collection: collection.remove_class("cats"),
    "add class": lambda collection: collection.add_class("birds"),
    "undo": lambda collection: collection.undo(),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_a_kill_at_any_step_of_an_action_leaves_it_done_or_not_begun(action: str, tmp_path: Path) -> None:
    """The kill takes the place of a call to the system, in a process of its own."""
    collection = filled({"cats": [3], "dogs": [1]})
    collection.remove(collection.classes()[0].images[:2])
    begin = contents(collection)
    shutil.copytree(collection.root, tmp_path / "begin")
    ACTIONS[action](collection)
    end = contents(collection)
    results = []
    for number in itertools.count(1):
        shutil.rmtree(collection.root)
        shutil.copytree(tmp_path / "begin", collection.root)
        child = os.fork()
        if child == 0:
            try:
                die_at_call(number)
                ACTIONS[action](collection)
            finally:
                os._exit(0)
        was_killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        results.append(contents(open_collection("pets")))
        open_collection("pets").add_class("later")  # nothing is in the way of what comes next
        if not was_killed:
            break
    assert results[0] == begin != end == results[-1]
    assert all(result in (begin, end) for result in results)
    assert len(results) > 3


def die_at_call(number: int) -> None:
    """From now on the process ends in place of its `number`-th change to the disk."""
    calls = itertools.count(1)

    def deadly(call: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*arguments: Any, **more: Any) -> Any:
            if next(calls) == number:
                os._exit(9)
            return call(*arguments, **more)

        return instead

    for name in ("rename", "replace", "mkdir", "fsync", "unlink", "rmdir"):
        setattr(os, name, deadly(getattr(os, name)))
