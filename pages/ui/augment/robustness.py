"""Accuracy on validation pictures against the strength of the augmentation: where it starts to break the label."""

import streamlit as st

from core.augmentation import AugmentationConfig
from core.errors import Cancelled
from core.inference.charts import robustness_chart
from core.inference.robustness import Point, robustness, verdict
from core.jobs import Latest, Task
from core.progress import Progress
from core.training.runs import Run
from pages.ui.classifier import model_key
from pages.ui.live_chart import live_chart
from pages.ui.progress import AT_ONCE, follow
from pages.ui.words import show_error

AMOUNTS = (50, 100, 300, 1000)
_NUM = "augment_curve_num"


@st.cache_resource(show_spinner=False)
def curves() -> Latest[list[Point]]:
    """The curve that was asked for last, one for all sessions."""
    return Latest()


def curve(run: Run, config: AugmentationConfig) -> None:
    """The curve of a run for these settings, made when it is asked for. Raises `RunError`: the run's model is gone."""
    st.markdown("**Accuracy against strength**")
    if config.identity:
        st.info("No change is on. Switch one on to see how much of it the run can take.")
        return
    num = int(st.session_state.setdefault(_NUM, AMOUNTS[1]))
    key = f"{model_key(run)} {num} {config.model_dump_json()}"
    task = curves().find(key)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Pictures",
            AMOUNTS,
            format_func=lambda number: f"at most {number:,}",
            key=_NUM,
            persist_state="session",
            width=140,
            help="How many of the run's validation pictures: more take longer and make the interval narrower.",
        )
        st.button(
            "Measure",
            key="augment_curve_start",
            on_click=_ask,
            args=(run, config, num, key),
            disabled=task is not None and (not task.done or task.error is None),
            help="Shows the run 4 copies of each picture at each of 5 strengths, up to three times these settings.",
        )
    if task is not None:
        _show(task)


def _ask(run: Run, config: AugmentationConfig, num: int, key: str) -> None:
    def work(tell: Progress) -> list[Point]:
        return robustness(run, config, num=num, progress=tell)

    curves().ask(key, work, again=True).wait(AT_ONCE)


def _show(task: Task[list[Point]]) -> None:
    if not task.done:
        follow(task, "Everything else on this page works meanwhile.", "Nothing is kept of what was measured so far.")
    elif isinstance(task.error, Cancelled):
        st.info("Stopped: the curve was not measured to its end.")
    elif task.error is not None:
        show_error(task.error)
    elif task.result:
        st.markdown(verdict(task.result))
        shown = ", ".join(f"{point.accuracy:.0%} at strength {point.strength:g}" for point in task.result)
        live_chart(str(robustness_chart(task.result).to_json()), f"Accuracy: {shown}", "augment_curve", 340)
        st.caption(
            "Strength 1 is the settings above, 2 has every range twice as wide, as far as its limit. The band is the "
            "95 % interval over the run's own validation pictures."
        )
