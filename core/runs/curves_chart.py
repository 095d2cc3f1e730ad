"""The training curves of a run as a plotly figure."""

import json
import math
from typing import Any

from core.charts import CLEAR, FAINT, MARK, TRAINING, VALIDATION, Figure, epochs_layout
from core.runs.history import Event, History

WORDS_EVERY = 0.05  # of the axis: the width of upright words on a phone
DIGITS = 6  # after the point: more would only make what is sent longer
MOST_BATCH_POINTS = 1000  # more than a panel has pixels, and few enough to send and to draw twice a second


def training_curves(history: History, epochs: int) -> str:
    """A figure as plotly's JSON. Accuracy above loss, both over epochs: batches faint, epochs strong; marked are the
    best epoch, drops of the learning rate and the start of fine-tuning.

    Batch b of epoch e stands at e - 1 + b / batches, what an epoch ended with at e. The figure is transparent and
    has no text colour: the page adds its own. Its `uirevision` is constant, so that a redraw keeps the zoom.

    Made without plotly's own classes, which take ten times as long: a class that watches a run asks for it several
    times a second.

    Args:
        history: A run so far; may have no point yet.
        epochs: How many it will have at most: the right end of the axis until it ends.
    """
    lines: list[dict[str, Any]] = []
    for name, axis, shown in (("accuracy", "y", True), ("loss", "y2", False)):
        value = "%{y:.1%}" if name == "accuracy" else "%{y:.4f}"
        common: dict[str, Any] = {"type": "scatter", "xaxis": "x", "yaxis": axis, "showlegend": shown}
        x, y = _batch_points(history.batches, name)
        faint = {
            "x": x,
            "y": y,
            "mode": "lines",
            "name": "training, running mean within the epoch",
            "legendgroup": "batches",
            "line": {"color": FAINT, "width": 1},
            "hovertemplate": f"epoch %{{x:.2f}}: {value}<extra></extra>",
        }
        lines.append(common | faint)
        for split, field, colour in (("training", name, TRAINING), ("validation", f"val_{name}", VALIDATION)):
            strong = {
                "x": [epoch["epoch"] for epoch in history.epochs],
                "y": [_number(epoch[field]) for epoch in history.epochs],
                "mode": "lines+markers",
                "name": split,
                "legendgroup": split,
                "line": {"color": colour, "width": 2.5},
                "marker": {"size": 7},
                "hovertemplate": f"{split}, epoch %{{x}}: {value}<extra></extra>",
            }
            lines.append(common | strong)
    last = epochs if history.status in ("waiting", "running") else _latest_epoch(history)
    figure: Figure = {"data": lines, "layout": _layout(last)}
    if not history.batches and not history.epochs:  # plotly would mark -100 % to 400 %
        figure["layout"]["yaxis"]["range"] = [0, 1]
        figure["layout"]["yaxis2"] |= {"range": [0, 1], "showticklabels": False}
    _mark_drops(figure, history.drops, last)
    _mark_fine_tuning(figure, history.fine_tune)
    _mark_best(figure, history, last)
    return json.dumps(figure, separators=(",", ":"), allow_nan=False)


def _number(value: float) -> float | None:
    """As many digits as a chart can show. A loss that has left all bounds is a gap: JSON has no word for it."""
    return round(value, DIGITS) if math.isfinite(value) else None


def _latest_epoch(history: History) -> int:
    """The epoch that the newest point belongs to; 1 where there is none."""
    return max((int(points[-1]["epoch"]) for points in (history.batches, history.epochs) if points), default=1)


def _batch_points(batches: list[Event], name: str) -> tuple[list[float | None], list[float | None]]:
    """x and y of the batch points, thinned; a gap between epochs, since each epoch's running mean starts anew."""
    step = math.ceil(len(batches) / MOST_BATCH_POINTS) or 1
    x: list[float | None] = []
    y: list[float | None] = []
    epoch = None
    for point in batches[::step]:
        if epoch not in (None, point["epoch"]):
            x.append(None)
            y.append(None)
        epoch = point["epoch"]
        x.append(round(epoch - 1 + point["batch"] / point["batches"], DIGITS))
        y.append(_number(point[name]))
    return x, y


def _mark_best(figure: Figure, history: History, last: int) -> None:
    if history.best is None:
        return
    epoch = history.best["epoch"]
    anchor = {"y": 1, "yanchor": "bottom", "xanchor": "right" if epoch > last / 2 else "left"}
    _mark(figure, epoch, {"width": 1.5}, anchor | {"text": f"{history.best_in_words}: epoch {epoch}"})


def _mark_drops(figure: Figure, drops: list[Event], last: int) -> None:
    """A line for each; words for those that have room for them, the first one always."""
    anchor = {"y": 0.58, "yanchor": "bottom", "xanchor": "right", "textangle": -90, "font": {"size": 11}}
    free = 0.0
    for drop in drops:
        text = f"learning rate {drop['learning_rate']:.2g}" if drop["epoch"] >= free else ""
        _mark(figure, drop["epoch"], {"width": 1, "dash": "dot"}, anchor | {"text": text})
        if text:
            free = drop["epoch"] + last * WORDS_EVERY


def _mark_fine_tuning(figure: Figure, begins: Event | None) -> None:
    """A line between the two stages: after the last epoch of the first one."""
    if begins is None:
        return
    anchor = {"y": 0.5, "yanchor": "middle", "xanchor": "left", "xshift": 4, "font": {"size": 11}}
    _mark(figure, begins["epoch"] - 1, {"width": 2, "dash": "dash"}, anchor | {"text": "fine-tuning starts"})


def _mark(figure: Figure, x: float, line: dict[str, Any], note: dict[str, Any]) -> None:
    """An upright line through both panels, with words beside it."""
    layout = figure["layout"]
    layout["shapes"].append(
        {"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1, "line": {"color": MARK} | line}
    )
    if note["text"]:
        layout["annotations"].append({"x": x, "yref": "paper", "showarrow": False} | note)


def _layout(last: int) -> dict[str, Any]:
    return epochs_layout(0, last) | {
        "uirevision": "keep",
        "shapes": [],
        "annotations": [],
        "margin": {"l": 8, "r": 12, "t": 48, "b": 88},
        "legend": {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom", "bgcolor": CLEAR},
    }
