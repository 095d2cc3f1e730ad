"""The random parameters of a copy, in words."""

from core.augmentation.drawing import Drawn


def describe(drawn: Drawn) -> str:
    """One line for a caption: the steps in order, as the viewer sees them, such as "shifted 5% left".

    An amount that rounds to 0 is left out; "unchanged" when nothing is left.
    """
    return ", ".join(step for step in _geometry(drawn) + _colour(drawn) + _damage(drawn) if step) or "unchanged"


def _geometry(drawn: Drawn) -> list[str]:
    height, width = drawn.size
    wider, taller = 1 / drawn.zx - 1, 1 / drawn.zy - 1
    shown = round(100 * drawn.crop[2] * drawn.crop[3])
    return [
        f"cropped to {shown}% of the area" if shown < 100 else "",
        _step("rotated {} degree{}", drawn.theta, "anticlockwise", "clockwise"),
        _step("shifted {}%", 100 * drawn.tx / width, "left", "right"),
        _step("shifted {}%", 100 * drawn.ty / height, "up", "down"),
        _step("sheared {} degree{}", drawn.shear, "to the left", "to the right"),
        _step("{}%", 100 * wider, "wider", "narrower"),
        _step("{}%", 100 * taller, "taller", "shorter"),
    ]


def _colour(drawn: Drawn) -> list[str]:
    return [
        _step("colours shifted {} level{}", drawn.channel_shift_intensity, "up", "down"),
        "flipped horizontally" if drawn.flip_horizontal else "",
        "flipped vertically" if drawn.flip_vertical else "",
        _step("{}%", 100 * (drawn.brightness - 1), "brighter", "darker"),
        _step("{}%", 100 * (drawn.contrast - 1), "more contrast", "less contrast"),
        _step("{}%", 100 * (drawn.saturation - 1), "more saturated", "less saturated"),
        _step("hue rotated {} degree{}", drawn.hue, "from red to yellow", "from red to violet"),
        "greyscale" if drawn.grayscale else "",
    ]


def _damage(drawn: Drawn) -> list[str]:
    covered = round(100 * drawn.erased[2] * drawn.erased[3]) if drawn.erased else 0
    return [
        f"blurred by {drawn.blur:.1f} pixels" if round(drawn.blur, 1) else "",
        _step("noise of {} grey level{}", drawn.noise),
        f"JPEG quality {drawn.jpeg_quality}" if drawn.jpeg_quality else "",
        f"{covered}% erased" if covered else "",
    ]


def _step(words: str, amount: float, above: str = "", below: str = "") -> str:
    shown = round(abs(amount))
    plural = "" if shown == 1 else "s"
    return f"{words.format(shown, plural)} {above if amount > 0 else below}".rstrip() if shown else ""
