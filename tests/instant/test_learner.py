"""A learner follows its examples: answers never wait, the newest state wins, and it ends as a fresh one begins."""

import math
import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.backbone.architecture import FEATURES
from core.errors import PawlabError
from core.instant import fitted as fitted_module
from core.instant.fitted import Fitted
from core.instant.learner import Example, Learner
from tests.instant.drawn_features import feature

PAUSE = 0.01
SOON = 60  # seconds, after which a test says that it hangs


def teach(learner: Learner, label: int, burst: int, frames: int = 1) -> None:
    for frame in range(frames):
        learner.add(f"{label}/{burst}-{frame}", "abcdef"[label], f"{label} {burst}", feature(label, burst, frame))


def taught(num_classes: int = 2, bursts: int = 1, frames: int = 1) -> Learner:
    learner = Learner("abcdef"[:num_classes], PAUSE)
    for label in range(num_classes):
        for burst in range(bursts):
            teach(learner, label, burst, frames)
    assert learner.wait(SOON, settled=True)
    return learner


def test_it_says_what_is_missing_until_two_classes_have_an_image() -> None:
    learner = Learner((), PAUSE)
    assert "second class" in learner.answer(feature(0, 0)).missing
    learner.set_classes(["cat", "dog"])
    assert "“cat” and “dog”" in learner.answer(feature(0, 0)).missing
    learner.add("one", "cat", "burst", feature(0, 0))
    assert learner.wait(SOON)
    answer = learner.answer(feature(0, 0))
    assert "“dog”" in answer.missing and "cat" not in answer.missing
    assert answer.label == "" and not answer.probabilities and math.isnan(answer.distance)
    learner.add("two", "dog", "burst", feature(1, 0))
    assert learner.wait(SOON)
    assert learner.answer(feature(1, 0)).label == "dog"


def test_it_is_no_surer_than_its_looks_allow() -> None:
    learner = taught(2, 1, 5)
    for label in (0, 1):
        answer = learner.answer(feature(label, 0))
        assert answer.label == "ab"[label]
        assert sum(answer.probabilities) == pytest.approx(1)
        assert max(answer.probabilities) <= 2 / 3 + 1e-9
    more = taught(2, 6)
    assert 2 / 3 < max(more.answer(feature(0, 99)).probabilities) <= 7 / 8 + 1e-9


def test_a_class_without_images_is_never_predicted() -> None:
    learner = taught(2)
    learner.set_classes(["c", "b", "a"])
    assert learner.wait(SOON)
    answer = learner.answer(feature(0, 0))
    assert answer.label == "a"
    assert answer.probabilities[0] == 0
    assert answer.probabilities[2] > answer.probabilities[1]


def test_what_is_like_no_example_is_none_of_them() -> None:
    learner = taught(2, 4, 2)
    unlike = np.zeros(FEATURES, np.float32)
    unlike[0] = 1
    answer = learner.answer(unlike)
    assert answer.none and answer.label == ""
    assert not learner.answer(feature(0, 99)).none


def test_a_score_comes_with_the_second_burst_of_each_class() -> None:
    learner = taught(2)
    assert "second time" in learner.score().why
    teach(learner, 0, 1)
    assert learner.wait(SOON, settled=True)
    assert "“b” again" in learner.score().why
    teach(learner, 1, 1)
    assert learner.wait(SOON, settled=True)
    score = learner.score()
    assert not score.why and score.num_bursts == 4
    assert score.accuracy.low < score.accuracy.value <= score.accuracy.high


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 2), st.integers(0, 3), st.integers(0, 1)),
        st.tuples(st.just("remove"), st.integers(0, 2), st.integers(0, 3), st.integers(0, 1)),
        st.tuples(st.just("relabel"), st.integers(0, 2), st.integers(0, 3), st.integers(0, 1)),
    ),
    max_size=25,
)


@settings(deadline=None, max_examples=20)
@given(ACTIONS)
def test_however_it_came_there_it_is_the_model_of_its_examples(actions: list[tuple[str, int, int, int]]) -> None:
    learner, wanted = Learner("abc", PAUSE), dict[str, Example]()
    for action, label, burst, frame in actions:
        key = f"{label}/{burst}-{frame}"
        if action == "add":
            wanted[key] = Example("abc"[label], f"{label} {burst}", feature(label, burst, frame))
            learner.add(key, *vars(wanted[key]).values())
        elif action == "remove":
            wanted.pop(key, None)
            learner.remove([key])
        else:
            learner.relabel(key, "abc"[label - 1])
            if key in wanted:
                wanted[key] = Example("abc"[label - 1], wanted[key].burst, wanted[key].feature)
    fresh = Learner("abc", PAUSE)
    fresh.extend(wanted)
    assert learner.wait(SOON, settled=True) and fresh.wait(SOON, settled=True)
    assert learner.keys == fresh.keys == wanted.keys()
    query = feature(1, 99)
    ours, theirs = learner.answer(query), fresh.answer(query)
    assert ours.missing == theirs.missing and ours.label == theirs.label and ours.none == theirs.none
    assert ours.probabilities == pytest.approx(theirs.probabilities, abs=1e-3)
    assert ours.distance == pytest.approx(theirs.distance, abs=1e-5, nan_ok=True)
    assert learner.score().why == fresh.score().why
    assert learner.score().num_bursts == fresh.score().num_bursts


def test_a_model_of_many_images_is_the_same_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made from an earlier one, which the learner keeps from the end of the last burst."""
    monkeypatch.setattr(fitted_module, "MANY", 8)
    learner = taught(3, 3, 2)
    teach(learner, 1, 7, 3)
    learner.remove(["0/1-0", "2/2-1"])
    assert learner.wait(SOON)
    assert learner._choices.anchor is not None
    fresh, choices = Learner("abc", 60), learner._choices
    monkeypatch.setattr(fitted_module, "MANY", 10**9)
    fresh._choices = replace(choices, anchor=None)
    for label, burst, frame in [(0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 2, 0), (0, 2, 1)]:
        fresh.add(f"{label}/{burst}-{frame}", "a", f"{label} {burst}", feature(label, burst, frame))
    for label, bursts in ((1, [(0, 2), (1, 2), (2, 2), (7, 3)]), (2, [(0, 2), (1, 2), (2, 1)])):
        for burst, frames in bursts:
            teach(fresh, label, burst, frames)
    assert fresh.wait(SOON)
    assert fresh.keys == learner.keys
    for label in range(3):
        ours, theirs = learner.answer(feature(label, 50)), fresh.answer(feature(label, 50))
        assert ours.probabilities == pytest.approx(theirs.probabilities, abs=5e-3)


def test_answers_never_wait_for_a_model_and_nothing_queues(monkeypatch: pytest.MonkeyPatch) -> None:
    learner, fits, go, begun = taught(2), [], threading.Event(), threading.Event()
    make = Fitted.of

    def slow(*arguments: object) -> Fitted:
        fits.append(arguments)
        begun.set()
        assert go.wait(SOON)
        return make(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Fitted, "of", slow)
    before = learner.version
    teach(learner, 0, 1)
    assert begun.wait(SOON)
    teach(learner, 0, 2, frames=50)
    assert not learner.wait(0)
    assert learner.answer(feature(1, 0)).label == "b"  # while the model is being made
    assert learner.version == before
    go.set()
    assert learner.wait(SOON)
    assert len(fits) == 2  # of the state at the first image, and of the newest
    assert learner.version >= before + 2


def test_threads_that_add_and_ask_at_once_end_in_the_model_of_all() -> None:
    learner = Learner("abc", PAUSE)

    def work(label: int) -> None:
        for burst in range(10):
            teach(learner, label, burst)
            answer = learner.answer(feature(label, burst))
            assert answer.missing or sum(answer.probabilities) == pytest.approx(1)

    threads = [threading.Thread(target=work, args=(label,)) for label in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert learner.wait(SOON, settled=True)
    assert len(learner.keys) == 30
    assert all(learner.answer(feature(label, 3)).label == "abc"[label] for label in range(3))
    assert learner.score().num_bursts == 30


@pytest.mark.parametrize("bad", [np.zeros(7, np.float32), np.full(FEATURES, np.nan, np.float32)])
def test_what_is_no_feature_is_refused_and_nothing_is_lost(bad: np.ndarray) -> None:
    learner = taught(2)
    with pytest.raises(ValueError, match="all finite"):
        learner.add("bad", "a", "b", bad)
    assert "bad" not in learner.keys
    assert learner.answer(feature(0, 0)).label == "a"


def test_no_thread_is_left_when_there_is_nothing_to_do() -> None:
    learner = taught(2)
    assert learner._worker is None


def test_a_model_that_cannot_be_made_is_said_and_the_next_one_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    learner, make = taught(2), Fitted.of

    def fails(*arguments: object) -> Fitted:
        raise MemoryError("no room")

    monkeypatch.setattr(Fitted, "of", fails)
    teach(learner, 0, 5)
    assert learner.wait(SOON, settled=True)
    with pytest.raises(PawlabError, match="MemoryError: no room"):
        learner.answer(feature(0, 0))
    monkeypatch.setattr(Fitted, "of", make)
    teach(learner, 0, 6)
    assert learner.wait(SOON, settled=True)
    assert learner.answer(feature(1, 0)).label == "b"
