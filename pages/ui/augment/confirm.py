"""Predictions put to the test by real runs, and how both compare."""

from collections.abc import Sequence

import streamlit as st

from core.augmentation import AugmentationConfig
from core.bank.confirm import confirmations, predicted, start_confirmation
from core.bank.predict import Predictor
from core.datasets import Dataset
from core.errors import PawlabError
from core.evaluation.compare_runs import Comparison
from core.evaluation.experiment import Experiment
from core.evaluation.words import points_interval, signed_points
from core.runs.run import ACTIVE
from core.runs.settings import TrainingConfig
from core.runs.store import list_runs
from pages.ui.shared.runs import look_at, new_press, once, renew, watch
from pages.ui.shared.text import plain, show_error
from pages.ui.train.outcome import latest_experiment

_FAILED = "augment_confirm_failed"


def confirm(
    data: Dataset,
    config: AugmentationConfig,
    predictor: Predictor,
    settings: TrainingConfig,
    proposed: AugmentationConfig | None,
) -> None:
    """The button that queues a run without augmentation, one with `config` and one with `proposed`, where these change
    anything; nothing while such runs are at work."""
    latest = _latest(data)
    if latest is not None and any(look_at(run).status in ACTIVE for run in latest.runs):
        return
    policies = {"these settings": config}
    if proposed is not None and proposed != config:
        policies["proposed settings"] = proposed
    policies = {name: policy for name, policy in policies.items() if not policy.identity}
    st.button(
        "Confirm by real runs",
        key="augment_confirm",
        on_click=_start,
        args=(new_press(), data, settings, predictor, policies),
        disabled=not policies,
        help=f"Trains {len(policies) + 1} models, one after the other, with the settings of the Training page and the "
        f"same seed: without augmentation, with {' and with '.join(policies) or 'it'}. Then shows both differences.",
    )


def confirmed(data: Dataset) -> None:
    """The latest such runs on this dataset, if there are any."""
    if error := st.session_state.pop(_FAILED, None):
        show_error(error)
    latest = _latest(data)
    if latest is not None:
        latest_experiment(latest, _beside)


def _latest(data: Dataset) -> Experiment | None:
    runs = [run for run in list_runs().runs if run.source == data.source.text]
    return next(iter(confirmations(runs)), None)


def _start(
    press: str,
    data: Dataset,
    settings: TrainingConfig,
    predictor: Predictor,
    policies: dict[str, AugmentationConfig],
) -> None:
    try:
        expected = {name: (policy, predictor.together(policy, settings.copies)) for name, policy in policies.items()}
        started = once(press, lambda: start_confirmation(data, settings, expected, len(predictor.bank.labels)))
    except PawlabError as error:
        st.session_state[_FAILED] = error
        return
    watch(started.runs[0])
    renew(started.runs[0])


def _beside(experiment: Experiment, comparisons: Sequence[Comparison]) -> None:
    """The predictions beside the results, in points against the run without augmentation."""
    rows = []
    for run, real in zip(experiment.runs[1:], comparisons, strict=False):
        try:
            note = predicted(run)
        except (OSError, ValueError):
            continue
        expected = f"{signed_points(note.difference)} ({points_interval(note.low, note.high)})"
        measured = f"{signed_points(real.difference)} ({points_interval(real.low, real.high)})"
        verdict = "as predicted" if note.low <= real.difference <= note.high else "outside the prediction"
        rows.append(f"| {plain(run.name)} | {expected} | {measured}: {verdict} |")
    if rows:
        st.markdown("\n".join(["| Run | Predicted | Real |", "| --- | --- | --- |", *rows]))
