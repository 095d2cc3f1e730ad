"""How long a run would take, and how much memory and disk: measured for a few seconds when asked for."""

import streamlit as st

from core.datasets import Dataset
from core.errors import Cancelled
from core.jobs import Latest
from core.progress import Progress
from core.training.estimate import estimate
from core.training.measure import Measured, measure
from core.training.recipe import TrainingConfig
from core.training.runs import Run
from core.training.workload import workload_of
from pages.ui.progress import AT_ONCE, follow
from pages.ui.words import duration, plain, show_error, size

# What a pace depends on. Epochs, learning rate and the like change the arithmetic at most, which costs nothing.
MEASURED_BY = ("image_size", "pooling", "units", "batch_size", "copies", "augmentation")


@st.cache_resource(show_spinner=False)
def estimates() -> Latest[Measured]:
    """The measurement that this server makes."""
    return Latest()


@st.cache_resource(max_entries=100, show_spinner=False)
def _kept(key: str) -> list[Measured]:
    """What was measured, for all sessions: empty until it is."""
    return []


def estimate_panel(dataset: Dataset, config: TrainingConfig, busy: Run | None) -> None:
    key = _key(dataset, config)
    if measured := _kept(key):
        _show(dataset, config, measured[-1])
        st.button("Measure again", on_click=_ask, args=(dataset, config), help="The first may have met a busy machine.")
        return
    task = estimates().find(key)
    if task is not None and not task.done:
        follow(task, "Some pictures pass the base, then the head makes some steps.", "Nothing is kept.")
        return
    if task is not None and isinstance(task.error, Cancelled):
        st.info("Stopped: nothing was measured.")
    elif task is not None and task.error is not None:
        show_error(task.error)
    st.caption("Passes a few of your pictures through the base and times the head with these settings: some seconds.")
    if busy:
        st.caption(f"“{plain(busy.name)}” is being trained: what is measured beside it comes out too slow.")
    st.button("Estimate", on_click=_ask, args=(dataset, config), help="Nothing is trained, and nothing is kept.")


def _show(dataset: Dataset, config: TrainingConfig, measured: Measured) -> None:
    work = workload_of(dataset, config, measured.weights_digest)
    cost = estimate(work, measured.pace, config, len(dataset.classes))
    if cost.feature_rows:
        part = "the rest is in the cache" if work.cached else "once, whatever the number of epochs"
        features = f"{duration(cost.feature_seconds)} for {cost.feature_rows:,} pictures and copies: {part}"
        kept = f"{size(cost.feature_bytes)} for the features, which later runs use again; "
    else:
        features = "no time: they are in the cache already"
        kept = "nothing new for the features; "
    epochs = "epoch" if config.epochs == 1 else "epochs"
    st.markdown(
        f"**About {duration(cost.feature_seconds + cost.head_seconds)}**, and some seconds to start and to save.\n"
        f"- Features: {features}.\n"
        f"- Head: {duration(cost.head_seconds)} for {config.epochs:,} {epochs}, less where it stops early.\n"
        f"- Memory: about {size(cost.memory_bytes)} at most.\n"
        f"- Disk: {kept}{size(cost.model_bytes)} for the two saved models; up to "
        f"{size(cost.checkpoint_bytes)} for checkpoints while it trains."
    )
    st.caption(f"Measured on this machine with {measured.pace.pictures:,} of the pictures.")


def _key(dataset: Dataset, config: TrainingConfig) -> str:
    settings = config.model_dump_json(include=set(MEASURED_BY))
    return f"{dataset.root} {dataset.fingerprint} {settings}"


def _ask(dataset: Dataset, config: TrainingConfig) -> None:
    key = _key(dataset, config)
    kept = _kept(key)
    kept.clear()

    def work(tell: Progress) -> Measured:
        found = measure(dataset, config, tell)
        kept.append(found)
        return found

    estimates().ask(key, work, again=True).wait(AT_ONCE)
