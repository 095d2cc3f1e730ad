"""Training settings in words: what a run changes of its preset, and how runs differ."""

from core.augmentation import PARAMETERS, strength_of
from core.datasets.source import DRAWN
from core.evaluation.setting_differences import AUGMENTATION
from core.runs.run import Run
from core.runs.settings import TrainingConfig, preset, preset_of
from pages.ui.augment.words import amount
from pages.ui.train.form import PRESET_WORDS, label_of

UNKNOWN = "–"


def settings_in_words(run: Run) -> str:
    """The preset and every setting that differs from it: "Fast: epochs 4, no copies"; and the second stage."""
    config = run.config
    name = preset_of(config)
    known = preset(name)
    changed = [
        _setting(field, getattr(config, field))
        for field in TrainingConfig.model_fields
        if field != "augmentation" and getattr(config, field) != getattr(known, field)
    ]
    if config.copies and config.augmentation != known.augmentation:
        changed.append(f"augmentation {strength_of(config.augmentation) or 'of your own'}")
    if run.fine_tuning:
        changed.append(f"last {run.fine_tuning.settings.layers} layers fine-tuned")
    return ": ".join(part for part in (PRESET_WORDS[name][0], ", ".join(changed)) if part)


def name_of(difference: str) -> str:
    """What to call a `core.evaluation.setting_differences.Difference`."""
    field = difference.removeprefix(AUGMENTATION)
    if field != difference:
        return f"Augmentation: {PARAMETERS[field].label.lower()}"
    if field in TrainingConfig.model_fields:
        return label_of(field)
    return difference[0].upper() + difference[1:]


def value_in_words(difference: str, value: object) -> str:
    """One of its values."""
    if value is None:
        return UNKNOWN
    field = difference.removeprefix(AUGMENTATION)
    unit = PARAMETERS[field].unit if field != difference else ""
    if isinstance(value, tuple):
        return " to ".join(amount(float(part), unit) for part in value)
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (int, float)):
        return amount(float(value), unit) if unit else f"{value:,}" if isinstance(value, int) else f"{value:g}"
    return DRAWN.get(str(value), str(value)) if difference == "dataset" else str(value)


def _setting(field: str, value: object) -> str:
    if field == "copies" and value == 0:
        return "no copies"
    label = label_of(field)
    words = label if label[:2].isupper() else label[0].lower() + label[1:]
    return words if value is True else f"{words} {value_in_words(field, value)}"
