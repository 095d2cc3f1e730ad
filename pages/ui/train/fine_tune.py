"""Fine-tuning on the Training page: its settings below the result of a first stage, and what it brought."""

from typing import Any

import streamlit as st

from core.config import help_of
from core.errors import PawlabError
from core.evaluation.intervals import wilson_interval
from core.runs.fine_tuning import FineTuningConfig, unfrozen_in_words
from core.runs.run import Run
from core.runs.start import start_run
from core.training.loop.second_stage import fine_tune_run
from pages.ui.shared.runs import new_press, once, watch
from pages.ui.shared.text import learning_rate, plain, show_error

LABELS = {"layers": "Layers to unfreeze", "epochs": "Epochs", "learning_rate": "Learning rate"}
_FAILED = "fine_tune_failed"  # session key: why the button failed
STEPS = {"layers": 1, "epochs": 1, "learning_rate": 1e-5}


def fine_tune_form(run: Run) -> None:
    """Settings and button, in an expander."""
    with st.expander("Fine-tune the base model"):
        st.write(
            "So far only the head has been trained. Fine-tuning unfreezes the last layers of the base model and adapts "
            "them to your images in small steps. It makes a new run; this one stays for comparison."
        )
        for column, name in zip(st.columns(3), LABELS, strict=True):
            with column:
                _control(name)
        try:
            st.caption(f"{unfrozen_in_words(_settings())} BatchNormalization stays frozen.")
        except PawlabError as error:
            show_error(error)
        if st.button(
            "Fine-tune",
            on_click=_begin,
            args=(run, new_press()),
            key="fine_tune",
            help="Starts a new run from the best epoch of this one. Joins the queue.",
        ):
            st.rerun()  # of the whole page, which watches the new run: a fragment would draw this one again
        if failed := st.session_state.pop(_FAILED, None):
            show_error(failed)


def show_fine_tuning(settings: FineTuningConfig) -> None:
    """Sets every control to `settings`. Call it from a callback."""
    for name in LABELS:
        st.session_state[_key(name)] = getattr(settings, name)


def second_stage(summary: dict[str, Any], total: int) -> None:
    """Which run it fine-tuned, and whether it is better than that."""
    origin, settings = summary["fine_tuned_from"], summary["fine_tuning"]
    before, after = origin["val_accuracy"], summary["val_accuracy"]
    low, high = wilson_interval(round(before * total), total)
    where = "inside" if low <= after <= high else "above" if after > high else "below"
    verdict = {"inside": "inside that interval, so the change may be chance"}.get(where, f"{where} that interval")
    note = ""
    if summary["best_epoch"] <= origin["epochs"]:
        note = " No epoch of fine-tuning lowered the validation loss, so the first stage's model is kept."
    changed = f"the last {settings['layers']} layers, learning rate {learning_rate(settings['learning_rate'])}"
    st.write(
        f"Fine-tuned from “{plain(origin['name'])}”: {changed}. Validation accuracy before: {before:.1%} "
        f"(95% CI {100 * low:.1f}–{high:.1%}); now: {after:.1%}, {verdict}.{note}"
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
    """The settings of the form. Raises `ConfigError`."""
    return FineTuningConfig.create({name: st.session_state[_key(name)] for name in LABELS})


def _begin(run: Run, press: str) -> None:
    """Reads the controls when the button is pressed: a value typed just before has arrived by then."""
    try:
        settings = _settings()
        watch(once(press, lambda: _create_and_start(run, settings)))
    except PawlabError as error:
        st.session_state[_FAILED] = error


def _create_and_start(run: Run, settings: FineTuningConfig) -> Run:
    second = fine_tune_run(run, settings)
    start_run(second)
    return second


def _key(name: str) -> str:
    return f"fine_tune_{name}"
