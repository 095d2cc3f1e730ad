"""Which strength is best on the open dataset: a run of each, one after the other, and the verdict."""

from collections.abc import Sequence

import streamlit as st

from core.augmentation import AugmentationConfig, strength_of
from core.datasets import Dataset
from core.errors import Cancelled, PawlabError
from core.evaluation.compare_runs import Comparison
from core.evaluation.experiment import Experiment, better_settings, experiments, start_strengths, strengths
from core.runs.feature_plan import new_rows_of_all, workload_of
from core.runs.queue import at_work
from core.runs.settings import TrainingConfig, preset_of
from core.runs.store import list_runs
from core.training.estimate import seconds_of_all
from core.training.measure import Measured
from pages.ui.augment import choice
from pages.ui.augment.controls import show_settings
from pages.ui.augment.words import augmentation_in_words
from pages.ui.shared.progress import follow
from pages.ui.shared.runs import new_press, once, renew, watch
from pages.ui.shared.text import duration, plain, show_error
from pages.ui.train.estimate import last_measured, measure_now, measuring
from pages.ui.train.form import PRESET_WORDS
from pages.ui.train.outcome import latest_experiment

_OPEN, _FAILED = "augment_compare_open", "augment_compare_failed"


def compare_on_my_data(data: Dataset, config: AugmentationConfig) -> None:
    """The latest comparison on this dataset, and the button for another one."""
    with st.container(border=True, key="augment_compare"):
        st.markdown("**Which strength is best for your data?**")
        if error := st.session_state.pop(_FAILED, None):
            show_error(error)
        runs = [run for run in list_runs().runs if run.source == data.source.text]
        latest = next((found for found in experiments(runs) if len(found.runs) > 2), None)
        if latest is not None and latest_experiment(latest, _actions):
            return
        settings = _settings()
        if st.session_state.get(_OPEN):
            _before(data, settings)
            return
        names = list(strengths(settings))
        st.markdown(
            f"Trains a model with each: {', '.join(names[:-1])} and {names[-1]}. Then says which is best, and whether "
            f"the difference is more than chance.  \nYours now: {augmentation_in_words(config)}"
        )
        st.button(
            "Compare on my data",
            on_click=_open,
            args=(data,),
            help="Says first how long it takes. Nothing is trained yet.",
        )


def _settings() -> TrainingConfig:
    """Those of the training form, with at least one copy."""
    settings = choice.training_now()
    return settings.changed(copies=max(1, settings.copies))


def _measured_by(settings: TrainingConfig) -> TrainingConfig:
    """What is measured once, however the sliders move."""
    return settings.changed(augmentation=AugmentationConfig())


def _open(data: Dataset) -> None:
    st.session_state[_OPEN] = True
    settings = _measured_by(_settings())
    if not last_measured(data, settings):
        measure_now(data, settings)


def _close() -> None:
    st.session_state[_OPEN] = False


def _before(data: Dataset, settings: TrainingConfig) -> None:
    """What will be trained and how long it takes, then the button that starts it."""
    configs = strengths(settings)
    measured = last_measured(data, _measured_by(settings))
    task = measuring(data, _measured_by(settings))
    if measured is not None:
        st.markdown(_cost_in_words(data, configs, measured))
    elif task is not None and not task.done:
        follow(task, "Times a few of your images, to say how long the comparison takes.", "Stops measuring.")
    else:
        if task is not None and task.error is not None and not isinstance(task.error, Cancelled):
            show_error(task.error)
        st.markdown("How long it takes has not been measured with these settings.")
        st.button("Measure", on_click=_open, args=(data,), help="Times a few of your images. Nothing is trained.")
    if busy := at_work():
        st.markdown(f"“{plain(busy.name)}” is training now: these runs wait for it, and the estimate is too high.")
    with st.container(horizontal=True):
        st.button(
            f"Start {len(configs)} runs",
            on_click=_start,
            args=(new_press(), data),
            help="They train in the background, one after the other: you can leave or close this page.",
        )
        st.button("Not now", type="tertiary", on_click=_close, help="Starts nothing.")


def _cost_in_words(data: Dataset, configs: dict[str, TrainingConfig], measured: Measured) -> str:
    settings = next(iter(configs.values()))
    new_rows = new_rows_of_all(data, configs.values(), measured.weights_digest)
    works = [workload_of(data, config, measured.weights_digest) for config in configs.values()]
    seconds = seconds_of_all(works, new_rows, measured.pace, settings, len(data.classes))
    passed = (
        f"{new_rows:,} images and copies pass the base model: the originals once for all runs, then each run's copies"
        if new_rows
        else "all features are cached"
    )
    return (
        f"**{len(configs)} runs, about {duration(seconds)}**, less where they stop early. With the "
        f"settings of the Training page: {PRESET_WORDS[preset_of(settings)][0].lower()}, {settings.image_size} px, "
        f"{settings.epochs:,} epochs at most, seed {settings.seed}. {passed[0].upper()}{passed[1:]}."
    )


def _start(press: str, data: Dataset) -> None:
    _close()
    try:
        settings = _settings()
        started = once(press, lambda: start_strengths(data, settings))
    except PawlabError as error:
        st.session_state[_FAILED] = error
        return
    watch(started.runs[0])
    renew(started.runs[0])


def _actions(experiment: Experiment, comparisons: Sequence[Comparison]) -> None:
    better = better_settings(experiment, comparisons) if comparisons else None
    with st.container(horizontal=True):
        if better is not None:
            name = strength_of(better) or "the best"
            st.button(
                f"Use {name} settings",
                on_click=show_settings,
                args=(better,),
                help="Sets every control of this page, and with them the next run's augmentation.",
            )
        st.page_link("train.py", label="Compare their curves", help="Tick the runs in the table on the Training page.")
