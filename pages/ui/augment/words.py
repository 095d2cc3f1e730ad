"""Augmentation settings in words, the same on every page."""

from core.augmentation import PARAMETERS, AugmentationConfig, Parameter, strength_of
from core.augmentation.parameters import Pair

# Unit: how a slider shows a number, in printf's format or Streamlit's.
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


def augmentation_in_words(config: AugmentationConfig) -> str:
    """One line that says how copies will differ: every transformation that is on, with its amount."""
    amounts = [_in_words(config, parameter) for name, parameter in PARAMETERS.items() if config.is_on(name)]
    if not amounts:
        return "No augmentation: copies are identical to their originals."
    return f"{(strength_of(config) or 'custom').capitalize()} augmentation: {', '.join(amounts)}."


def amount(value: float, unit: str) -> str:
    """A number with its unit: 0.2 "of the width" is "20%"."""
    shown = FORMATS.get(unit, "%g")
    if shown == "percent":
        return f"{100 * value:.4g}%"
    return {"factor": f"{value:g}×", "degrees": f"{value:g}°", "pixels": f"{value:g} px"}.get(unit, f"{value:g}")


def _in_words(config: AugmentationConfig, parameter: Parameter) -> str:
    label = parameter.label[0].lower() + parameter.label[1:] if parameter.label[1:2].islower() else parameter.label
    value = pair_of(config, parameter)
    if value:
        low, high = (amount(end, parameter.unit) for end in value)
        return f"{label} {low.rstrip('%×')}–{high}"
    if isinstance(parameter.neutral, bool):
        return label
    number = amount(getattr(config, parameter.name), parameter.unit)
    return f"{label} on {number} of the copies" if parameter.unit == "of the copies" else f"{label} up to {number}"


def pair_of(config: AugmentationConfig, parameter: Parameter) -> Pair | None:
    """Lower and upper end of a parameter that has both; None where it has a single number, or none."""
    if parameter.name == "zoom_range":
        low, high = config.zoom_limits
        return round(low, 4), round(high, 4)
    value = getattr(config, parameter.name)
    return value if isinstance(value, tuple) else None
