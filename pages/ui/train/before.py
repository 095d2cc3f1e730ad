"""Before a run is started: its data, its model and what it will cost."""

from html import escape

import streamlit as st

from core.datasets import Dataset
from core.datasets.edits.apply import count_edits
from core.datasets.quality.report import Report, balance_words
from core.jobs.background import Task
from core.runs.feature_plan import copies_of
from core.runs.run import Run
from core.runs.settings import TrainingConfig
from core.training.model_summary import Layer, layers_of, map_side, pooling_cost
from pages.ui.components.clock import ask_again
from pages.ui.dataset.quality import report_of
from pages.ui.shared.progress import TICK
from pages.ui.shared.text import plain, size
from pages.ui.train.estimate import estimate_panel

MOST_CLASSES = 6  # that are counted one by one
STYLE = """<style>
.layers {border-collapse: collapse; width: 100%; font-size: .85rem; line-height: 1.3}
.layers th, .layers td {padding: .35rem .3rem; text-align: right; vertical-align: top;
  border-bottom: 1px solid rgba(128, 140, 142, .3); font-variant-numeric: tabular-nums}
.layers th {font-weight: 600} .layers th:first-child, .layers td:first-child {text-align: left; padding-left: 0}
.layers small {display: block; font-size: .78rem; opacity: .8} .layers .nowrap {white-space: nowrap}
</style>"""


def before(dataset: Dataset, config: TrainingConfig, busy: Run | None) -> None:
    with st.expander("Training data", key="before_data"):
        data_panel(dataset, config)
    with st.expander("The model, layer by layer", key="before_model"):
        model_panel(config, len(dataset.classes))
    with st.expander("Time, memory and disk", key="before_cost"):
        estimate_panel(dataset, config, busy)


def data_panel(dataset: Dataset, config: TrainingConfig) -> None:
    counts = dataset.counts()
    for split, purpose in (("train", "Training"), ("validation", "Validation")):
        copies = copies_of(config, split)
        total = sum(counts[split].values())
        words = f"**{purpose}**: {plain(_by_class(counts[split]))}"
        if copies:
            each = "an augmented copy" if copies == 1 else f"{copies} augmented copies"
            words += f", each with {each}: {total * (1 + copies):,} in all"
        st.markdown(f"{words}.")
    if balance := balance_words(counts["train"]):
        st.markdown(plain(f"In training, {balance}."))
    edits = count_edits(dataset)
    if any(edits.values()):
        st.markdown(f"**Your edits**: {edits['excluded']:,} excluded, {edits['relabelled']:,} relabelled.")
    _leaks(report_of(dataset))
    st.page_link("dataset.py", label="Check the data for problems", help="Opens the Dataset page: look under Problems.")


@st.fragment
def _leaks(task: Task[Report] | None) -> None:
    """What the report under Problems says about leaks and duplicates, as soon as it is ready."""
    report = task.result if task else None
    if report is not None:
        leaks, copies = report.row("leaks").count, report.row("duplicates").count
        leaked = f"{leaks:,} {'image is' if leaks == 1 else 'images are'} in more than one split"
        st.markdown(f"**Leaks**: {f'{leaked}, so the score will be too optimistic' if leaks else 'none found'}.")
        if copies:
            st.markdown(
                f"**Duplicates**: {copies:,} {'image appears' if copies == 1 else 'images appear'} more than once."
            )
    elif task is not None and not task.done:
        st.markdown("**Leaks**: comparing all images.")
    else:
        st.markdown("**Leaks**: not checked yet.")
    ask_again("before_clock", TICK if task and not task.done else 0)


def model_panel(config: TrainingConfig, classes: int) -> None:
    layers = layers_of(config, classes)
    rows = "".join(_row(layer) for layer in layers)
    total, trained = (f"{sum(getattr(layer, name) for layer in layers):,}" for name in ("weights", "trained"))
    st.html(
        f"{STYLE}<table class='layers'><thead><tr><th scope='col'>Layer</th><th scope='col'>Output</th>"
        f"<th scope='col'>Weights</th></tr></thead><tbody>{rows}<tr><td><b>Total</b></td><td></td>"
        f"<td><b>{total}</b><small>{trained} trained</small></td></tr></tbody></table>"
    )
    st.caption(_pooling_words(config))


def _row(layer: Layer) -> str:
    shape = " × ".join(f"{number:,}" for number in layer.shape)
    state = ""
    if layer.weights:
        part = f"{layer.trained:,} trained" if layer.trained else "frozen"
        state = f"<small>{'trained' if layer.trained == layer.weights else part}</small>"
    return (
        f"<tr><td>{escape(layer.kind)}<small>{escape(layer.words)}</small></td><td class='nowrap'>{shape}</td>"
        f"<td>{f'{layer.weights:,}' if layer.weights else '–'}{state}</td></tr>"
    )


def _pooling_words(config: TrainingConfig) -> str:
    side = map_side(config.image_size)
    if side == 1:
        return "At this image size the feature map has one position only, so Flatten and average pooling are the same."
    flatten, average = pooling_cost(config, "flatten"), pooling_cost(config, "average")
    return (
        f"The cost of Flatten: at {config.image_size} pixels the feature map has {side} × {side} × 1,280 numbers. "
        f"Flatten passes all {flatten.inputs:,} to the hidden layer: {_millions(flatten.weights)} weights and "
        f"{size(flatten.bytes)} of memory in training (with Adam's two moments and a copy of the best epoch). Average "
        f"pooling passes {average.inputs:,}: {_millions(average.weights)} weights and {size(average.bytes)}, "
        f"{flatten.inputs // average.inputs} times less."
    )


def _millions(number: int) -> str:
    return f"{number / 1e6:.1f} million" if number >= 1e5 else f"{number:,}"


def _by_class(counts: dict[str, int]) -> str:
    if len(counts) <= MOST_CLASSES:
        return ", ".join(f"{count:,} {label}" for label, count in counts.items())
    least, most = min(counts.values()), max(counts.values())
    each = f"{least:,}" if least == most else f"{least:,}–{most:,}"
    return f"{sum(counts.values()):,} images, {each} in each of {len(counts):,} classes"
