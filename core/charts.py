"""Plain data -> plotly figures, in colours that hold on a light and on a dark page."""

import math
from typing import TYPE_CHECKING, Any

from core.training.history import Event, History

if TYPE_CHECKING:
    import plotly.graph_objects as go

TRAINING, VALIDATION, MARK = "#1f8a85", "#d9822b", "#8a9496"
PALETTE = (TRAINING, VALIDATION, "#6b6fd6", "#b8506e", "#7a8f2a", "#8a6a4f")
FAINT = "rgba(31, 138, 133, 0.55)"
GRID = "rgba(128, 140, 142, 0.25)"
CLEAR = "rgba(0, 0, 0, 0)"
MOST_WHOLE_TICKS = 12  # epochs that have a tick each; left alone, plotly puts ticks between few of them
MOST_BATCH_POINTS = 2000  # more than a panel has pixels, and few enough to send twice a second


def training_curves(history: History, epochs: int) -> "go.Figure":
    """Accuracy above loss, both over epochs: batches faint, epochs strong; marked are the best epoch, drops of the
    learning rate and where fine-tuning begins.

    Batch b of epoch e stands at e - 1 + b / batches, what an epoch ended with at e. The figure is transparent and
    has no text colour: the page adds its own. Its `uirevision` is constant, so that a redraw keeps the zoom.

    Args:
        history: A run so far; may have no point yet.
        epochs: How many it will have at most: the right end of the axis until it ends.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    for name, axis, shown in (("accuracy", "y", True), ("loss", "y2", False)):
        value = "%{y:.1%}" if name == "accuracy" else "%{y:.4f}"
        common: dict[str, Any] = {"xaxis": "x", "yaxis": axis, "showlegend": shown}
        x, y = _batch_points(history.batches, name)
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines",
            name="training, running mean in the epoch",
            legendgroup="batches",
            line={"color": FAINT, "width": 1},
            hovertemplate=f"epoch %{{x:.2f}}: {value}<extra></extra>",
            **common,
        )
        for split, field, colour in (("training", name, TRAINING), ("validation", f"val_{name}", VALIDATION)):
            figure.add_scatter(
                x=[epoch["epoch"] for epoch in history.epochs],
                y=[epoch[field] for epoch in history.epochs],
                mode="lines+markers",
                name=split,
                legendgroup=split,
                line={"color": colour, "width": 2.5},
                marker={"size": 7},
                hovertemplate=f"{split}, epoch %{{x}}: {value}<extra></extra>",
                **common,
            )
    last = epochs if history.status in ("waiting", "running") else _latest_epoch(history)
    figure.update_layout(template=go.layout.Template(), **_layout(last))
    _mark_drops(figure, history.drops)
    _mark_fine_tuning(figure, history.fine_tune)
    _mark_best(figure, history.best, last)
    return figure


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
        x.append(epoch - 1 + point["batch"] / point["batches"])
        y.append(point[name])
    return x, y


def _mark_best(figure: "go.Figure", best: Event | None, last: int) -> None:
    if best is None:
        return
    epoch = best["epoch"]
    figure.add_shape(type="line", x0=epoch, x1=epoch, yref="paper", y0=0, y1=1, line={"color": MARK, "width": 1.5})
    figure.add_annotation(
        x=epoch,
        y=1,
        yref="paper",
        yanchor="bottom",
        xanchor="right" if epoch > last / 2 else "left",
        text=f"best: epoch {epoch}",
        showarrow=False,
    )


def _mark_drops(figure: "go.Figure", drops: list[Event]) -> None:
    for drop in drops:
        line = {"color": MARK, "width": 1, "dash": "dot"}
        figure.add_shape(type="line", x0=drop["epoch"], x1=drop["epoch"], yref="paper", y0=0, y1=1, line=line)
        figure.add_annotation(
            x=drop["epoch"],
            y=0.58,
            yref="paper",
            yanchor="bottom",
            xanchor="right",
            textangle=-90,
            text=f"learning rate {drop['learning_rate']:.2g}",
            font={"size": 11},
            showarrow=False,
        )


def _mark_fine_tuning(figure: "go.Figure", begins: Event | None) -> None:
    """A line between the two stages: after the last epoch of the first one."""
    if begins is None:
        return
    x, line = begins["epoch"] - 1, {"color": MARK, "width": 2, "dash": "dash"}
    figure.add_shape(type="line", x0=x, x1=x, yref="paper", y0=0, y1=1, line=line)
    figure.add_annotation(
        x=x,
        y=0.5,
        yref="paper",
        yanchor="middle",
        xanchor="left",
        xshift=4,
        text="fine-tuning begins",
        font={"size": 11},
        showarrow=False,
    )


def _layout(last: int) -> dict[str, Any]:
    ticks = {"tickformat": "d"} | ({"dtick": 1} if last <= MOST_WHOLE_TICKS else {})
    axis = {"gridcolor": GRID, "zeroline": False, "linecolor": GRID, "automargin": True}
    return {
        "uirevision": "keep",
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "margin": {"l": 8, "r": 12, "t": 28, "b": 88},
        "legend": {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom", "bgcolor": CLEAR},
        "hovermode": "closest",
        "dragmode": "zoom",
        "xaxis": axis | {"title": {"text": "epoch", "standoff": 4}, "range": [0, last + 0.2], "anchor": "y2"} | ticks,
        "yaxis": axis | {"title": {"text": "accuracy"}, "domain": [0.56, 1], "tickformat": ".0%"},
        "yaxis2": axis | {"title": {"text": "loss with L2 penalty"}, "domain": [0, 0.46], "rangemode": "tozero"},
    }
