"""An experiment as far as it is: its runs at work, then the verdict. On the Training and the Augmentation page."""

from collections.abc import Callable, Sequence

import streamlit as st

from core.errors import PawlabError
from core.evaluation.compare_runs import Comparison
from core.evaluation.experiment import Experiment, compare_with_first, strength_in, verdict
from core.evaluation.words import as_percent, signed_points
from core.runs.run import ACTIVE, Run
from pages.ui.shared.runs import look_at, status_in_words
from pages.ui.shared.text import plain, show_error, when
from pages.ui.train.compare import _validated
from pages.ui.train.compare import verdict as pair_verdict
from pages.ui.train.queue import look_after_queue

EVERY = 2.0  # seconds between two looks at an experiment at work
Actions = Callable[[Experiment, Sequence[Comparison]], None]


def latest_experiment(experiment: Experiment, actions: Actions) -> bool:
    """Draws it and returns whether it is at work; `actions` draws what can be done with an outcome."""
    pending = any(look_at(run).status in ACTIVE for run in experiment.runs)
    # No fragment once nothing moves: its buttons would draw nothing but themselves anew.
    (st.fragment(_follow, run_every=EVERY) if pending else _follow)(experiment, actions, pending=pending)
    return pending


def _follow(experiment: Experiment, actions: Actions, *, pending: bool) -> None:
    statuses = [look_at(run).status for run in experiment.runs]
    if pending and not any(status in ACTIVE for status in statuses):
        st.rerun()  # of the whole page: turns the timer off, updates the table
    if "waiting" in statuses:
        look_after_queue()
    st.markdown(f"**Latest experiment, {when(experiment.created)}**")
    with_model = Experiment(tuple(run for run in experiment.runs if run.has_model()))
    comparable = len(with_model.runs) > 1 and with_model.runs[0] == experiment.runs[0]
    if comparable and not pending:
        comparisons = _outcome(with_model)
        if "cancelled" in statuses:
            st.caption("One of the runs was stopped early: more epochs may change its score.")
        actions(with_model, comparisons)
    if pending or len(with_model.runs) < len(experiment.runs):
        for run in experiment.runs:
            _progress(run)
    number = "both" if len(experiment.runs) == 2 else f"all {len(experiment.runs)}"
    if pending:
        st.caption(f"The comparison appears here when {number} runs have ended. You can leave this page.")
    elif not comparable:
        st.caption(f"{number.capitalize()} runs need a model to be compared. Resume what stopped on the Training page.")


def _progress(run: Run) -> None:
    look = look_at(run)
    best = look.history.best
    score = f", best validation accuracy so far {best['val_accuracy']:.1%}" if best else ""
    st.markdown(f"- {plain(run.name)}: **{status_in_words(look.status)}**{score}")


def _outcome(experiment: Experiment) -> Sequence[Comparison]:
    """The verdict and the evidence for it; no comparisons where there cannot be any."""
    runs = experiment.runs
    try:
        comparisons = compare_with_first([_validated(run) for run in runs])
    except PawlabError as error:
        show_error(error)
        return []
    if len(runs) == 2:
        pair_verdict(runs[0], runs[1], {run.id: run.name for run in runs})
        return comparisons
    names = [strength_in(run) for run in runs[1:]]
    if len(set(names)) < len(names):  # several custom ones
        names = [plain(run.name) for run in runs[1:]]
    st.markdown(f"**{verdict(names, comparisons)}**")
    st.markdown(_table(names, comparisons))
    images = f"the same {comparisons[0].num_images:,} validation images" if comparisons[0].paired else "other images"
    st.caption(
        f"Each was compared with none on {images}. All {len(comparisons)} intervals hold together with 95% confidence. "
        "Another seed gives another model: repeat with other seeds before you trust a small difference."
    )
    return comparisons


def _table(names: Sequence[str], comparisons: Sequence[Comparison]) -> str:
    """One row for each augmentation, the best first, in Markdown; narrow enough for a phone."""
    first = comparisons[0].first
    rows = [(first.value, f"| None | {as_percent(first.value)} | |")]
    for name, result in zip(names, comparisons, strict=True):
        difference = f"{signed_points(result.difference)} ({signed_points(result.low)} to {signed_points(result.high)})"
        shown = f"**{difference}: more than chance**" if result.significant else f"{difference}: may be chance"
        rows.append((result.second.value, f"| {name.capitalize()} | {as_percent(result.second.value)} | {shown} |"))
    head = f"| Augmentation | Accuracy | Points against none ({100 * comparisons[0].confidence:.3g}% CI) |"
    ranked = sorted(rows, key=lambda row: row[0], reverse=True)
    return "\n".join([head, "| --- | ---: | --- |", *(row for _, row in ranked)])
