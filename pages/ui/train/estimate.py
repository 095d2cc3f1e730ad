"""How much time, memory and disk a run would take, measured for a few seconds on request."""

import streamlit as st

from core.datasets import Dataset
from core.errors import Cancelled
from core.jobs.background import SingleFlight, Task
from core.jobs.progress import Progress
from core.runs.feature_plan import workload_of
from core.runs.run import Run
from core.runs.settings import TrainingConfig
from core.training.estimate import LARGER_SIZE, LARGER_TIMES, estimate, larger_size_seconds
from core.training.measure import Measured, measure
from pages.ui.shared.progress import AT_ONCE, follow
from pages.ui.shared.text import duration, plain, show_error, size
from pages.ui.train.form import show_settings

# The settings that need a new measurement. All others only change the arithmetic.
MEASURED_BY = ("image_size", "pooling", "units", "batch_size", "copies", "augmentation")


@st.cache_resource(show_spinner=False)
def estimates() -> SingleFlight[Measured]:
    """The measurement of this server: one at a time."""
    return SingleFlight()


@st.cache_resource(max_entries=100, show_spinner=False)
def _measurements(key: str) -> list[Measured]:
    """The measurement, shared by all sessions: empty until there is one."""
    return []


def estimate_panel(dataset: Dataset, config: TrainingConfig, busy: Run | None) -> None:
    key = _key(dataset, config)
    if measured := last_measured(dataset, config):
        _show(dataset, config, measured)
        st.button(
            "Measure again",
            on_click=_measure,
            args=(dataset, config),
            help="Replaces this estimate: the machine may have been busy.",
        )
        return
    task = estimates().find(key)
    if task is not None and not task.done:
        follow(
            task,
            "Extracts features of a few images, then times a few steps of the head.",
            "Stops measuring. Nothing is kept.",
        )
        return
    if task is not None and isinstance(task.error, Cancelled):
        st.info("Stopped: nothing was measured.")
    elif task is not None and task.error is not None:
        show_error(task.error)
    st.caption("Extracts features of a few of your images and times the head with these settings. Takes a few seconds.")
    if busy:
        st.caption(f"“{plain(busy.name)}” is training now, so the estimate will come out too high.")
    st.button("Estimate", on_click=_measure, args=(dataset, config), help="Measures for a few seconds. Starts no run.")


def _show(dataset: Dataset, config: TrainingConfig, measured: Measured) -> None:
    work = workload_of(dataset, config, measured.weights_digest)
    cost = estimate(work, measured.pace, config, len(dataset.classes))
    if cost.feature_rows:
        part = (
            "the others are cached"
            if work.new_rows < work.train_rows + work.validation_rows
            else "extracted once, however many epochs"
        )
        features = f"{duration(cost.feature_seconds)} for {cost.feature_rows:,} images and copies: {part}"
        disk = f"{size(cost.feature_bytes)} for the features, which later runs reuse; "
    else:
        features = "no time, they are cached"
        disk = "nothing new for the features; "
    epochs = "epoch" if config.epochs == 1 else "epochs"
    st.markdown(
        f"**About {duration(cost.feature_seconds + cost.head_seconds)}**, plus a few seconds to start and to save.\n"
        f"- Features: {features}.\n"
        f"- Head: {duration(cost.head_seconds)} for {config.epochs:,} {epochs}, less if it stops early.\n"
        f"- Memory: up to about {size(cost.memory_bytes)}.\n"
        f"- Disk: {disk}{size(cost.model_bytes)} for the two saved models, and up to "
        f"{size(cost.checkpoint_bytes)} for checkpoints while it trains."
    )
    st.caption(f"Measured on this machine with {measured.pace.images:,} of your images.")
    _propose_larger_size(dataset, config, measured)


def _propose_larger_size(dataset: Dataset, config: TrainingConfig, measured: Measured) -> None:
    larger = config.changed(image_size=LARGER_SIZE)
    work = workload_of(dataset, larger, measured.weights_digest)
    seconds = larger_size_seconds(work, measured.pace, config, len(dataset.classes))
    if seconds is None:
        return
    st.markdown(
        f"**{LARGER_SIZE} pixels instead of {config.image_size}**: {LARGER_TIMES:g} times the time for each image, "
        f"about {duration(seconds)} for the whole run. Usually 1 to 4 points more accuracy."
    )
    st.button(
        f"Use {LARGER_SIZE} pixels",
        on_click=show_settings,
        args=(larger,),
        key="larger_size",
        help="Sets the image size above. All other settings stay.",
    )


def last_measured(dataset: Dataset, config: TrainingConfig) -> Measured | None:
    """What was measured on this server for settings with the same cost."""
    return next(iter(_measurements(_key(dataset, config))), None)


def measuring(dataset: Dataset, config: TrainingConfig) -> Task[Measured] | None:
    """The latest measurement, at work or done, if it is of these."""
    return estimates().find(_key(dataset, config))


def measure_now(dataset: Dataset, config: TrainingConfig) -> Task[Measured]:
    """Measures, unless that is being done; `last_measured` has the result."""
    key = _key(dataset, config)
    measurements = _measurements(key)

    def work(progress: Progress) -> Measured:
        measured = measure(dataset, config, progress)
        measurements[:] = [measured]
        return measured

    return estimates().submit(key, work, again=True)


def _key(dataset: Dataset, config: TrainingConfig) -> str:
    settings = config.model_dump_json(include=set(MEASURED_BY))
    return f"{dataset.root} {dataset.fingerprint} {settings}"


def _measure(dataset: Dataset, config: TrainingConfig) -> None:
    _measurements(_key(dataset, config)).clear()
    measure_now(dataset, config).wait(AT_ONCE)
