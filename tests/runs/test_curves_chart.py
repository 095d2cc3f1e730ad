"""What stands where in the training curves."""

import itertools
import json
import math
from typing import Any

import pytest

from core.runs.curves_chart import MOST_BATCH_POINTS, training_curves
from core.runs.history import Event, History
from tests.events import event


def batch(epoch: int, number: int, of: int = 4) -> Event:
    return event("batch", epoch=epoch, batch=number, batches=of, loss=2 / number, accuracy=0.5)


def epoch(number: int, val_loss: float, *, best: bool) -> Event:
    scores = {"loss": 1.5, "accuracy": 0.75, "val_loss": val_loss, "val_accuracy": 0.875}
    return event("epoch", epoch=number, best=best, **scores)


EVENTS = [
    *(batch(1, number) for number in range(1, 5)),
    epoch(1, 3.0, best=True),
    *(batch(2, number) for number in range(1, 5)),
    epoch(2, 2.0, best=True),
    batch(3, 1),
    epoch(3, 2.5, best=False),
    event("reduce_lr", epoch=3, learning_rate=2e-5),
]


def drawn(events: list[Event], epochs: int = 10) -> dict[str, Any]:
    figure: dict[str, Any] = json.loads(training_curves(History.of(events), epochs))
    return figure


def traces(figure: dict[str, Any], axis: str) -> list[dict[str, Any]]:
    return [trace for trace in figure["data"] if trace["yaxis"] == axis]


def test_plotly_knows_every_property_of_it() -> None:
    import plotly.graph_objects as go

    figure = drawn([*EVENTS, event("fine_tune", epoch=4, layers=20, learning_rate=1e-5)])
    assert len(go.Figure(figure).data) == len(figure["data"])  # raises on one that it does not know


def test_a_loss_beyond_all_bounds_is_a_gap() -> None:
    figure = drawn([batch(1, 1) | {"loss": math.inf}, epoch(1, math.nan, best=False)])
    faint, _, validation = traces(figure, "y2")
    assert (faint["y"], validation["y"]) == ([None], [None])


def test_a_batch_stands_at_its_share_of_the_epoch() -> None:
    faint = traces(drawn(EVENTS), "y2")[0]
    assert faint["x"] == [0.25, 0.5, 0.75, 1, None, 1.25, 1.5, 1.75, 2, None, 2.25]
    assert faint["y"][:5] == [2, 1, 0.666667, 0.5, None]


def test_an_epoch_stands_where_it_ended_in_both_panels() -> None:
    figure = drawn(EVENTS)
    for axis, name in (("y", "accuracy"), ("y2", "loss")):
        _, training, validation = traces(figure, axis)
        assert training["x"] == validation["x"] == [1, 2, 3]
        assert training["y"] == [event[name] for event in EVENTS if event["event"] == "epoch"]
        assert validation["y"] == [event[f"val_{name}"] for event in EVENTS if event["event"] == "epoch"]


def test_the_best_epoch_and_the_drop_are_marked_where_they_happened() -> None:
    layout = drawn(EVENTS)["layout"]
    words = {note["text"]: note["x"] for note in layout["annotations"]}
    assert words == {"lowest validation loss: epoch 2": 2, "learning rate 2e-05": 3}
    assert sorted(shape["x0"] for shape in layout["shapes"]) == [2, 3]


def test_a_line_stands_between_the_two_stages() -> None:
    layout = drawn([*EVENTS, event("fine_tune", epoch=4, layers=20, learning_rate=1e-5)])["layout"]
    (note,) = [note for note in layout["annotations"] if note["text"] == "fine-tuning starts"]
    assert note["x"] == 3
    dashed = [shape for shape in layout["shapes"] if shape["line"].get("dash") == "dash"]
    assert [(shape["x0"], shape["x1"]) for shape in dashed] == [(3, 3)]


@pytest.mark.parametrize("epochs", [1, 3, 12])
def test_a_few_epochs_have_whole_ticks(epochs: int) -> None:
    assert drawn(EVENTS, epochs)["layout"]["xaxis"]["dtick"] == 1


def test_the_axis_says_that_the_loss_holds_the_penalty() -> None:
    assert "L2 penalty" in drawn(EVENTS)["layout"]["yaxis2"]["title"]["text"]


def test_nothing_that_a_theme_owns_is_painted() -> None:
    figure = drawn(EVENTS)
    assert figure["layout"]["paper_bgcolor"] == figure["layout"]["plot_bgcolor"] == "rgba(0, 0, 0, 0)"
    assert "template" not in figure["layout"]


def test_new_points_neither_move_the_axis_nor_reset_the_zoom() -> None:
    before, after = drawn(EVENTS[:5])["layout"], drawn(EVENTS)["layout"]
    assert before["uirevision"] == after["uirevision"]
    assert before["xaxis"]["range"] == after["xaxis"]["range"]


def test_words_of_many_drops_do_not_run_over_each_other() -> None:
    drops: list[Event] = [event("reduce_lr", epoch=n, learning_rate=1e-4) for n in range(20, 81)]
    layout = drawn([*EVENTS[:5], *drops], 100)["layout"]
    assert sum(line["line"].get("dash") == "dot" for line in layout["shapes"]) == len(drops)
    places = [note["x"] for note in layout["annotations"] if note["text"].startswith("learning rate")]
    assert places[0] == 20
    assert min(after - before for before, after in itertools.pairwise(places)) >= 5


@pytest.mark.parametrize("status", ["finished", "cancelled", "failed"])
def test_the_axis_ends_where_a_run_that_ended_early_did(status: str) -> None:
    stopped = drawn([*EVENTS, event("status", status=status)])
    assert 3 < stopped["layout"]["xaxis"]["range"][1] < 4


@pytest.mark.parametrize("events", [[], EVENTS[:2], EVENTS[:5]])
def test_a_run_that_has_just_begun_can_be_drawn(events: list[Event]) -> None:
    assert len(drawn(events)["data"]) == 6


def test_a_long_run_stays_small_and_keeps_every_epoch() -> None:
    events = [
        event for n in range(1, 101) for event in (*(batch(n, b, 100) for b in range(1, 101)), epoch(n, 1, best=n == 1))
    ]
    faint, training, _ = traces(drawn(events, 100), "y")
    assert len([x for x in faint["x"] if x is not None]) <= MOST_BATCH_POINTS
    assert training["x"] == list(range(1, 101))
