"""Images, settings and drawn changes for the tests of augmentation."""

from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from core.augmentation import PARAMETERS, PRESETS, AugmentationConfig, Drawn, Parameter

Image = npt.NDArray[np.uint8]
DIGEST = "ab" * 32
FILL_MODES = ["nearest", "reflect", "wrap", "constant"]
NOTHING = PRESETS["none"]
EVERYTHING = AugmentationConfig.create(
    {name: parameter.on for name, parameter in PARAMETERS.items() if parameter.has_switch}
)
# A result in whole grey levels is half a level off floats; the rest is float32 against float32 in another order.
ROUNDED = 0.501


def random_image(height: int, width: int, seed: int = 0) -> Image:
    """Like a photo: smooth light, an edge, a disc, and noise. uint8 (height, width, 3)."""
    generator = np.random.default_rng(seed)
    row, column = np.mgrid[0:height, 0:width] / max(height, width)
    a, b, c = generator.uniform(2, 9, 3)
    planes = [np.sin(a * row + b * column + phase) for phase in (0.0, 1.5, c)]
    smooth = 128 + 90 * np.stack(planes, axis=-1)
    smooth[row + column > 0.9] += 60
    smooth[(row - 0.4) ** 2 + (column - 0.3) ** 2 < 0.03] = (240, 30, 60)
    noisy = smooth + generator.normal(0, 8, smooth.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def every_colour(seed: int = 0) -> Image:
    """uint8 (64, 64, 3): all colours of a coarse cube, greys and the corners among them, in any order."""
    steps = np.linspace(0, 255, 16).round().astype(np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    return np.random.default_rng(seed).permutation(cube).reshape(64, 64, 3)


def blob(row: int, column: int, side: int = 101) -> Image:
    image = np.zeros((side, side, 3), np.uint8)
    image[row - 3 : row + 4, column - 3 : column + 4] = 255
    return image


def extent(image: Image) -> tuple[float, float, float, float]:
    """Middle row, middle column, height and width of what is bright."""
    rows, columns = np.nonzero(image[..., 0] > 100)
    return float(rows.mean()), float(columns.mean()), float(np.ptp(rows)), float(np.ptp(columns))


sides = st.integers(1, 64)


def pairs(low: float, high: float) -> st.SearchStrategy[tuple[float, float]]:
    return st.tuples(st.floats(low, high), st.floats(low, high)).map(lambda pair: (min(pair), max(pair)))


def values_of(parameter: Parameter) -> st.SearchStrategy[Any]:
    """Every value that a setting may have, from what it says of itself."""
    if parameter.name == "fill_mode":
        return st.sampled_from(FILL_MODES)
    if isinstance(parameter.neutral, bool):
        return st.booleans()
    if parameter.name == "zoom_range":
        return st.floats(0, 0.9) | pairs(parameter.lowest, parameter.highest)
    if parameter.pair:
        both = pairs(parameter.lowest, parameter.highest)
        return st.none() | both if parameter.has_switch else both
    return st.floats(parameter.lowest, parameter.highest)


configs = st.fixed_dictionaries({name: values_of(parameter) for name, parameter in PARAMETERS.items()}).map(
    AugmentationConfig.create
)

_KERAS = {
    "theta": (-180.0, 180.0),
    "tx": (-64.0, 64.0),
    "ty": (-64.0, 64.0),
    "shear": (-60.0, 60.0),
    "zx": (0.1, 3.0),
    "zy": (0.1, 3.0),
    "channel_shift_intensity": (-255.0, 255.0),
    "brightness": (0.0, 3.0),
}
_OURS = {
    "contrast": (0.0, 3.0),
    "saturation": (0.0, 3.0),
    "hue": (-180.0, 180.0),
    "blur": (0.0, 10.0),
    "noise": (0.0, 100.0),
}


@st.composite
def boxes(draw: st.DrawFn) -> tuple[float, float, float, float]:
    wide, tall, left, top = (draw(st.floats(low, 1)) for low in (0.1, 0.1, 0, 0))
    return left * (1 - wide), top * (1 - tall), wide, tall


@st.composite
def keras_changes(draw: st.DrawFn) -> Drawn:
    """What Keras' `apply_transform` knows, all at once."""
    # Four decimals: Keras and ours multiply the same matrices, but 1e-300 degrees would test floats, not images.
    values: dict[str, Any] = {name: round(draw(st.floats(low, high)), 4) for name, (low, high) in _KERAS.items()}
    values |= {name: draw(st.booleans()) for name in ("flip_horizontal", "flip_vertical")}
    return Drawn(size=(draw(sides), draw(sides)), **values)


@st.composite
def later_changes(draw: st.DrawFn) -> dict[str, Any]:
    """Fields of `Drawn` for the steps that follow Keras' `apply_transform`, any of them."""
    values: dict[str, Any] = {name: draw(st.floats(low, high)) for name, (low, high) in _OURS.items()}
    values |= {"grayscale": draw(st.booleans()), "noise_seed": draw(st.integers(0, 2**53))}
    values |= {"jpeg_quality": draw(st.integers(0, 100)), "erased": draw(st.none() | boxes())}
    return {name: values[name] for name in draw(st.sets(st.sampled_from(sorted(values))))}
