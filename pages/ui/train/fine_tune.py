"""The second stage on the Training page: its settings below a frozen run's result, and what it came from."""

from typing import Any

import streamlit as st

from core.config import help_of
from core.errors import PawlabError
from core.statistics import wilson_interval
from core.training.fine_tuning import FineTuningConfig, unfrozen_in_words
from core.training.jobs import start_run
from core.training.runs import Run
from core.training.second_stage import fine_tune_run
from pages.ui.runs import watch
from pages.ui.words import learning_rate, plain, show_error

LABELS = {"layers": "Layers to unfreeze", "epochs": "Epochs", "learning_rate": "Learning rate"}
_FAILED = "fine_tune_failed"  # session key: why the button did not do what it says
STEPS = {"layers": 1, "epochs": 1, "learning_rate": 1e-5}


def fine_tune_form(run: Run) -> None:
    """Settings and button, folded away."""
    with st.expander("Fine-tune: a second stage"):
        st.write(
            "So far only the head has learned. Now the last layers of the base may adapt to your pictures too, in "
            "small steps. It becomes a new run: this one stays, to compare with."
        )
        for column, name in zip(st.columns(3), LABELS, strict=True):
            with column:
                _control(name)
        try:
            st.caption(f"{unfrozen_in_words(_settings())} BatchNormalization stays as it is.")
        except PawlabError as error:
            show_error(error)
        if st.button(
            "Fine-tune",
            on_click=_begin,
            args=(run,),
            key="fine_tune",
            help="Starts a new run that goes on from the best epoch of this one. Waits its turn.",
        ):
            st.rerun()  # of the whole page, which watches the new run: a fragment would draw this one again
        if failed := st.session_state.pop(_FAILED, None):
            show_error(failed)


def show_fine_tuning(settings: FineTuningConfig) -> None:
    """Puts every control where `settings` has it: for callbacks."""
    for name in LABELS:
        st.session_state[_key(name)] = getattr(settings, name)


def second_stage(summary: dict[str, Any], total: int) -> None:
    """What a fine-tuned run came from, and whether it is better than that."""
    origin, settings = summary["fine_tuned_from"], summary["fine_tuning"]
    before, after = origin["val_accuracy"], summary["val_accuracy"]
    low, high = wilson_interval(round(before * total), total)
    where = "inside" if low <= after <= high else "above" if after > high else "below"
    verdict = {"inside": "inside that range, so it may be chance"}.get(where, f"{where} that range")
    kept = ""
    if summary["best_epoch"] <= origin["epochs"]:
        kept = " No epoch of the second stage had a lower validation loss, so the first stage's model is kept."
    changed = f"the last {settings['layers']} layers, learning rate {learning_rate(settings['learning_rate'])}"
    st.write(
        f"Fine-tuned from “{plain(origin['name'])}”: {changed}. Before, {before:.1%} (between {low:.1%} and "
        f"{high:.1%}); now {after:.1%}: {verdict}.{kept}"
    )


def _control(name: str) -> None:
    field = FineTuningConfig.model_fields[name]
    bounds = {key: getattr(limit, key) for limit in field.metadata for key in ("ge", "gt", "le") if hasattr(limit, key)}
    whole = field.annotation is int
    st.session_state.setdefault(_key(name), field.default)
    st.number_input(
        LABELS[name],
        min_value=bounds["ge"] if whole else 1e-7,
        max_value=int(bounds["le"]) if whole else float(bounds["le"]),
        step=STEPS[name],
        format=None if whole else "%g",
        key=_key(name),
        help=help_of(FineTuningConfig, name),
        persist_state="session",
    )


def _settings() -> FineTuningConfig:
    """What the controls say. Raises `ConfigError`."""
    return FineTuningConfig.create({name: st.session_state[_key(name)] for name in LABELS})


def _begin(run: Run) -> None:
    """Reads the controls when pressed: a value typed just before has arrived by then."""
    try:
        second = fine_tune_run(run, _settings())
        watch(second)
        start_run(second)
    except PawlabError as error:
        st.session_state[_FAILED] = error


def _key(name: str) -> str:
    return f"fine_tune_{name}"
