"""Runs side by side: their curves, in what they differ, and whether one is better than chance explains."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from core.errors import PawlabError
from core.evaluation.pairing import Comparison, Validated, compare, load_validated
from core.training.charts import MOST, Line, comparison_curves
from core.training.comparison import Difference, differences
from core.training.runs import Run
from pages.ui.live_chart import live_chart
from pages.ui.reveal import revealed_here
from pages.ui.runs import history_of
from pages.ui.training_words import name_of, value_in_words
from pages.ui.words import plain, show_error

PLACE = "comparison"  # of `reveal`
_REFERENCE = "compare_with"
LETTERS = "ABCDEF"
MARKED = "background-color: rgba(217, 130, 43, 0.28)"


def comparison(chosen: Sequence[Run]) -> None:
    """Of two to six runs."""
    revealed_here(PLACE)
    st.subheader("Comparison")
    if len(chosen) > MOST:
        st.info(f"{len(chosen)} runs are ticked. Up to {MOST} can be told apart in one chart: untick some.")
        return
    runs = sorted(chosen, key=lambda run: run.created)
    names = {run.id: f"{letter} · {run.name}" for letter, run in zip(LETTERS, runs, strict=False)}
    reference = _reference(runs, names)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _curves(runs, names)
    with right:
        st.markdown("**Which is better?**")
        for run in runs:
            if run is not reference:
                verdict(reference, run, names, len(runs) - 1)
        st.caption(
            "An interval tells how much the choice of validation pictures matters, not the luck of training: another "
            "seed gives another model. Repeat a run with other seeds before you trust a small difference."
        )
    _differences(runs, names, runs.index(reference))


def _reference(runs: Sequence[Run], names: dict[str, str]) -> Run:
    """The run that the others are compared with: the oldest, unless another one is chosen."""
    if len(runs) == 2:
        return runs[0]
    ids = [run.id for run in runs]
    if st.session_state.get(_REFERENCE) not in ids:
        st.session_state[_REFERENCE] = ids[0]
    chosen = st.selectbox(
        "Compare with",
        ids,
        format_func=lambda id: names[id],
        key=_REFERENCE,
        help="Each of the other runs is compared with this one.",
    )
    return runs[ids.index(chosen)]


def _curves(runs: Sequence[Run], names: dict[str, str]) -> None:
    lines = [Line(names[run.id], history_of(run).epochs) for run in runs]
    if not any(line.epochs for line in lines):
        st.info("None of these runs has finished an epoch yet: there are no curves.")
        return
    figure = comparison_curves(lines, " ".join(names))
    alt = f"Accuracy and loss over the epochs of {len(runs)} runs: {', '.join(run.name for run in runs)}"
    live_chart(figure.to_json(), alt, key="compare-curves", height=440 + 20 * len(runs))
    st.caption("Strong lines: validation. Faint dotted lines: training. Drag to zoom, double-click to see all.")


def verdict(first: Run, second: Run, names: dict[str, str], comparisons: int = 1) -> None:
    """One sentence on how much better the second run is, and what it rests on.

    Args:
        names: What to call them, by their ids.
        comparisons: How many such sentences are made: each interval is wider, so that all hold together.
    """
    try:
        found = compare(_validated(first), _validated(second), 1 - 0.05 / comparisons)
    except PawlabError as error:
        missing = [run for run in (first, second) if not run.has_model()]
        if missing:
            which = " and ".join(f"“{plain(names[run.id])}”" for run in missing)
            st.info(f"{which} has left no model yet, so there are no answers to compare.")
        else:
            show_error(error)
        return
    st.markdown(in_words(found, plain(names[first.id]), plain(names[second.id])))
    st.caption(basis_in_words(found, plain(names[first.id]), plain(names[second.id]), comparisons))


def in_words(found: Comparison, first: str, second: str) -> str:
    """The difference, its interval and what follows, in Markdown. Names are escaped already."""
    points = 100 * found.difference
    how = f"{abs(points):.1f} points {'better' if points > 0 else 'worse'} than" if points else "as good as"
    scores = f"{found.second.value:.1%} against {found.first.value:.1%}"
    interval = f"{100 * found.low:+.1f} to {100 * found.high:+.1f} points".replace("-", "−")
    said = (
        "Zero lies outside: **more than chance**."
        if found.told_from_chance
        else "Zero lies inside: **this can be chance**."
    )
    return (
        f"“{second}” is {how} “{first}”: {scores} right. {100 * found.confidence:.3g} % interval of the difference: "
        f"{interval}. {said}"
    )


def basis_in_words(found: Comparison, first: str, second: str, comparisons: int = 1) -> str:
    """What the sentence rests on."""
    if found.paired:
        said = [
            f"The same {found.num_images:,} validation pictures, compared one by one: both right on {found.both:,}, "
            f"only “{second}” on {len(found.only_second):,}, only “{first}” on {len(found.only_first):,}, neither on "
            f"{found.neither:,}."
        ]
        if found.relabelled:
            said.append(f"{found.relabelled:,} have another class by now and are judged by the newer run's.")
        if found.left_out:
            said.append(f"{found.left_out:,} that only one of them was validated on or can answer are left out.")
    else:
        said = [f"They cannot be compared picture by picture: {found.why}. So the interval is wider."]
    if found.copies:
        said.append("Augmented copies of validation pictures do not count here.")
    if comparisons > 1:
        said.append(f"Wider than for two runs, so that all {comparisons} intervals hold together in 95 % of cases.")
    return " ".join(said)


def _differences(runs: Sequence[Run], names: dict[str, str], reference: int) -> None:
    st.markdown("**In what they differ**")
    found = differences(runs)
    if not found:
        st.caption("In nothing: the same settings, pictures, edits and weights.")
        return
    letters = LETTERS[: len(runs)]
    st.dataframe(_marked(found, letters, reference), width="stretch")
    which = "; ".join(plain(names[run.id]) for run in runs)
    st.caption(f"{which}. Only what differs is listed; marked is what is not as in {letters[reference]}.")


def _marked(found: Sequence[Difference], letters: str, reference: int) -> Styler:
    words = [[value_in_words(one.name, value) for value in one.values] for one in found]
    table = pd.DataFrame(words, index=[name_of(one.name) for one in found], columns=list(letters))
    styles = pd.DataFrame(
        [[MARKED if marked else "" for marked in one.marked(reference)] for one in found],
        index=table.index,
        columns=table.columns,
    )
    return table.style.apply(lambda _: styles, axis=None)


def _validated(run: Run) -> Validated:
    """Raises `RunError`."""
    try:
        written = (run.directory / "validation.npz").stat().st_mtime_ns
    except OSError:
        return load_validated(run)  # says what is missing
    return _loaded(str(run.directory), written, run)


@st.cache_resource(max_entries=24, show_spinner=False)
def _loaded(directory: str, written: int, _run: Run) -> Validated:
    return load_validated(_run)
