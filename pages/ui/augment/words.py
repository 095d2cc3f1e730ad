"""Augmentation settings in words, the same on every page."""

from core.augmentation import PARAMETERS, PRESETS, AugmentationConfig, Parameter
from core.augmentation.parameters import Pair

# Unit: how a slider shows a number, in printf's words or Streamlit's.
FORMATS = {
    "degrees": "%.0f°",
    "of the width": "percent",
    "of the height": "percent",
    "of the area": "percent",
    "of the copies": "percent",
    "factor": "%.2f×",
    "pixels": "%.1f px",
    "grey levels": "%.0f",
    "JPEG quality": "%.0f",
}


def strength_of(config: AugmentationConfig) -> str | None:
    """The name of the preset that these settings are; None where they are the user's own."""
    return next((name for name, known in PRESETS.items() if known == config), None)


def augmentation_in_words(config: AugmentationConfig) -> str:
    """One line that says how copies will differ: every change that is on, with its amount."""
    changes = [_change(config, told) for name, told in PARAMETERS.items() if config.is_on(name)]
    if not changes:
        return "Copies equal their originals: no change is on."
    return f"Copies ({strength_of(config) or 'your own'} strength): {', '.join(changes)}."


def amount(value: float, unit: str) -> str:
    """A number with its unit: 0.2 "of the width" is "20%"."""
    shown = FORMATS.get(unit, "%g")
    if shown == "percent":
        return f"{100 * value:.4g}%"
    return {"factor": f"{value:g}×", "degrees": f"{value:g}°", "pixels": f"{value:g} px"}.get(unit, f"{value:g}")


def _change(config: AugmentationConfig, told: Parameter) -> str:
    label = told.label[0].lower() + told.label[1:] if told.label[1:2].islower() else told.label
    value = pair_of(config, told)
    if value:
        return f"{label} {amount(value[0], told.unit)} to {amount(value[1], told.unit)}"
    if isinstance(told.neutral, bool):
        return label
    words = "of" if told.unit == "of the copies" else "up to"
    return f"{label} {words} {amount(getattr(config, told.name), told.unit)}" + (
        " of the copies" if words == "of" else ""
    )


def pair_of(config: AugmentationConfig, told: Parameter) -> Pair | None:
    """Lowest and highest of a change that has both; None where it has one number, or nothing."""
    if told.name == "zoom_range":
        low, high = config.zoom_limits
        return round(low, 4), round(high, 4)
    value = getattr(config, told.name)
    return value if isinstance(value, tuple) else None
