"""A learner of a real collection: opened, opened again at the cost of a read, and in line with what others do."""

from pathlib import Path

import numpy as np
import pytest

from core.datasets.collect.bursts import new_burst
from core.datasets.collect.collection import Collection
from core.datasets.collect.store import create_collection
from core.errors import Cancelled
from core.instant.features_of import PHASE
from core.instant.learner import Learner
from core.instant.learners import Learners
from core.instant.stored_features import BYTES, StoredFeatures

SOON = 60


@pytest.fixture
def pets(ready_home: Path, drawn: Path) -> Collection:
    """Two classes of three drawings, in two bursts each."""
    made = create_collection("pets")
    for label in ("cats", "dogs"):
        made.add_class(label)
        bursts = [new_burst(), new_burst()]
        for number, file in enumerate(sorted((drawn / "train" / label).iterdir())[:3]):
            made.add(label, file.read_bytes(), bursts[number // 2])
    return made


class Watched:
    """Progress that counts the images that pass through the base, and may stop."""

    def __init__(self, stop_at: int = 10**9) -> None:
        self.computed, self.stop_at = 0, stop_at

    def __call__(self, phase: str, done: int, total: int) -> None:
        if phase == PHASE:
            self.computed = max(self.computed, done)
            if done >= self.stop_at:
                raise Cancelled("Stopped")


def paths(collection: Collection) -> set[str]:
    return {path for card in collection.classes() for path in card.images}


def right(learner: Learner, learners: Learners, collection: Collection) -> list[bool]:
    assert learner.wait(SOON)
    embedder = learners.embedder()
    answers = {path: learner.answer(embedder.feature(collection.file(path))) for path in sorted(paths(collection))}
    return [answer.label == path.partition("/")[0] for path, answer in answers.items()]


def test_an_opened_collection_is_a_model_and_opening_it_again_computes_nothing(pets: Collection) -> None:
    learners, progress = Learners(), Watched()
    learner = learners.of(pets, progress)
    assert progress.computed == 6
    assert learner.keys == paths(pets)
    assert learner.classes == ("cats", "dogs")
    assert all(right(learner, learners, pets))
    again, progress = Learners(), Watched()
    reopened = again.of(pets, progress)
    assert progress.computed == 0
    assert reopened.wait(SOON, settled=True) and learner.wait(SOON, settled=True)
    assert reopened.score().num_bursts == learner.score().num_bursts == 4
    feature = again.embedder().feature(pets.file(min(paths(pets))))
    assert reopened.answer(feature) == learner.answer(feature)


def test_what_is_recorded_is_learned_and_stored(pets: Collection, drawn: Path) -> None:
    learners = Learners()
    learner = learners.of(pets)
    content = (drawn / "validation" / "dogs" / "dog.0001.jpg").read_bytes()
    path = pets.add("dogs", content, new_burst())
    learners.learn(pets, path, learners.embedder().feature(content))
    assert path in learner.keys
    before, progress = learner.version, Watched()
    assert learner.wait(SOON)
    assert learners.of(pets, progress) is learner
    assert learners.of(pets, progress).keys == paths(pets)
    assert progress.computed == 0
    assert learner.version <= before + 2
    assert Learners().of(pets, progress).keys == paths(pets)
    assert progress.computed == 0


def test_what_another_tab_did_is_followed(pets: Collection, drawn: Path) -> None:
    learners, progress = Learners(), Watched()
    learner = learners.of(pets, progress)
    first, second = sorted(path for path in paths(pets) if path.startswith("cats/"))[:2]
    pets.remove([first])
    pets.move([second], "dogs")
    pets.rename_class("dogs", "hounds")
    pets.add_class("birds")
    progress.computed = 0
    assert learners.of(pets, progress) is learner
    assert progress.computed == 0
    assert learner.keys == paths(pets)
    assert learner.classes == ("cats", "hounds", "birds")
    assert all(learner.label(key) == key.partition("/")[0] for key in learner.keys)
    pets.undo()
    assert learners.of(pets).classes == tuple(card.label for card in pets.classes())


def test_a_stop_keeps_what_was_computed(pets: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Cancelled):
        Learners().of(pets, Watched(stop_at=4))
    progress = Watched()
    Learners().of(pets, progress)
    assert progress.computed == 2


def test_damaged_features_are_computed_again(pets: Collection) -> None:
    learners = Learners()
    learners.of(pets)
    store = StoredFeatures(learners.embedder().digest, learners.embedder().image_size)
    content = bytearray(store.path.read_bytes())
    content[BYTES + 100] ^= 1
    store.path.write_bytes(content)
    progress = Watched()
    assert Learners().of(pets, progress).keys == paths(pets)
    assert progress.computed == 1


def test_a_file_that_no_longer_decodes_is_no_example(pets: Collection) -> None:
    path = min(paths(pets))
    pets.file(path).write_bytes(b"no image")
    assert Learners().of(pets).keys == paths(pets) - {path}


def test_only_the_learners_used_last_are_kept(pets: Collection) -> None:
    learners = Learners(limit=1)
    learner = learners.of(pets)
    other = create_collection("other")
    assert learners.of(other).keys == frozenset()
    assert learners.of(pets) is not learner


def test_features_have_length_1_and_are_those_of_single_images(pets: Collection) -> None:
    embedder = Learners().embedder()
    files = [pets.file(path) for path in sorted(paths(pets))]
    features = list(embedder.each(files))
    for file, feature in zip(files, features, strict=True):
        assert isinstance(feature, np.ndarray)
        assert feature.dtype == np.float32 and np.linalg.norm(feature) == pytest.approx(1, abs=1e-5)
        assert feature == pytest.approx(embedder.feature(file), abs=1e-4)
