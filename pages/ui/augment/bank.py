"""What each change does to the accuracy: measured once, then beside every control within a moment."""

from typing import Any

import streamlit as st

from core.augmentation import AugmentationConfig
from core.bank.measure import IMAGES, measure_bank, most_rows, most_seconds
from core.bank.predict import Predictor
from core.bank.search import Proposal, propose
from core.datasets import Dataset
from core.errors import Cancelled
from core.evaluation.words import as_percent
from core.jobs.background import SingleFlight, Task
from core.jobs.progress import Progress
from core.runs.settings import TrainingConfig
from pages.ui.augment import choice
from pages.ui.augment.confirm import confirm, confirmed
from pages.ui.augment.controls import show_settings
from pages.ui.shared.progress import AT_ONCE, follow
from pages.ui.shared.text import duration, show_error


@st.cache_resource(show_spinner=False)
def measurements() -> SingleFlight[Predictor]:
    """The measurement of this server: one at a time."""
    return SingleFlight()


@st.cache_resource(show_spinner=False)
def searches() -> SingleFlight[Proposal]:
    """The search requested last, one for all sessions."""
    return SingleFlight()


@st.cache_resource(max_entries=3, show_spinner=False)
def _measured(key: str) -> list[Predictor]:
    """What was measured, 25 MB each, shared by all sessions: empty until there is one."""
    return []


def expected_changes(data: Dataset, config: AugmentationConfig) -> dict[str, str]:
    """What each change that is on is expected to do, in words, by its name; none where nothing is measured."""
    predictor = _predictor(data, config)
    if predictor is None:
        return {}
    alone = predictor.alone(config, _training().copies)
    return {name: prediction.in_words() for name, prediction in alone.items()}


def bank(data: Dataset, config: AugmentationConfig) -> None:
    """The button that measures, and what all changes together are expected to do."""
    with st.container(border=True, key="augment_bank"):
        st.markdown("**What does each change do to the accuracy?**")
        predictor = _predictor(data, config)
        if predictor is None:
            _before(data, config)
        else:
            _outcome(data, config, predictor)
        confirmed(data)


def _before(data: Dataset, config: AugmentationConfig) -> None:
    """What will be measured and how long it takes, then the button; or how far it is."""
    task = measurements().find(_key(data, config))
    if task is not None and not task.done:
        follow(task, "You can go on using this page.", "What is complete is kept: the next time goes on there.")
        return
    if task is not None and isinstance(task.error, Cancelled):
        st.info("Stopped. What was complete is kept: the next time goes on there.")
    elif task is not None and task.error is not None:
        show_error(task.error)
    settings, training = _training(), len(data.usable("train"))
    st.markdown(
        f"Passes {min(IMAGES, training):,} of your {training:,} training images through the base model with every "
        f"change at up to three strengths: {most_rows(data):,} in all, "
        f"**about {duration(most_seconds(data, settings))}**, less where they are cached. From then on each control "
        "shows by how much it is expected to change the accuracy."
    )
    st.button(
        "Measure what each change does",
        key="augment_bank_start",
        on_click=_measure,
        args=(data, config),
        help="Runs in the background and trains nothing. It holds for this image size, fill mode and erased area.",
    )


def _outcome(data: Dataset, config: AugmentationConfig, predictor: Predictor) -> None:
    settings, measured = _training(), predictor.bank
    if config.identity:
        st.markdown("Every transformation is off. Switch one on to see its expected change beside it.")
    else:
        prediction = predictor.together(config, settings.copies)
        st.markdown(
            f"**All together: {prediction.in_words()}**, against {as_percent(predictor.accuracy)} without augmentation."
        )
    st.caption(
        f"Expected change of the validation accuracy, with its 95% CI, by ridge regression on average-pooled features "
        f"of {len(measured.labels):,} of your {measured.num_training:,} training images, with {settings.copies} "
        f"cop{'y' if settings.copies == 1 else 'ies'} of each. Below the controls: each change alone. Interpolated: "
        "between two measured strengths. Rough: the range leaves out the unchanged image, of which none was measured."
    )
    task = searches().find(f"{_key(data, config)} {settings.copies}")
    if task is not None and not task.done:
        follow(task, "Tries changes one after the other, on images that each search sees.", "Nothing is kept.")
    else:
        with st.container(horizontal=True):
            st.button(
                "Propose the best",
                key="augment_bank_propose",
                on_click=_search,
                args=(data, config, predictor),
                disabled=task is not None and task.error is None,
                help="Searches for the best settings, then says what they gain on images that the search never saw.",
            )
            proposal = task.result if task is not None else None
            confirm(data, config, predictor, settings, proposal.config if proposal else None)
        if task is not None:
            _proposal(task, config)


def _proposal(task: Task[Proposal], config: AugmentationConfig) -> None:
    if isinstance(task.error, Cancelled):
        st.info("Stopped before the search was complete.")
    elif task.error is not None:
        show_error(task.error)
    elif task.result is not None:
        st.markdown(task.result.in_words())
        if not task.result.config.identity and task.result.config != config:
            st.button(
                "Use the proposed settings",
                key="augment_bank_use",
                on_click=show_settings,
                args=(task.result.config,),
                type="secondary" if task.result.helps else "tertiary",
                help="Sets every control of this page, and with them the next run's augmentation.",
            )


def _training() -> TrainingConfig:
    """The training form's settings, with at least one copy."""
    settings = choice.training_now()
    return settings.changed(copies=max(1, settings.copies))


def _key(data: Dataset, config: AugmentationConfig) -> str:
    """Everything that a measurement depends on."""
    training = _training().model_dump_json(include={"image_size", "crop", "seed"})
    how: dict[str, Any] = config.model_dump(include={"fill_mode", "cval", "erasing_scale", "erasing_value"})
    return f"{data.root} {data.fingerprint} {training} {how}"


def _predictor(data: Dataset, config: AugmentationConfig) -> Predictor | None:
    return next(iter(_measured(_key(data, config))), None)


def _measure(data: Dataset, config: AugmentationConfig) -> None:
    key, settings = _key(data, config), _training().changed(augmentation=config)
    kept = _measured(key)

    def work(progress: Progress) -> Predictor:
        predictor = Predictor(measure_bank(data, settings, progress=progress))
        kept[:] = [predictor]
        return predictor

    measurements().submit(key, work, again=True).wait(AT_ONCE)


def _search(data: Dataset, config: AugmentationConfig, predictor: Predictor) -> None:
    copies, seed = _training().copies, _training().seed

    def work(progress: Progress) -> Proposal:
        return propose(predictor.bank, copies, seed, progress)

    searches().submit(f"{_key(data, config)} {copies}", work, again=True).wait(AT_ONCE)
