"""Runs side by side: their curves, their differences, and whether one is better by more than chance."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from core.errors import PawlabError
from core.evaluation.compare_runs import Comparison, Validated, compare, load_validated
from core.evaluation.setting_differences import Difference, differences
from core.runs.comparison_chart import MOST, Line, comparison_curves
from core.runs.run import Run
from pages.ui.components.live_chart import live_chart
from pages.ui.components.reveal import revealed_here
from pages.ui.shared.runs import history_of
from pages.ui.shared.text import plain, show_error
from pages.ui.train.real_difference import real_difference
from pages.ui.train.words import name_of, value_in_words

PLACE = "comparison"  # of `reveal`
_REFERENCE = "compare_with"
LETTERS = "ABCDEF"
MARKED = "background-color: rgba(217, 130, 43, 0.28)"


def comparison(chosen: Sequence[Run]) -> None:
    """Of two to six runs."""
    revealed_here(PLACE)
    st.subheader("Comparison")
    if len(chosen) > MOST:
        st.info(f"{len(chosen)} runs are ticked. Tick at most {MOST} to compare them.")
        return
    runs = sorted(chosen, key=lambda run: run.created)
    names = {run.id: f"{letter} · {run.name}" for letter, run in zip(LETTERS, runs, strict=False)}
    reference = _reference(runs, names)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _curves(runs, names)
    with right:
        st.markdown("**Which is better?**")
        others = [run for run in runs if run is not reference]
        comparable = [run for run in others if _comparable(reference, run)]
        for run in others:
            verdict(reference, run, names, len(comparable))
        st.caption(
            "The interval covers the choice of validation images, not the luck of training: another seed gives another "
            "model. Repeat the runs with other seeds before you trust a small difference."
        )
        if len(runs) == 2 and all(run.has_model() for run in runs):
            real_difference(runs[0], runs[1])
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
        st.info("None of these runs has finished an epoch yet, so there are no curves.")
        return
    figure = comparison_curves(lines, " ".join(names))
    alt = f"Accuracy and loss over the epochs of {len(runs)} runs: {', '.join(run.name for run in runs)}"
    live_chart(figure.to_json(), alt, key="compare-curves", height=440 + 20 * len(runs))
    st.caption("Solid lines: validation. Dotted lines: training. Drag to zoom, double-click to reset.")


def verdict(first: Run, second: Run, names: dict[str, str], comparisons: int = 1) -> None:
    """One sentence on how much better the second run is, and the evidence for it.

    Args:
        names: What to call them, by their ids.
        comparisons: How many such sentences the page shows: each interval is widened so that all hold together.
    """
    try:
        result = compare(_validated(first), _validated(second), 1 - 0.05 / max(1, comparisons))
    except PawlabError as error:
        missing = [run for run in (first, second) if not run.has_model()]
        if missing:
            which = " and ".join(f"“{plain(names[run.id])}”" for run in missing)
            st.info(f"{which} has no model yet, so there are no predictions to compare.")
        else:
            show_error(error)
        return
    st.markdown(in_words(result, plain(names[first.id]), plain(names[second.id])))
    st.caption(basis_in_words(result, plain(names[first.id]), plain(names[second.id]), comparisons))


def _comparable(first: Run, second: Run) -> bool:
    """Whether there is a comparison of the two: only these share the 5% of chance."""
    try:
        compare(_validated(first), _validated(second))
    except PawlabError:
        return False
    return True


def in_words(result: Comparison, first: str, second: str) -> str:
    """The difference, its interval and what follows, in Markdown. Names are escaped already."""
    points = 100 * result.difference
    how = f"{abs(points):.1f} points {'better' if points > 0 else 'worse'} than" if points else "as good as"
    scores = f"{result.second.value:.1%} against {result.first.value:.1%}"
    interval = f"{100 * result.low:+.1f} to {100 * result.high:+.1f} points".replace("-", "−")
    verdict = (
        "It excludes zero: **more than chance**." if result.significant else "It includes zero: **may be chance**."
    )
    return (
        f"“{second}” is {how} “{first}”: {scores} accuracy. {100 * result.confidence:.3g}% CI of the difference: "
        f"{interval}. {verdict}"
    )


def basis_in_words(result: Comparison, first: str, second: str, comparisons: int = 1) -> str:
    """The evidence for the sentence of `in_words`."""
    if result.paired:
        sentences = [
            f"The same {result.num_images:,} validation images, compared one by one: both correct on {result.both:,}, "
            f"only “{second}” on {len(result.only_second):,}, only “{first}” on {len(result.only_first):,}, neither on "
            f"{result.neither:,}."
        ]
        if result.relabelled:
            sentences.append(f"{result.relabelled:,} were relabelled in between: the newer run's label counts.")
        if result.left_out:
            sentences.append(
                f"{result.left_out:,} are left out: only one of the runs was validated on them, or knows their class."
            )
    else:
        sentences = [f"They cannot be compared image by image: {result.why}. So the interval is wider."]
    if result.copies:
        sentences.append("Augmented copies of validation images are not counted.")
    if comparisons > 1:
        sentences.append(
            f"Wider than for two runs, so that {'both' if comparisons == 2 else f'all {comparisons}'} intervals hold "
            "together with 95% confidence."
        )
    return " ".join(sentences)


def _differences(runs: Sequence[Run], names: dict[str, str], reference: int) -> None:
    st.markdown("**Differences**")
    differing = differences(runs)
    if not differing:
        st.caption("None: the same settings, images, edits and weights.")
        return
    letters = LETTERS[: len(runs)]
    st.dataframe(_marked(differing, letters, reference), width="stretch")
    which = "; ".join(plain(names[run.id]) for run in runs)
    st.caption(f"{which}. Marked values differ from {letters[reference]}.")


def _marked(rows: Sequence[Difference], letters: str, reference: int) -> Styler:
    words = [[value_in_words(row.name, value) for value in row.values] for row in rows]
    table = pd.DataFrame(words, index=[name_of(row.name) for row in rows], columns=list(letters))
    styles = pd.DataFrame(
        [[MARKED if marked else "" for marked in row.marked(reference)] for row in rows],
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
