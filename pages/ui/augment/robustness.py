"""Validation accuracy against the strength of the augmentation: how much of it a run withstands."""

import streamlit as st

from core.augmentation import AugmentationConfig
from core.errors import Cancelled
from core.evaluation.charts import robustness_chart
from core.evaluation.robustness import Point, robustness, verdict
from core.jobs.background import SingleFlight, Task
from core.jobs.progress import Progress
from core.runs.run import Run
from pages.ui.components.live_chart import live_chart
from pages.ui.shared.classifier import model_key
from pages.ui.shared.progress import AT_ONCE, follow
from pages.ui.shared.text import show_error

AMOUNTS = (50, 100, 300, 1000)
_NUM = "augment_curve_num"


@st.cache_resource(show_spinner=False)
def curves() -> SingleFlight[list[Point]]:
    """The curve requested last, one for all sessions."""
    return SingleFlight()


def curve(run: Run, config: AugmentationConfig) -> None:
    """The curve of a run for these settings, made on demand. Raises `RunError`: the run's model is gone."""
    st.markdown("**Robustness: accuracy against augmentation strength**")
    if config.identity:
        st.info("Every transformation is off. Switch one on to measure how well the model withstands it.")
        return
    num = int(st.session_state.setdefault(_NUM, AMOUNTS[1]))
    key = f"{model_key(run)} {num} {config.model_dump_json()}"
    task = curves().find(key)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Images",
            AMOUNTS,
            format_func=lambda number: f"up to {number:,}",
            key=_NUM,
            persist_state="session",
            width=140,
            help="Number of validation images to use. More take longer but narrow the confidence interval.",
        )
        st.button(
            "Measure",
            key="augment_curve_start",
            on_click=_measure,
            args=(run, config, num, key),
            disabled=task is not None and (not task.done or task.error is None),
            help="Classifies 4 copies of each image at 5 strengths, up to three times these settings.",
        )
    if task is not None:
        _show(task)


def _measure(run: Run, config: AugmentationConfig, num: int, key: str) -> None:
    def work(progress: Progress) -> list[Point]:
        return robustness(run, config, num=num, progress=progress)

    curves().submit(key, work, again=True).wait(AT_ONCE)


def _show(task: Task[list[Point]]) -> None:
    if not task.done:
        follow(task, "You can go on using this page.", "Discards what has been measured so far.")
    elif isinstance(task.error, Cancelled):
        st.info("Stopped before the curve was complete.")
    elif task.error is not None:
        show_error(task.error)
    elif task.result:
        st.markdown(verdict(task.result))
        shown = ", ".join(f"{point.accuracy:.0%} at strength {point.strength:g}" for point in task.result)
        live_chart(str(robustness_chart(task.result).to_json()), f"Accuracy: {shown}", "augment_curve", 340)
        st.caption(
            "Strength 1 is the settings above; strength 2 doubles every range, up to its limit. The band is the 95% "
            "confidence interval over the run's validation images."
        )
