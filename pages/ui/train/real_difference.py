"""Where two runs are compared: whether their settings differ on average, and not only on one validation split."""

import streamlit as st

from core.advice.charts import difference_chart
from core.advice.comparison import REPEATS, Difference
from core.advice.two_runs import EDITS, Seen, basis_in_words, compare_runs, in_words, what_is_seen
from core.jobs.background import SingleFlight
from core.jobs.progress import Progress
from core.runs.run import Run
from pages.ui.shared.classifier import model_key
from pages.ui.shared.job_widgets import asked_for
from pages.ui.shared.progress import AT_ONCE
from pages.ui.shared.text import plain
from pages.ui.train.words import name_of

_AUGMENTED = ("augmentation", "copies")


@st.cache_resource(show_spinner=False)
def run_comparisons() -> SingleFlight[Difference]:
    """The two runs that this server compares or has compared last, for all sessions."""
    return SingleFlight()


def real_difference(first: Run, second: Run) -> None:
    """The question, the button that answers it, and the answer; or why there is none. Both runs have a model."""
    st.markdown("**Is the difference real?**")
    found = what_is_seen(first, second)
    if found.obstacle:
        st.caption(f"Heads on cached features cannot say it. {plain(found.obstacle)}.")
        return
    if not found.seen:
        st.caption(f"Heads on cached features cannot say it. {_only_unseen(found)}")
        return
    key = f"{model_key(first)} {model_key(second)}"

    def ask() -> None:
        def work(progress: Progress) -> Difference:
            return compare_runs(first, second, progress=progress)

        run_comparisons().submit(key, work, again=True).wait(AT_ONCE)

    st.caption(
        f"Compares {_names(found.seen)}." + (f" It does not see {_names(found.unseen)}." if found.unseen else "")
    )
    difference = asked_for(
        run_comparisons().find(key),
        "Cross-validate both",
        ask,
        note="You can use other pages meanwhile.",
        help=f"Deals all training and validation images into folds {REPEATS} times, and fits heads with each run's "
        "settings to their features. Seconds where the features are cached. Trains no run, and changes nothing.",
        key="real_difference",
    )
    if difference is None:
        return
    st.markdown(in_words(difference, plain(first.name), plain(second.name)))
    st.plotly_chart(difference_chart(difference), key="real_difference_chart", config={"displaylogo": False})
    st.caption(f"{basis_in_words(difference)} Point and bar: the mean with its 95% interval.")


def _names(names: tuple[str, ...]) -> str:
    """Settings in a sentence; all of augmentation is one."""
    words = [
        "edits" if name == EDITS else "augmentation" if name.startswith(_AUGMENTED) else name_of(name) for name in names
    ]
    words = [word if word[:2].isupper() else word[0].lower() + word[1:] for word in dict.fromkeys(words)]
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _only_unseen(found: Seen) -> str:
    if found.unseen in ((), ("seed",)):
        return "The runs have the same settings and images, so what differs is the luck of training."
    text = f"They show the image size, the crop and the labels; these runs differ in {_names(found.unseen)}."
    if any(name.startswith(_AUGMENTED) for name in found.unseen):
        return f"{text} What augmentation changes, the Augmentation page measures."
    return f"{text} Repeat both runs with other seeds instead."
